/*
 * A hello that is refused for now. The daemon is played: a real one would have to be full, or its
 * Redis away, at the moment of a resume.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <msgpack.h>

struct daemon {
    int listening, line;
};

static struct daemon listen_there(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct daemon daemon = {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), -1};

    snprintf(name.sun_path, sizeof name.sun_path, "%s", world_socket());
    assert_int_equal(bind(daemon.listening, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(daemon.listening, 4), 0);
    return daemon;
}

/* Takes the next connection in, and its hello. */
static void take_hello(struct daemon *daemon, struct lockq *lockq)
{
    char bytes[1024];
    ssize_t n = -1;

    if (daemon->line >= 0)
        close(daemon->line);
    while (daemon->line >= 0 && lockq_fd(lockq) >= 0)
        assert_int_equal(lockq_process(lockq), LOCKQ_OK);
    while (lockq_fd(lockq) < 0)
        assert_int_equal(lockq_process(lockq), LOCKQ_OK);
    daemon->line = accept(daemon->listening, NULL, NULL);
    while (n < 0) {
        lockq_process(lockq);
        n = recv(daemon->line, bytes, sizeof bytes, MSG_DONTWAIT);
    }
    assert_true(n > 0);
}

static void answer(struct daemon *daemon, msgpack_sbuffer *bytes)
{
    assert_int_equal(send(daemon->line, bytes->data, bytes->size, MSG_NOSIGNAL), bytes->size);
    msgpack_sbuffer_destroy(bytes);
}

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body(packer, text, strlen(text));
}

static msgpack_packer begin(msgpack_sbuffer *bytes)
{
    msgpack_packer packer;

    msgpack_sbuffer_init(bytes);
    msgpack_packer_init(&packer, bytes, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 1);
    msgpack_pack_int(&packer, 0);
    return packer;
}

static void refuse(struct daemon *daemon, const char *error)
{
    msgpack_sbuffer bytes;
    msgpack_packer packer = begin(&bytes);

    put(&packer, error);
    msgpack_pack_nil(&packer);
    answer(daemon, &bytes);
}

static void greet(struct daemon *daemon)
{
    msgpack_sbuffer bytes;
    msgpack_packer packer = begin(&bytes);

    msgpack_pack_nil(&packer);
    msgpack_pack_map(&packer, 2);
    put(&packer, "session");
    msgpack_pack_int(&packer, 7);
    put(&packer, "secret");
    put(&packer, "s");
    answer(daemon, &bytes);
}

static void note(struct lockq *lockq, void *context)
{
    (void)lockq;
    ++*(int *)context;
}

static void a_resume_that_is_refused_for_now_is_tried_again(void **state)
{
    static const char *const passing[] = {"unavailable: the store cannot take writes now",
                                          "over_limit: connections are limited to 2",
                                          "going_away: the daemon is stopping"};
    struct lockq *lockq = world_open(10000);
    struct daemon daemon = listen_there();
    int connections = 0;

    (void)state;
    lockq_on_connected(lockq, note, &connections);
    take_hello(&daemon, lockq);
    greet(&daemon);
    while (connections == 0)
        assert_int_equal(lockq_process(lockq), LOCKQ_OK);
    for (int i = 0; i < 3; i++) {
        take_hello(&daemon, lockq);
        refuse(&daemon, passing[i]);
    }
    take_hello(&daemon, lockq);
    greet(&daemon);
    while (connections == 1)
        assert_int_equal(lockq_process(lockq), LOCKQ_OK);
    assert_int_equal(lockq_session(lockq), 7);
    close(daemon.line);
    close(daemon.listening);
    lockq_close(lockq);
}

static void a_session_that_owned_nothing_is_begun_anew(void **state)
{
    struct lockq *lockq = world_open(10000);
    struct daemon daemon = listen_there();
    int connections = 0;

    (void)state;
    lockq_on_connected(lockq, note, &connections);
    for (int i = 1; i <= 3; i++) {
        take_hello(&daemon, lockq);
        greet(&daemon);
        while (connections < i)
            assert_int_equal(lockq_process(lockq), LOCKQ_OK);
        take_hello(&daemon, lockq);
        refuse(&daemon, "no_session: unknown session or wrong secret");
    }
    close(daemon.line);
    close(daemon.listening);
    lockq_close(lockq);
}

static void a_first_hello_that_is_refused_is_told_at_once_if_so_asked(void **state)
{
    struct lockq_options options = {.address = world_address(), .fails_at_once = true};
    struct lockq *lockq = lockq_open(&options);
    struct daemon daemon = listen_there();

    (void)state;
    take_hello(&daemon, lockq);
    refuse(&daemon, "unavailable: the store cannot take writes now");
    while (lockq_process(lockq) == LOCKQ_OK)
        ;
    assert_int_equal(lockq_process(lockq), LOCKQ_UNAVAILABLE);
    assert_string_equal(lockq_why(lockq), "the store cannot take writes now");
    close(daemon.line);
    close(daemon.listening);
    lockq_close(lockq);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_init, world_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_resume_that_is_refused_for_now_is_tried_again),
        STORY(a_session_that_owned_nothing_is_begun_anew),
        STORY(a_first_hello_that_is_refused_is_told_at_once_if_so_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
