/*
 * A crash and a start: what a store would have kept goes into a new core.
 *
 * The records are the operations themselves, read through the same questions that a store's driver
 * uses; damage is done to the records, never to a core. When the new core refuses them, the story
 * goes on with the old one.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "player.h"

struct record {
    struct op from;
    struct slice ns;
    struct core_key *keys; /* NULL: none */
    uint32_t n_keys;
    uint64_t parent;                /* its ticket; 0: none */
    uint32_t n_exclusive, n_shared; /* what the new core has to find out */
};

/* What no store keeps. */
static void blot_out(struct op *from)
{
    from->ns = NULL;
    from->deadline_ms = 1;
    from->n_keys = from->n_shared = from->n_children = 99;
}

struct records {
    struct record *at;
    uint32_t n;
    uint64_t seq, ticket; /* the highest, for the damage */
};

static void read_records(struct player *p, struct records *records)
{
    struct core_stats stats;
    core_stats(p->core, &stats);
    *records = (struct records){
        .at = memory_alloc_zeroed(stats.waiting + stats.granted + stats.remembered + 1,
                                  sizeof *records->at),
        .seq = stats.seq,
        .ticket = stats.ticket,
    };
    uint64_t ticket = 0;
    for (struct op *op; (op = core_next_by_ticket(p->core, ticket)) != NULL; ticket = op->ticket) {
        struct record *record = &records->at[records->n++];
        op->driver.row_hash = op->seq * 31 + 7; /* whatever a driver notes there */
        uint32_t n = op->n_keys + op->n_shared;
        *record = (struct record){.from = *op,
                                  .ns = core_namespace_name(op->ns),
                                  .parent = op->parent == NULL ? 0 : op->parent->ticket,
                                  .n_exclusive = op->n_keys,
                                  .n_shared = op->n_shared};
        blot_out(&record->from);
        if (op->state == OP_ENDED)
            continue;
        record->keys = memory_alloc(n * sizeof *record->keys);
        record->n_keys = core_op_keys(p->core, op, 0, record->keys, n);
    }
}

static void free_records(struct records *records)
{
    for (uint32_t i = 0; i < records->n; i++)
        free(records->at[i].keys);
    free(records->at);
}

static struct record *find_record(struct records *records, char *id)
{
    for (uint32_t i = 0; id != NULL && i < records->n; i++)
        if (slice_equal(records->at[i].from.id, slice_of(id)))
            return &records->at[i];
    return &records->at[records->n]; /* a blank one: damage to it changes nothing */
}

static void drop_record(struct records *records, struct record *record)
{
    uint32_t place = (uint32_t)(record - records->at);
    if (place == records->n)
        return;
    free(record->keys);
    records->n--;
    memmove(record, record + 1, (records->n - place) * sizeof *record);
}

/* The same operation once more, as the latest. */
static void double_record(struct records *records, const struct record *record)
{
    if (record->keys == NULL)
        return;
    struct record *copy = &records->at[records->n++];
    size_t size = record->n_keys * sizeof *copy->keys;
    *copy = *record;
    copy->from.ticket = ++records->ticket;
    copy->keys = memory_alloc(size);
    memcpy(copy->keys, record->keys, size);
}

static void reverse_records(struct records *records)
{
    for (uint32_t i = 0, j = records->n; i + 1 < j; i++) {
        struct record other = records->at[--j];
        records->at[j] = records->at[i];
        records->at[i] = other;
    }
}

static void damage(struct player *p, struct records *records, struct line *line)
{
    if (line_takes(line, "without"))
        drop_record(records, find_record(records, line_take(line)));
    else if (line_takes(line, "ungranted")) {
        struct op *op = &find_record(records, line_take(line))->from;
        op->state = OP_WAITING;
        op->token = op->granted_ms = 0;
        p->n_tokens--; /* nobody was ever told */
    } else if (line_takes(line, "granted")) {
        struct op *op = &find_record(records, line_take(line))->from;
        op->state = OP_GRANTED;
        op->token = p->tokens[p->n_tokens - 1] + 1;
        op->granted_ms = op->submitted_ms;
    } else if (line_takes(line, "doubled"))
        double_record(records, find_record(records, line_take(line)));
    else if (line_takes(line, "reversed"))
        reverse_records(records);
}

static bool same_texts(const struct op *a, const struct op *b)
{
    const struct slice of_a[] = {a->id,      a->who,      a->why,     a->meta,
                                 a->payload, a->progress, a->outcome, a->why_ended},
                       of_b[] = {b->id,      b->who,      b->why,     b->meta,
                                 b->payload, b->progress, b->outcome, b->why_ended};
    for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++)
        if (!slice_equal(of_a[i], of_b[i]) ||
            (i >= 3 && (of_a[i].at == NULL) != (of_b[i].at == NULL)))
            return false;
    return true;
}

static bool same_asks(const struct op *a, const struct op *b)
{
    bool same = a->tied == b->tied && a->max_hold_ms == b->max_hold_ms &&
                a->on_change == b->on_change && a->unchanged_since == b->unchanged_since &&
                a->parent == b->parent && a->n_changed == b->n_changed;
    for (uint32_t i = 0; same && i < a->n_changed; i++)
        same = a->changed[i].rev == b->changed[i].rev &&
               slice_equal(a->changed[i].key, b->changed[i].key) &&
               slice_equal(a->changed[i].op, b->changed[i].op);
    return same;
}

static bool same_record(const struct record *record, const struct op *b)
{
    const struct op *a = &record->from;
    return a->ticket == b->ticket && a->seq == b->seq && a->token == b->token &&
           a->session == b->session && a->claimed_by == b->claimed_by && a->state == b->state &&
           a->end == b->end && a->detached == b->detached && a->wait_ms == b->wait_ms &&
           a->lease_ms == b->lease_ms && a->claim_in_ms == b->claim_in_ms &&
           a->submitted_ms == b->submitted_ms && a->granted_ms == b->granted_ms &&
           a->ended_ms == b->ended_ms && a->content[0] == b->content[0] &&
           a->content[1] == b->content[1] && record->n_exclusive == b->n_keys &&
           record->n_shared == b->n_shared && a->driver.row_hash == b->driver.row_hash &&
           (b->state != OP_ENDED || b->deadline_ms == CORE_FOREVER) &&
           slice_equal(record->ns, core_namespace_name(b->ns)) && same_texts(a, b) &&
           same_asks(a, b);
}

/* Rows name a parent by its ticket. */
static bool find_parent(struct core *core, struct record *record)
{
    record->from.parent = NULL;
    if (record->parent == 0)
        return true;
    record->from.parent = core_next_by_ticket(core, record->parent - 1);
    return record->from.parent != NULL && record->from.parent->ticket == record->parent;
}

/* NULL: the records were refused. */
static struct core *recover(struct player *p, struct records *records)
{
    struct core *core = core_create(&p->config);
    for (uint32_t i = 0; i < records->n; i++) {
        struct record *record = &records->at[i];
        struct op *op = NULL;
        if (find_parent(core, record))
            op = core_recover_op(core, record->ns, &record->from, record->keys, record->n_keys,
                                 p->now_ms);
        if (op == NULL) {
            core_destroy(core);
            return NULL;
        }
        if (!same_record(record, op))
            fprintf(p->out, "! %.*s came back otherwise\n", (int)op->id.n, op->id.at);
    }
    return core;
}

void restart(struct player *p, struct line *line)
{
    struct core_stats stats;
    struct records records;
    core_stats(p->core, &stats);
    read_records(p, &records);
    damage(p, &records, line);
    /* Another key: the layout of the hash tables must not decide anything. */
    p->config.hash_key.k0 = p->config.hash_key.k0 * 6364136223846793005ULL + 1;
    p->config.epoch = stats.epoch + 1;
    p->config.seq = stats.seq;
    p->config.ticket = records.ticket;
    struct core *core = recover(p, &records);
    free_records(&records);
    if (core == NULL) {
        fputs("    damaged\n", p->out);
        return;
    }
    core_destroy(p->core);
    p->core = core;
    struct outcome out;
    if (!core_recover_finish(core, p->now_ms, PLAYER_WALL_START + (uint64_t)p->now_ms, &out))
        fputs("! two came back with one token\n", p->out);
    words_status(p, &out);
    audit_grants(p, &out);
    words_effects(p, &out, "restart");
    audit_state(p);
}
