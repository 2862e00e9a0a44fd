#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "hear.h"
#include "server/state.h"

#define START_MS   1000000
#define START_WALL 1750000000000ULL
#define RESTS_MAX  10000
#define LAST_MS    (INT64_C(1) << 52) /* the wall clock too stays below what a row may say */

static void draw(void *context, void *bytes, size_t n)
{
    struct daemon *daemon = context;

    for (size_t i = 0; i < n; i++) {
        daemon->drawn = daemon->drawn * 6364136223846793005ULL + 1442695040888963407ULL;
        ((unsigned char *)bytes)[i] = (unsigned char)(daemon->drawn >> 56);
    }
}

/* --- life ------------------------------------------------------------------------------------ */

void daemon_init(struct daemon *daemon)
{
    *daemon = (struct daemon){.now_ms = START_MS};
#define USUAL(name, usual, least, most) daemon->limits.name = usual;
    SERVER_LIMIT_LIST(USUAL)
#undef USUAL
    fake_store_init(&daemon->store);
}

static void forget_line(struct line *line)
{
    buf_finish(&line->said);
    buf_finish(&line->heard);
    free(line->asked);
    *line = (struct line){0};
}

void daemon_die(struct daemon *daemon)
{
    for (int i = 0; i < DAEMON_LINES; i++)
        forget_line(&daemon->lines[i]);
    server_destroy(daemon->server);
    daemon->server = NULL;
    daemon->committing = NULL;
}

void daemon_finish(struct daemon *daemon)
{
    daemon_die(daemon);
    fake_store_finish(&daemon->store);
}

static uint64_t wall_ms(const struct daemon *daemon)
{
    return START_WALL + (uint64_t)daemon->now_ms;
}

static void tell_time(struct daemon *daemon)
{
    server_set_time(daemon->server, daemon->now_ms, wall_ms(daemon));
}

struct server *daemon_create(struct daemon *daemon)
{
    struct server_config config = {.limits = daemon->limits,
                                   .store = &daemon->store.base,
                                   .version = "fuzzed",
                                   .low_disk = 1,
                                   .uid = 1000,
                                   .records_max = daemon->records_max,
                                   .outside = {.context = daemon, .random = draw}};
    return server_create(&config);
}

static void must_be_sound(const struct daemon *daemon)
{
    if (daemon->store.wrong[0] != '\0')
        OBJECT("the rows: %s", daemon->store.wrong);
    MUST(core_is_consistent(daemon->server->core));
}

bool daemon_start(struct daemon *daemon)
{
    struct store_result result;

    daemon->server = daemon_create(daemon);
    result = server_recover(daemon->server, daemon->now_ms, wall_ms(daemon));
    if (result.status == STORE_OK) {
        must_be_sound(daemon);
        return true;
    }
    MUST(result.status == STORE_DAMAGED);
    MUST(result.why[0] != '\0' && memchr(result.why, '\0', STORE_WHY_MAX) != NULL);
    daemon_die(daemon);
    return false;
}

/* --- lines ----------------------------------------------------------------------------------- */

struct line *daemon_connect(struct daemon *daemon, uint32_t place, uint32_t uid, bool is_local)
{
    struct line *line = &daemon->lines[place];
    struct peer peer = {.is_local = is_local, .uid = uid};

    if (line->conn != NULL)
        return line;
    snprintf(peer.text, sizeof peer.text, is_local ? "uid:%u" : "tcp:127.0.0.1:%u", uid);
    tell_time(daemon);
    line->conn = server_on_connect(daemon->server, &peer, line);
    line->asked = memory_alloc(LINE_ASKED * sizeof *line->asked);
    return line;
}

void daemon_close(struct daemon *daemon, struct line *line)
{
    if (line->conn == NULL)
        return;
    tell_time(daemon);
    server_on_close(daemon->server, line->conn);
    forget_line(line);
}

void daemon_read(struct daemon *daemon, struct line *line, size_t n)
{
    size_t size = buf_size(&line->said);
    char *bytes;

    n = n < size ? n : size;
    if (line->conn == NULL || n == 0 || !conn_wants_input(line->conn))
        return;
    /* In memory of its own, so that what is read behind it is seen. */
    bytes = memory_alloc(n);
    memcpy(bytes, buf_data(&line->said), n);
    tell_time(daemon);
    server_on_input(daemon->server, line->conn, bytes, n);
    free(bytes);
    buf_consume(&line->said, n);
}

static void hear_all(struct daemon *daemon, struct line *line)
{
    msgpack_unpacked unpacked;
    size_t done = 0;

    msgpack_unpacked_init(&unpacked);
    for (;;) {
        msgpack_unpack_return result =
            msgpack_unpack_next(&unpacked, buf_data(&line->heard), buf_size(&line->heard), &done);
        if (result == MSGPACK_UNPACK_CONTINUE)
            break;
        if (result != MSGPACK_UNPACK_SUCCESS)
            OBJECT("an answer is not MessagePack");
        hear(daemon, line, &unpacked.data);
    }
    msgpack_unpacked_destroy(&unpacked);
    buf_consume(&line->heard, done);
}

static void write_line(struct daemon *daemon, struct line *line)
{
    struct slice out = conn_output(line->conn);

    if (conn_is_cut(line->conn)) {
        daemon_close(daemon, line);
        return;
    }
    if (line->is_deaf)
        return;
    if (out.n > 0) {
        buf_append_slice(&line->heard, out);
        tell_time(daemon);
        server_on_written(daemon->server, line->conn, out.n);
        hear_all(daemon, line);
    }
    if (conn_is_closing(line->conn) && conn_output(line->conn).n == 0) {
        hear_end(line);
        daemon_close(daemon, line);
    }
}

/* --- turns ----------------------------------------------------------------------------------- */

void daemon_commit(struct daemon *daemon)
{
    if (daemon->committing == NULL)
        return;
    fake_store_apply(&daemon->store, daemon->committing);
    daemon->committing = NULL;
    tell_time(daemon);
    server_on_commit(daemon->server);
    must_be_sound(daemon);
}

void daemon_turn(struct daemon *daemon)
{
    tell_time(daemon);
    server_end_turn(daemon->server, daemon->now_ms);
    if (daemon->committing == NULL)
        daemon->committing = server_next_batch(daemon->server);
    for (struct conn *conn; (conn = server_next_output(daemon->server)) != NULL;)
        write_line(daemon, conn_io(conn));
    must_be_sound(daemon);
}

static bool is_at_rest(const struct daemon *daemon)
{
    bool rests = daemon->committing == NULL && server_is_idle(daemon->server) &&
                 !server_has_backlog(daemon->server);

    for (int i = 0; rests && i < DAEMON_LINES; i++) {
        const struct line *line = &daemon->lines[i];
        rests = line->conn == NULL || line->is_deaf ||
                (conn_output(line->conn).n == 0 &&
                 (buf_size(&line->said) == 0 || !conn_wants_input(line->conn)));
    }
    return rests;
}

void daemon_rest(struct daemon *daemon)
{
    int turns = 0;

    do {
        for (int i = 0; i < DAEMON_LINES; i++)
            daemon_read(daemon, &daemon->lines[i], SIZE_MAX);
        daemon_turn(daemon);
        daemon_commit(daemon);
        for (int i = 0; i < DAEMON_LINES; i++)
            if (daemon->lines[i].conn != NULL)
                write_line(daemon, &daemon->lines[i]);
        if (++turns > RESTS_MAX)
            OBJECT("it comes to no rest");
    } while (!is_at_rest(daemon));
}

int64_t daemon_next_deadline(const struct daemon *daemon)
{
    int64_t next_ms = server_next_deadline(daemon->server);
    return next_ms > LAST_MS ? INT64_MAX : next_ms;
}
