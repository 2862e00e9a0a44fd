/*
 * What is known of changes: all of them, as the rules name them; and of how many keys, those above
 * counted in, the latest change is remembered.
 */
#include <string.h>

#include "core_model_rules.h"

uint64_t model_revision(const struct model *m, uint8_t ns, uint8_t path)
{
    uint64_t latest = 0;
    for (uint32_t i = 0; i < m->n_changes; i++)
        if (m->changes[i].ns == ns && m->changes[i].seq > latest &&
            model_overlap(m->changes[i].path, path))
            latest = m->changes[i].seq;
    return latest > m->floor ? latest : 0;
}

bool model_changed(const struct model *m, uint8_t ns, uint8_t path, uint64_t since)
{
    return since < m->floor || model_revision(m, ns, path) > since;
}

bool model_any_changed(const struct model *m, const struct model_op *op)
{
    for (uint32_t i = 0; i < op->n_keys; i++)
        if (model_changed(m, op->ns, op->keys[i].path, op->unchanged_since))
            return true;
    return false;
}

/* That the first `n` bytes of a path are the key that changed last. */
static void note(struct model *m, uint8_t ns, const char *path, size_t n)
{
    uint32_t i = 0;
    while (i < m->n_noted &&
           !(m->noted[i].ns == ns && m->noted[i].n == n && memcmp(m->noted[i].path, path, n) == 0))
        i++;
    m->n_noted += i == m->n_noted;
    m->noted[i].ns = ns;
    m->noted[i].path = path;
    m->noted[i].n = n;
    m->noted[i].seq = m->seq;
}

/* At the latest seq. What adds nothing is not claimed, but its change is that of the key above. */
void model_note_change(struct model *m, uint8_t ns, uint8_t path)
{
    const char *text = model_paths[path];
    if (m->n_changes < MODEL_CHANGES) {
        m->changes[m->n_changes].ns = ns;
        m->changes[m->n_changes].path = path;
        m->changes[m->n_changes++].seq = m->seq;
    }
    note(m, ns, text, 0);
    for (size_t n = 1; n <= strlen(text); n++)
        if (text[n] == '/' || text[n] == '\0')
            note(m, ns, text, n);
}

void model_forget_changes(struct model *m)
{
    while (m->n_noted > m->noted_max) {
        uint32_t oldest = 0;
        for (uint32_t i = 1; i < m->n_noted; i++)
            if (m->noted[i].seq < m->noted[oldest].seq)
                oldest = i;
        m->floor = m->noted[oldest].seq;
        m->noted[oldest] = m->noted[--m->n_noted];
    }
}
