#include "player.h"

static const char *const end_names[] = {"ended by nothing",
#define WORDS_END(name, wire) wire,
                                        CORE_END_LIST(WORDS_END)
#undef WORDS_END
};

static const char *const status_names[] = {"ok",
#define WORDS_STATUS(name, wire, text) wire,
                                           LOCKQ_STATUS_LIST(WORDS_STATUS)
#undef WORDS_STATUS
};

static void words_slice(struct player *p, struct slice s)
{
    fwrite(s.at, 1, s.n, p->out);
}

/* Whether it is one byte many times: those are told as they are written in a story. */
static bool is_monotone(struct slice s)
{
    uint32_t i = 1;
    while (i < s.n && s.at[i] == s.at[0])
        i++;
    return s.n > 16 && i == s.n;
}

static void words_field(struct player *p, const char *name, struct slice s)
{
    if (s.at == NULL || s.n == 0)
        return;
    if (is_monotone(s))
        fprintf(p->out, " %s %c*%u", name, s.at[0], s.n);
    else
        fprintf(p->out, " %s %.*s", name, (int)s.n, s.at);
}

void words_key(struct player *p, struct slice path, enum mode mode)
{
    if (path.n == 0)
        path = SLICE("/");
    words_slice(p, path);
    fputs(mode == MODE_X ? ":x" : mode == MODE_S ? ":s" : ":?", p->out);
}

void words_status(struct player *p, const struct outcome *out)
{
    if (out->status == LOCKQ_OK)
        return;
    fprintf(p->out, "    error %s", status_names[out->status]);
    if (out->status == LOCKQ_OVER_LIMIT)
        fprintf(p->out, " %s %llu", out->limit, (unsigned long long)out->limit_value);
    fputc('\n', p->out);
}

void words_ahead(struct player *p, const struct ahead *ahead)
{
    fprintf(p->out, "ahead %u%s (", ahead->count, ahead->more ? " or more" : "");
    for (uint32_t i = 0; i < ahead->shown; i++) {
        if (i > 0)
            fputs(", ", p->out);
        words_slice(p, ahead->blockers[i].op->id);
    }
    fputc(')', p->out);
}

void words_changes(struct player *p, const struct core_change *changes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        fputs(i == 0 ? "(" : ", ", p->out);
        words_slice(p, changes[i].key.n == 0 ? SLICE("/") : changes[i].key);
        if (changes[i].rev == 0)
            fputs(" unknown", p->out);
        else
            fprintf(p->out, " %llu by %.*s", (unsigned long long)changes[i].rev,
                    (int)changes[i].op.n, changes[i].op.at);
    }
    fputc(')', p->out);
}

void words_left_out(struct player *p, const struct outcome *out)
{
    fprintf(p->out, "%s ", out->end == END_NONE ? "extension refused" : end_names[out->end]);
    if (out->end == END_STALE) {
        words_changes(p, out->changes, out->n_changes);
    } else if (out->end == END_DEADLOCK) {
        for (uint32_t i = 0; i < out->ahead.shown; i++) {
            fputs(i == 0 ? "(" : ", ", p->out);
            words_slice(p, out->ahead.blockers[i].op->id);
            fputc(' ', p->out);
            words_key(p, out->ahead.blockers[i].key, out->ahead.blockers[i].mode);
        }
        fputc(')', p->out);
    } else {
        words_ahead(p, &out->ahead);
    }
    fputc('\n', p->out);
}

static void words_token(struct player *p, uint64_t token)
{
    for (uint32_t i = 0; i < p->n_tokens; i++)
        if (p->tokens[i] == token) {
            fprintf(p->out, " token %u", i + 1);
            return;
        }
    fprintf(p->out, " token unknown");
}

static void words_deadline(struct player *p, const struct op *op, const char *what)
{
    if (op->deadline_ms != CORE_FOREVER)
        fprintf(p->out, ", %s in %lld", what, (long long)(op->deadline_ms - p->now_ms));
}

void words_state(struct player *p, const struct op *op)
{
    if (op->state == OP_WAITING) {
        struct ahead ahead;
        core_ahead(p->core, op, &ahead);
        fputs("waiting ", p->out);
        words_ahead(p, &ahead);
        words_deadline(p, op, "times out");
    } else if (op->state == OP_GRANTED) {
        fputs("granted", p->out);
        words_token(p, op->token);
        words_deadline(p, op, "expires");
    } else
        fputs(end_names[op->end], p->out);
    if (op->n_changed > 0 && (op->state == OP_GRANTED || op->end == END_STALE)) {
        fputs(", changed ", p->out);
        words_changes(p, op->changed, op->n_changed);
    }
}

static bool granted_too(const struct outcome *out, uint32_t submitted)
{
    for (uint32_t i = submitted + 1; i < out->n_effects; i++)
        if (out->effects[i].type == EFFECT_GRANTED &&
            out->effects[i].op == out->effects[submitted].op)
            return true;
    return false;
}

static void words_changed(struct player *p, const struct outcome *out, const struct op *op,
                          const char *verb)
{
    /* claimed, renewed, extended; released: gave keys back */
    fprintf(p->out, "%s", strcmp(verb, "release") == 0 ? "keeps the rest" : verb);
    if (strcmp(verb, "release") != 0)
        fputs(verb[strlen(verb) - 1] == 'e' ? "d" : "ed", p->out);
    words_deadline(p, op, "expires");
    if (strcmp(verb, "claim") == 0)
        words_field(p, "payload", op->payload);
    if (out->contended)
        fputs(", contended", p->out);
}

static void words_effect(struct player *p, const struct outcome *out, const struct effect *effect,
                         const char *verb)
{
    fputs("    ", p->out);
    words_slice(p, effect->op->id);
    fputc(' ', p->out);
    if (effect->type == EFFECT_CHANGED)
        words_changed(p, out, effect->op, verb);
    else if (effect->type == EFFECT_FORGOTTEN)
        fputs("forgotten", p->out);
    else if (effect->type == EFFECT_CONTENDED)
        fputs("contended", p->out);
    else
        words_state(p, effect->op);
    fputc('\n', p->out);
}

void words_effects(struct player *p, const struct outcome *out, const char *verb)
{
    if (out->status == LOCKQ_OK && out->repeated && out->op != NULL) {
        fputs("    ", p->out);
        words_slice(p, out->op->id);
        fputs(" again: ", p->out);
        words_state(p, out->op);
        if (strcmp(verb, "claim") == 0)
            words_field(p, "payload", out->op->payload);
        fputc('\n', p->out);
    }
    for (uint32_t i = 0; i < out->n_effects; i++)
        if (out->effects[i].type != EFFECT_PASSED &&
            (out->effects[i].type != EFFECT_SUBMITTED || !granted_too(out, i)))
            words_effect(p, out, &out->effects[i], verb);
}

void words_op(struct player *p, const struct op *op)
{
    fputs("    ", p->out);
    words_slice(p, op->id);
    fputc(' ', p->out);
    words_state(p, op);
    fprintf(p->out, ", ticket %llu, of %c", (unsigned long long)op->ticket,
            (char)('A' + op->session - 1));
    if (op->claimed_by != 0)
        fprintf(p->out, ", %s %c", op->tied ? "tied to" : "claimed by",
                (char)('A' + op->claimed_by - 1));
    if (op->parent != NULL)
        fprintf(p->out, ", under %.*s", (int)op->parent->id.n, op->parent->id.at);
    if (op->n_children > 0)
        fprintf(p->out, ", %u children", op->n_children);
    fprintf(p->out, ", %u exclusive, %u shared", op->n_keys, op->n_shared);
    words_field(p, "who", op->who);
    words_field(p, "why", op->why);
    words_field(p, "meta", op->meta);
    words_field(p, "payload", op->payload);
    words_field(p, "progress", op->progress);
    words_field(p, "outcome", op->outcome);
    words_field(p, "why_ended", op->why_ended);
    fputc('\n', p->out);
}
