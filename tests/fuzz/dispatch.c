/*
 * A daemon and its clients, as the input wants them: requests on several lines, cut into pieces,
 * bytes that are none, time that passes, commits that complete or are lost in a crash, lines that
 * close or read nothing. hear.h and daemon.h say what must hold all the time.
 *
 * When the input is over everything must come to rest: each request is answered once, a daemon
 * started on what is stored agrees, and when all operations are ended nothing is left.
 */
#include "daemon.h"
#include "hear.h"
#include "say.h"
#include "server/state.h"
#include "server/step.h"

#define STEPS_MAX 400
#define LONG_MS   4000000 /* beyond every grace, lease and waiting time that may be asked for */

/* Small ones, so that few bytes meet them. */
static void lower_limits(struct server_limits *limits)
{
    limits->message = 300;
    limits->path = 12;
    limits->segments = 3;
    limits->keys = 4;
    limits->keys_per_check = 3;
    limits->key_text = 16;
    limits->payload = 8;
    limits->meta = 6;
    limits->text = 8;
    limits->live_ops = 6;
    limits->live_ops_per_session = 4;
    limits->live_claims = 24;
    limits->live_bytes = 12;
    limits->namespaces = 1;
    limits->remembered = 3;
    limits->remembered_ms = 2000;
    limits->changed_keys = 3;
    limits->generations = 2;
    limits->connections = 3;
    limits->output = 600;
    limits->buffers = 2000;
    limits->pending = 2;
    limits->lingering = 1;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void pass_time(struct daemon *daemon, struct input *input)
{
    static const int64_t durations[] = {0,   1,    9,    10,    99,    100,
                                        500, 1000, 5000, 10000, 20000, 100000};
    uint32_t which = input_below(input, 16);

    if (which < sizeof durations / sizeof *durations) {
        daemon->now_ms += durations[which];
    } else {
        int64_t next_ms = daemon_next_deadline(daemon);
        if (next_ms != INT64_MAX && next_ms > daemon->now_ms)
            daemon->now_ms = next_ms - (which == 15);
    }
}

/* What is on its way may be there or not. */
static void crash(struct daemon *daemon, bool is_written)
{
    if (is_written && daemon->committing != NULL)
        fake_store_apply(&daemon->store, daemon->committing);
    daemon_die(daemon);
    if (!daemon_start(daemon))
        OBJECT("it does not start again");
}

/* SIGTERM: what was said is answered, and then it ends. */
static void stop(struct daemon *daemon)
{
    server_begin_stop(daemon->server);
    daemon_rest(daemon);
    crash(daemon, false);
}

static void say_raw(struct line *line, struct input *input)
{
    if (line->conn == NULL)
        return;
    line->is_raw = true;
    buf_append_slice(&line->said, input_slice(input, input_byte(input)));
}

static void act_seldom(struct daemon *daemon, struct line *line, struct input *input)
{
    uint32_t what = input_below(input, 8);

    switch (what) {
    case 0:
    case 1:
        crash(daemon, what == 1);
        break;
    case 2:
        daemon->store.is_low = !daemon->store.is_low;
        break;
    case 3:
        line->is_deaf = !line->is_deaf && line->conn != NULL;
        break;
    case 4:
        say_raw(line, input);
        break;
    case 5:
        daemon_rest(daemon);
        daemon_agree(daemon);
        break;
    case 6:
        stop(daemon);
        break;
    default:
        daemon_close(daemon, line);
    }
}

static void act(struct daemon *daemon, struct input *input)
{
    uint32_t what = input_byte(input);
    uint32_t place = what >> 6;
    struct line *line = &daemon->lines[place];

    if (line->conn == NULL && server_has_room(daemon->server))
        daemon_connect(daemon, place, place == 0 ? 0 : 1000 + place, place != 3);
    switch (what & 15) {
    default:
        say_drawn(daemon, line, input);
        if ((what & 16) == 0)
            daemon_read(daemon, line, SIZE_MAX);
        break;
    case 10:
        daemon_read(daemon, line, input_byte(input));
        return;
    case 11:
        break;
    case 12:
        daemon_commit(daemon);
        break;
    case 13:
        pass_time(daemon, input);
        break;
    case 14:
        daemon_rest(daemon);
        return;
    case 15:
        act_seldom(daemon, line, input);
        return;
    }
    if ((what & 32) == 0)
        daemon_turn(daemon);
}

/* --- the end --------------------------------------------------------------------------------- */

/* Everybody reads; what is cut off then did not read before. */
static void hear_everything(struct daemon *daemon)
{
    for (int i = 0; i < DAEMON_LINES; i++)
        daemon->lines[i].is_deaf = false;
    daemon->store.is_low = false;
    daemon_rest(daemon);
}

/* As an admin would, but in all namespaces. */
static void end_all(struct daemon *daemon)
{
    struct server *server = daemon->server;
    uint64_t ticket = 0;

    server_set_time(server, daemon->now_ms, server->wall_ms);
    for (struct op *op; (op = core_next_by_ticket(server->core, ticket)) != NULL;) {
        struct event event = {.type = EVENT_KILL,
                              .ns = core_namespace_name(op->ns),
                              .op = op->id,
                              .reason = SLICE("the end")};
        ticket = op->ticket;
        if (op->state == OP_ENDED)
            continue;
        step(server, &event, NULL);
        MUST(server->outcome.status == LOCKQ_OK);
        step_settle(server);
    }
    daemon_rest(daemon);
}

static void must_be_empty(const struct daemon *daemon)
{
    const struct server *server = daemon->server;
    struct core_stats stats;

    core_stats(server->core, &stats);
    MUST(stats.waiting == 0 && stats.granted == 0 && stats.claims == 0 && stats.keys == 0);
    MUST(stats.namespaces == 0 && stats.live_bytes == 0);
    MUST(server->sessions.n == 0 && server->sessions.lingering == 0);
    MUST(daemon->store.n_sessions == 0);
    MUST(server->conns.n == 0 && server->conns.bytes == 0);
}

static void come_to_rest(struct daemon *daemon)
{
    hear_everything(daemon);
    daemon_agree(daemon);
    end_all(daemon);
    for (int i = 0; i < DAEMON_LINES; i++) {
        if (daemon->lines[i].conn != NULL && !daemon->lines[i].is_raw)
            hear_all_answered(&daemon->lines[i]);
        daemon_close(daemon, &daemon->lines[i]);
    }
    daemon_rest(daemon);
    daemon->now_ms += LONG_MS;
    daemon_rest(daemon);
    must_be_empty(daemon);
    daemon_agree(daemon);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input input = {bytes, bytes + n};
    struct daemon daemon;
    uint32_t form = input_byte(&input);

    daemon_init(&daemon);
    if (form & 1)
        lower_limits(&daemon.limits);
    daemon.records_max = form >> 6;
    MUST(daemon_start(&daemon));
    for (int i = 0; i < STEPS_MAX && !input_is_over(&input); i++)
        act(&daemon, &input);
    come_to_rest(&daemon);
    daemon_finish(&daemon);
    return 0;
}
