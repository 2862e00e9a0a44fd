#include "core/op.h"

#include <assert.h>

void ops_init(struct ops *ops, struct slab *slab)
{
    pool_init(&ops->pool, sizeof(struct core_op));
    table_init(&ops->by_id);
    ops->slab = slab;
}

void ops_finish(struct ops *ops)
{
    table_finish(&ops->by_id);
    pool_finish(&ops->pool);
}

struct core_op *ops_find(const struct ops *ops, const struct core_namespace *ns, struct slice id,
                         uint32_t hash)
{
    struct table_search search = table_search(&ops->by_id, hash);
    uint32_t number;

    while ((number = table_next(&ops->by_id, &search)) != 0) {
        struct core_op *op = op_at(ops, number);
        if (op->op.ns == ns && slice_equal(op->op.id, id))
            return op;
    }
    return NULL;
}

static struct slice put(char **at, struct slice text)
{
    struct slice copy = {*at, text.n};

    if (text.n > 0)
        memcpy(*at, text.at, text.n);
    *at += text.n;
    return copy;
}

struct core_op *ops_add(struct ops *ops, struct core_namespace *ns, struct slice id, uint32_t hash,
                        struct slice who, struct slice why)
{
    uint32_t number = pool_take(&ops->pool);
    struct core_op *op = op_at(ops, number);
    char *at;

    memset(op, 0, sizeof *op);
    op->number = number;
    op->text_bytes = id.n + who.n + why.n;
    op->text = at = slab_alloc(ops->slab, op->text_bytes);
    op->op.ns = ns;
    op->op.id = put(&at, id);
    op->op.who = put(&at, who);
    op->op.why = put(&at, why);
    op->hash = hash;
    table_add(&ops->by_id, number, op->hash);
    return op;
}

void ops_remove(struct ops *ops, struct core_op *op)
{
    table_remove(&ops->by_id, op->number, op->hash);
}

static void free_text(struct ops *ops, struct slice text)
{
    slab_free(ops->slab, (void *)(uintptr_t)text.at, text.n);
}

void ops_free(struct ops *ops, struct core_op *op)
{
    op_drop_load(ops, op);
    slab_free(ops->slab, (void *)(uintptr_t)op->op.changed, op->changed_bytes);
    free_text(ops, op->op.progress);
    free_text(ops, op->op.outcome);
    free_text(ops, op->op.why_ended);
    slab_free(ops->slab, op->text, op->text_bytes);
    pool_give(&ops->pool, op->number);
}

void op_set_text(struct ops *ops, struct slice *text, struct slice to)
{
    struct slice copy = {NULL, 0};

    if (to.at != NULL) {
        char *at = slab_alloc(ops->slab, to.n);
        copy = put(&at, to);
    }
    free_text(ops, *text);
    *text = copy;
}

void op_set_changes(struct ops *ops, struct core_op *op, const struct core_change *changes,
                    uint32_t n)
{
    struct core_change *copies;
    char *at;

    assert(op->op.changed == NULL);
    if (n == 0)
        return;
    op->changed_bytes = n * sizeof *copies;
    for (uint32_t i = 0; i < n; i++)
        op->changed_bytes += changes[i].key.n + changes[i].op.n + changes[i].who.n;
    copies = slab_alloc(ops->slab, op->changed_bytes);
    at = (char *)(copies + n);
    for (uint32_t i = 0; i < n; i++) {
        copies[i].rev = changes[i].rev;
        copies[i].key = put(&at, changes[i].key);
        copies[i].op = put(&at, changes[i].op);
        copies[i].who = put(&at, changes[i].who);
    }
    op->op.changed = copies;
    op->op.n_changed = n;
}

void op_drop_load(struct ops *ops, struct core_op *op)
{
    slab_free(ops->slab, op->claims, op->load_bytes);
    op->claims = NULL;
    op->exclusive_from = NULL;
    op->load_bytes = 0;
    op->n_claims = op->n_named = op->n_blocked = 0;
    op->op.n_keys = op->op.n_shared = 0;
    op->op.meta = op->op.payload = (struct slice){NULL, 0};
}
