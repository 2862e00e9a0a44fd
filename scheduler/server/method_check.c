/*
 * check: who holds these keys or stands in line for them, and which of them changed.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "server/method.h"
#include "server/view.h"
#include "wire/reply.h"

/* At most, beside the texts: of a row, of an operation, of a change. */
#define ROW_BYTES    48
#define OP_BYTES     56
#define CHANGE_BYTES 48

/* One asked key that is not free, or changed. */
struct row {
    struct slice asked;
    struct core_check found; /* op == NULL: it is free */
    bool has_changed;        /* since the seq that was asked for, as far as is known */
    struct core_change change;
};

static int by_asked(const void *a, const void *b)
{
    const struct row *const *x = a, *const *y = b;
    int order = slice_compare((*x)->asked, (*y)->asked);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* A key that was asked twice counts once: its later rows say nothing. */
static void drop_doubles(struct row *rows, uint32_t n)
{
    struct row **order = memory_alloc(n * sizeof *order);

    for (uint32_t i = 0; i < n; i++)
        order[i] = &rows[i];
    qsort(order, n, sizeof *order, by_asked);
    for (uint32_t i = 1; i < n; i++)
        if (slice_equal(order[i - 1]->asked, order[i]->asked))
            *order[i] = (struct row){.asked = order[i]->asked};
    free(order);
}

static int by_ticket(const void *a, const void *b)
{
    const struct op *const *x = a, *const *y = b;
    return ((*x)->ticket > (*y)->ticket) - ((*x)->ticket < (*y)->ticket);
}

/* The operations of the rows, each once, in ticket order; returns how many. */
static uint32_t distinct_ops(const struct row *rows, uint32_t n, const struct op **ops)
{
    uint32_t n_ops = 0, distinct = 0;

    for (uint32_t i = 0; i < n; i++)
        if (rows[i].found.op != NULL)
            ops[n_ops++] = rows[i].found.op;
    qsort(ops, n_ops, sizeof *ops, by_ticket);
    for (uint32_t i = 0; i < n_ops; i++)
        if (distinct == 0 || ops[distinct - 1] != ops[i])
            ops[distinct++] = ops[i];
    return distinct;
}

static void put_rows(struct buf *out, const struct row *rows, uint32_t n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++)
        kept += rows[i].found.op != NULL;
    put_array(out, kept);
    for (uint32_t i = 0; i < n; i++) {
        const struct core_check *found = &rows[i].found;
        if (found->op == NULL)
            continue;
        put_array(out, 7);
        put_path(out, rows[i].asked);
        put_path(out, found->held);
        put_text(out, found->op->id);
        put_name(out, mode_name(found->mode));
        put_name(out, op_state_names[found->state]);
        put_uint(out, found->holders);
        put_uint(out, found->waiting);
    }
}

static void put_op(struct buf *out, const struct op *op)
{
    bool has_progress = op->progress.at != NULL;

    put_text(out, op->id);
    put_map(out, has_progress ? 4 : 3);
    put_name(out, "who");
    put_text(out, op->who);
    put_name(out, "why");
    put_text(out, op->why);
    put_name(out, "since");
    put_uint(out, op->state == OP_GRANTED ? op->granted_ms : op->submitted_ms);
    if (!has_progress)
        return;
    put_name(out, "progress");
    put_text(out, op->progress);
}

/* Those that changed; or those of which it is not known. */
static bool is_among(const struct row *row, bool is_known)
{
    return row->has_changed && (row->change.rev > 0) == is_known;
}

static uint32_t count_changes(const struct row *rows, uint32_t n, bool is_known)
{
    uint32_t n_among = 0;

    for (uint32_t i = 0; i < n; i++)
        n_among += is_among(&rows[i], is_known);
    return n_among;
}

static void put_since(struct buf *out, const struct row *rows, uint32_t n)
{
    put_name(out, "changed");
    put_array(out, count_changes(rows, n, true));
    for (uint32_t i = 0; i < n; i++)
        if (is_among(&rows[i], true))
            put_change(out, &rows[i].change);
    put_name(out, "uncertain");
    put_array(out, count_changes(rows, n, false));
    for (uint32_t i = 0; i < n; i++)
        if (is_among(&rows[i], false))
            put_path(out, rows[i].asked);
}

/* What a row adds to the answer. An operation is told once: it counts where it is not that of the
 * row before, so it may count too often, never too seldom. */
static size_t size_in_answer(const struct row *row, const struct op *before)
{
    const struct op *op = row->found.op;
    size_t size = 0;

    if (op != NULL)
        size += ROW_BYTES + row->asked.n + row->found.held.n + op->id.n;
    if (op != NULL && op != before)
        size += OP_BYTES + op->id.n + op->who.n + op->why.n + op->progress.n;
    if (row->has_changed)
        size += CHANGE_BYTES + row->asked.n + row->change.op.n + row->change.who.n;
    return size;
}

/* Finds the keys that are not free, or changed; returns how many keys were looked at before the
 * answer would have become too long. */
static uint32_t find_rows(struct server *server, const struct conn *conn,
                          const struct request *request, struct row *rows, uint32_t *n_rows)
{
    bool has_since = request_has(request, FIELD_SINCE);
    struct slice ns = conn->session->ns;
    size_t bytes = 0, bytes_max = method_answer_max(server);
    uint32_t done;

    for (done = 0; done < request->n_keys; done++) {
        struct row *row = &rows[*n_rows];
        *row = (struct row){.asked = request->keys[done].path};
        core_check(server->core, ns, row->asked, &row->found);
        row->has_changed =
            has_since && core_changed(server->core, ns, row->asked, request->since, &row->change);
        if (row->found.free && !row->has_changed)
            continue;
        bytes += size_in_answer(row, *n_rows > 0 ? row[-1].found.op : NULL);
        if (bytes > bytes_max && *n_rows > 0)
            break;
        (*n_rows)++;
    }
    return done;
}

void method_check(struct server *server, struct conn *conn, const struct request *request)
{
    struct row *rows = memory_alloc(request->n_keys * sizeof *rows);
    const struct op **ops = memory_alloc(request->n_keys * sizeof *ops);
    uint32_t n_rows = 0, n_ops, done = find_rows(server, conn, request, rows, &n_rows);
    bool stopped = done < request->n_keys, has_since = request_has(request, FIELD_SINCE);
    struct buf *out = method_reply(server, conn, request);

    drop_doubles(rows, n_rows);
    n_ops = distinct_ops(rows, n_rows, ops);
    put_map(out, 3 + (stopped ? 1 : 0) + (has_since ? 2 : 0));
    put_name(out, "locked");
    put_rows(out, rows, n_rows);
    put_name(out, "ops");
    put_map(out, n_ops);
    for (uint32_t i = 0; i < n_ops; i++)
        put_op(out, ops[i]);
    put_name(out, "seq");
    put_uint(out, server_seq(server));
    if (has_since)
        put_since(out, rows, n_rows);
    if (stopped) {
        put_name(out, "done");
        put_uint(out, done);
    }
    free(ops);
    free(rows);
}
