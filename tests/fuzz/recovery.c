/*
 * Rows with anything in their columns, handed to recovery: refused as damaged, or recovered to a
 * daemon that lives on: it is consistent, answers every question, ends every operation, and what
 * it writes is recovered again.
 *
 * An input is a list of rows as the daemon writes them, and of columns that are other than so.
 */
#include <stdio.h>

#include "daemon.h"
#include "hear.h"
#include "say.h"
#include "server/state.h"

#define ROWS_MAX     24
#define SESSIONS_MAX 4
#define LOOKED_AT    12 /* operations */
#define TICKS        40

static const char *const texts[] = {"",     "default", "other",        "a", "b", "op", "12", "é",
                                    "\xff", "\xc0",    "\x81\xa1k\x01"};
static const char *const keys[] = {
    "[\"a\"]",    "[\"a/b\"]", "[\"b\"]",           "[\"\"]",       "[\"a/b\",\"b/c\"]",
    "[\"a/c\"]",  "[\"b/c\"]", "[\"a\",\"b\"]",     "[]",           "[\"a/b/c/d/e/f/g/h\"]",
    "[\"a//b\"]", "[\"/\"]",   "[\"b\",\"a/%2F\"]", "[\"\\u0001\"]"};

/* --- making rows ----------------------------------------------------------------------------- */

static int64_t draw_number(struct input *input)
{
    static const int64_t numbers[] = {-1,        -2,      INT64_MAX, INT64_MIN, 1LL << 53,
                                      1LL << 32, 1 << 21, 3600000,   INT32_MAX, INT64_MAX - 1};
    uint32_t which = input_below(input, 64);

    if (which < sizeof numbers / sizeof *numbers)
        return numbers[which];
    return which < 12 ? (int64_t)input_number(input) : (int64_t)which - 12;
}

static struct slice draw_text(struct input *input, const char *const *among, uint32_t n)
{
    uint32_t which = input_below(input, n + 2);

    if (which < n)
        return slice_of(among[which]);
    return which == n ? (struct slice){0} : input_slice(input, input_byte(input));
}
#define DRAW_TEXT(input, among) draw_text(input, among, sizeof(among) / sizeof *(among))

/* One column is as the input wants it. */
static void change_column(struct input *input, struct store_op *op)
{
#define AT(name) &op->name,
#define NOTHING(name)
    int64_t *numbers[] = {STORE_OP_COLUMNS(AT, NOTHING, NOTHING)};
    struct slice *slices[] = {STORE_OP_COLUMNS(NOTHING, AT, AT)};
#undef NOTHING
#undef AT
    uint32_t n_numbers = sizeof numbers / sizeof *numbers;
    uint32_t which = input_below(input, n_numbers + sizeof slices / sizeof *slices);

    if (which < n_numbers) {
        *numbers[which] = draw_number(input);
        return;
    }
    which -= n_numbers;
    if (slices[which] == &op->keys || slices[which] == &op->shared)
        *slices[which] = DRAW_TEXT(input, keys);
    else
        *slices[which] = DRAW_TEXT(input, texts);
}

/* The row with this number: as a daemon could have written it, but for some columns. */
static void draw_op(struct input *input, int64_t number, struct store_op *op)
{
    static char ids[ROWS_MAX + 1][8];
    uint32_t form = input_byte(input), which = input_byte(input);

    snprintf(ids[number], sizeof ids[number], "op%d", (int)number);
    *op = (struct store_op){
        .ticket = number,
        .ns = SLICE("default"),
        .id = slice_of(ids[number]),
        .session = 1,
        .detached = form >> 2 & 1,
        .wait_ms = -1,
        .claim_in_ms = -1,
        .who = SLICE("me"),
        .why = SLICE("why"),
        .submitted_ms = 1,
        .content = SLICE("sixteen bytes ok"),
        .parent = (form >> 3 & 3) == 3 ? number - 1 : 0,
        .seq = number,
        .state = form & 3,
        .lease_ms = form >> 2 & 1 ? 1000 : 0,
        .tied = form >> 7,
        .claimed_by = form >> 7,
    };
    op->state = op->state == 3 ? OP_GRANTED : op->state;
    op->token = op->state == OP_GRANTED ? (1LL << 32) + number : 0;
    op->granted_ms = op->state == OP_GRANTED;
    op->ending = op->state == OP_ENDED ? END_RELEASED : END_NONE;
    if (op->state != OP_ENDED)
        *((form >> 5 & 1) != 0 ? &op->shared : &op->keys) = slice_of(keys[which % 8]);
    for (uint32_t n = which >> 6; n > 0; n--)
        change_column(input, op);
}

static void draw_session(struct input *input, uint64_t number, struct store_session *session)
{
    uint32_t form = input_byte(input);

    *session = (struct store_session){number, 10000, SLICE("default"),
                                      SLICE("0123456789abcdef0123456789abcdef"), SLICE("uid:1")};
    if ((form & 3) == 0)
        session->id = (uint64_t)draw_number(input);
    if ((form >> 2 & 3) == 0)
        session->grace_ms = (uint64_t)draw_number(input);
    if ((form >> 4 & 3) == 0)
        session->ns = DRAW_TEXT(input, texts);
    if (form >> 6 == 0)
        session->secret = DRAW_TEXT(input, texts);
}

/* --- handing them over ----------------------------------------------------------------------- */

static struct rows {
    struct store_meta meta;
    struct store_session sessions[SESSIONS_MAX];
    struct store_op ops[ROWS_MAX];
    uint32_t n_sessions, n_ops;
} rows;

static void draw_rows(struct input *input, struct daemon *daemon)
{
    uint32_t form = input_byte(input);

    rows = (struct rows){.meta = {.epoch = 1, .seq = 1000, .ticket = 500}, .n_sessions = form & 3};
    if (form & 4)
        rows.meta.epoch = (uint64_t)draw_number(input);
    if (form & 8)
        rows.meta.seq = (uint64_t)draw_number(input);
    if (form & 16)
        rows.meta.ticket = (uint64_t)draw_number(input);
    daemon->records_max = form >> 5;
    for (uint32_t i = 0; i < rows.n_sessions; i++)
        draw_session(input, i + 1, &rows.sessions[i]);
    for (; rows.n_ops < ROWS_MAX && !input_is_over(input); rows.n_ops++)
        draw_op(input, rows.n_ops + 1, &rows.ops[rows.n_ops]);
}

/* In the order in which they were drawn, also where that is none. */
static struct store_result open_rows(struct store *store, const struct store_recovery *recovery,
                                     struct store_meta *meta)
{
    (void)store;
    *meta = rows.meta;
    for (uint32_t i = 0; i < rows.n_sessions; i++)
        if (!recovery->on_session(recovery->context, &rows.sessions[i]))
            return (struct store_result){STORE_DAMAGED, "a session was refused"};
    for (uint32_t i = 0; i < rows.n_ops; i++)
        if (!recovery->on_op(recovery->context, &rows.ops[i]))
            return (struct store_result){STORE_DAMAGED, "an operation was refused"};
    return (struct store_result){.status = STORE_OK};
}

/* They lie in the store too, for the commits to come. */
static void keep_rows(struct fake_store *store)
{
    struct store_op_record ops[ROWS_MAX];
    struct store_session_record sessions[SESSIONS_MAX];
    struct store_batch batch = {rows.meta, ops, rows.n_ops, sessions, rows.n_sessions};

    for (uint32_t i = 0; i < rows.n_ops; i++)
        ops[i] = (struct store_op_record){STORE_PUT, rows.ops[i]};
    for (uint32_t i = 0; i < rows.n_sessions; i++)
        sessions[i] = (struct store_session_record){STORE_PUT, rows.sessions[i]};
    fake_store_apply(store, &batch);
    rows.meta.hash = store->meta.hash = store->sum;
    store->wrong[0] = '\0';
}

static bool start(struct daemon *daemon)
{
    const struct store_interface *usual = daemon->store.base.is;
    struct store_interface with_rows = *usual;
    bool is_taken;

    keep_rows(&daemon->store);
    with_rows.open = open_rows;
    daemon->store.base.is = &with_rows;
    is_taken = daemon_start(daemon);
    daemon->store.base.is = usual;
    return is_taken;
}

/* --- living with them ------------------------------------------------------------------------ */

static void ask(struct daemon *daemon, struct line *line, enum wire_method method,
                const struct op *op)
{
    struct say say;

    if (!say_begin(&say, daemon, line, method))
        return;
    if (op != NULL)
        say_text(&say, "op", op->id);
    if (method == METHOD_WAIT)
        say_number(&say, "timeout", 0);
    if (method == METHOD_KILL)
        say_text(&say, "why", SLICE("the end"));
    if (method == METHOD_CHECK)
        say_keys(&say, "keys", SLICE("a"));
    say_end(&say);
}

/* Everything that can be asked about an operation, and the end of some. */
static void look_at(struct daemon *daemon, const struct op *op, bool ends_it)
{
    struct line *line = daemon_connect(daemon, 0, 0, true);
    struct say say;

    if (say_begin(&say, daemon, line, METHOD_HELLO)) {
        say_text(&say, "namespace", core_namespace_name(op->ns));
        say_end(&say);
    }
    ask(daemon, line, METHOD_STATS, NULL);
    ask(daemon, line, METHOD_STATUS, op);
    ask(daemon, line, METHOD_EXPLAIN, op);
    ask(daemon, line, METHOD_LIST, NULL);
    ask(daemon, line, METHOD_CHECK, NULL);
    ask(daemon, line, METHOD_WAIT, op);
    ask(daemon, line, METHOD_CLAIM, op);
    if (ends_it)
        ask(daemon, line, METHOD_KILL, op);
    daemon_rest(daemon);
    MUST(line->conn != NULL);
    hear_all_answered(line);
    daemon_close(daemon, line);
}

static void live_on(struct daemon *daemon, bool ends_them)
{
    uint64_t ticket = 0;

    for (int i = 0; i < LOOKED_AT; i++) {
        const struct op *op = core_next_by_ticket(daemon->server->core, ticket);
        if (op == NULL)
            break;
        ticket = op->ticket;
        look_at(daemon, op, ends_them);
    }
    for (int i = 0; i < TICKS; i++) {
        int64_t next_ms = daemon_next_deadline(daemon);
        if (next_ms == INT64_MAX)
            break;
        daemon->now_ms = next_ms > daemon->now_ms ? next_ms : daemon->now_ms;
        daemon_rest(daemon);
    }
    daemon_agree(daemon);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input input = {bytes, bytes + n};
    struct daemon daemon;
    bool ends_them = input_bool(&input);

    daemon_init(&daemon);
    draw_rows(&input, &daemon);
    if (start(&daemon)) {
        daemon_agree(&daemon);
        live_on(&daemon, ends_them);
        daemon_die(&daemon);
        MUST(daemon_start(&daemon));
    }
    daemon_finish(&daemon);
    return 0;
}
