#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lane.h"
#include "pool.h"

#define GRACE_MS     60000
#define RETRY_US     2000
#define HELLO_ID     0xfffffff0u
#define READ_SIZE    ((size_t)64 * 1024)
#define STAY_MIN_US  200000
#define STAY_MORE_US 800000

uint64_t link_random(struct link *link, uint64_t below)
{
    uint64_t z = link->chance += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

void link_init(struct link *link, struct crowd *crowd, uint16_t client, uint64_t seed)
{
    *link = (struct link){.crowd = crowd, .client = client, .fd = -1, .leave_us = LINK_NEVER};
    link->chance = seed * 1000003 + client;
    link->is_deserter = client % 9 == 8;
    link->grace_ms = link->is_deserter ? 150 + (uint32_t)link_random(link, 250) : GRACE_MS;
    msgpack_sbuffer_init(&link->out);
    for (uint32_t i = 0; i < LANES; i++) {
        link->lanes[i].link = link;
        link->lanes[i].number = i;
    }
}

void link_finish(struct link *link)
{
    if (link->state != LINK_DOWN) {
        close(link->fd);
        msgpack_unpacker_destroy(&link->in);
    }
    msgpack_sbuffer_destroy(&link->out);
}

/* --- coming and going ------------------------------------------------------------------------ */

static void go_down(struct link *link, uint64_t retry_us)
{
    close(link->fd);
    msgpack_unpacker_destroy(&link->in);
    msgpack_sbuffer_clear(&link->out);
    link->n_sent = 0;
    link->retry_us = retry_us;
    if (link->state == LINK_UP) {
        struct history_record record = {.kind = HISTORY_LEFT, .client = link->client};
        record.left.answered_us = link->answered_us;
        record.left.session = link->session_number;
        record.left.grace_ms = link->grace_ms;
        history_write(link->crowd->history, &record);
    }
    link->state = LINK_DOWN;
    link->n_audits = link->n_done >= LINK_DONE ? LINK_DONE : 0;
    link->n_done = 0;
    link->audits_us = history_now_us();
    memcpy(link->audits, link->done, sizeof link->audits);
    for (int i = 0; i < LANES; i++)
        lane_on_down(&link->lanes[i]);
}

static void forget_session(struct link *link)
{
    link->session = 0;
    link->session_number++;
    for (int i = 0; i < LANES; i++)
        lane_on_session_lost(&link->lanes[i]);
}

static void say_hello(struct link *link)
{
    struct wire_request hello = {.id = HELLO_ID,
                                 .method = METHOD_HELLO,
                                 .grace_ms = link->grace_ms,
                                 .world = link->client % POOL_WORLDS,
                                 .session = link->session,
                                 .secret = link->secret};
    wire_put(&link->out, &hello);
    link->greeted_us = history_now_us();
}

static void connect_now(struct link *link, uint64_t now_us)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    link->retry_us = now_us + RETRY_US;
    snprintf(name.sun_path, sizeof name.sun_path, "%s", link->crowd->path);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || connect(link->fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        epoll_ctl(link->crowd->poll, EPOLL_CTL_ADD, link->fd, &event) != 0) {
        close(link->fd);
        return;
    }
    msgpack_unpacker_init(&link->in, READ_SIZE);
    link->state = LINK_GREETS;
    say_hello(link);
    link_flush(link);
}

/* A deserter comes back in time, or as somebody new. */
static void leave(struct link *link, uint64_t now_us)
{
    bool comes_back = link_random(link, 2) == 0;

    go_down(link, now_us + link_random(link, link->grace_ms * 1000 / 3));
    if (!comes_back)
        forget_session(link);
}

void link_tend(struct link *link, uint64_t now_us)
{
    if (link->state == LINK_DOWN && now_us >= link->retry_us)
        connect_now(link, now_us);
    else if (link->state == LINK_UP && now_us >= link->leave_us && !link->crowd->is_over)
        leave(link, now_us);
}

static void on_hello(struct link *link, const struct wire_answer *answer)
{
    if (answer->error == ERROR_NO_SESSION) {
        forget_session(link);
        say_hello(link);
        return;
    }
    if (answer->error != ERROR_NONE) {
        fprintf(stderr, "lockq-crowd: hello: %s\n", answer->text);
        exit(1);
    }
    link->session = answer->session;
    memcpy(link->secret, answer->secret, sizeof link->secret);
    link->state = LINK_UP;
    link->answered_us = link->greeted_us;
    if (link->is_deserter)
        link->leave_us = history_now_us() + STAY_MIN_US + link_random(link, STAY_MORE_US);
    for (int i = 0; i < LANES; i++)
        lane_on_up(&link->lanes[i]);
}

/* --- bytes ----------------------------------------------------------------------------------- */

void link_ask(struct link *link, struct lane *lane, enum slot_place place,
              struct wire_request *request, uint16_t flags)
{
    struct slot *slot = &lane->slots[place];

    *slot = (struct slot){.is_pending = true,
                          .serial = ++lane->serial & 0xffffff,
                          .method = request->method,
                          .op = request->op,
                          .flags = flags,
                          .asked_us = history_now_us()};
    request->id = slot->serial << 4 | lane->number << 1 | (uint32_t)place;
    wire_put(&link->out, request);
}

static void note_sent(struct link *link)
{
    uint64_t now_us = history_now_us();

    for (int i = 0; i < LANES * SLOTS; i++) {
        struct slot *slot = &link->lanes[i / SLOTS].slots[i % SLOTS];
        if (slot->is_pending && slot->sent_us == 0)
            slot->sent_us = now_us;
    }
}

/* What does not fit is sent in the next turn. */
void link_flush(struct link *link)
{
    if (link->state == LINK_DOWN || link->n_sent == link->out.size)
        return;
    while (link->n_sent < link->out.size) {
        ssize_t n = send(link->fd, link->out.data + link->n_sent, link->out.size - link->n_sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            go_down(link, 0);
            return;
        }
        link->n_sent += (size_t)n;
    }
    msgpack_sbuffer_clear(&link->out);
    link->n_sent = 0;
    note_sent(link);
}

static void on_answer(struct link *link, const struct wire_answer *answer)
{
    struct lane *lane = &link->lanes[answer->id >> 1 & (LANES - 1)];
    struct slot *slot = &lane->slots[answer->id & 1];

    if (answer->is_push || !slot->is_pending || slot->serial != answer->id >> 4) {
        lanes_on_push(link, answer);
        return;
    }
    slot->is_pending = false;
    if (slot->asked_us > link->answered_us)
        link->answered_us = slot->asked_us;
    lane_on_answer(lane, slot, answer);
}

static void read_messages(struct link *link)
{
    msgpack_unpacked unpacked;
    struct wire_answer answer;

    msgpack_unpacked_init(&unpacked);
    while (link->state != LINK_DOWN) {
        msgpack_unpack_return status = msgpack_unpacker_next(&link->in, &unpacked);
        if (status == MSGPACK_UNPACK_CONTINUE)
            break;
        if (status != MSGPACK_UNPACK_SUCCESS || !wire_read(&unpacked.data, &answer)) {
            fputs("lockq-crowd: the daemon sent what is no message\n", stderr);
            exit(1);
        }
        if (!answer.is_push && answer.id == HELLO_ID)
            on_hello(link, &answer);
        else
            on_answer(link, &answer);
    }
    msgpack_unpacked_destroy(&unpacked);
}

void link_on_ready(struct link *link, uint32_t events)
{
    ssize_t n;

    (void)events;
    if (link->state == LINK_DOWN)
        return;
    if (!msgpack_unpacker_reserve_buffer(&link->in, READ_SIZE))
        abort();
    n = recv(link->fd, msgpack_unpacker_buffer(&link->in),
             msgpack_unpacker_buffer_capacity(&link->in), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        go_down(link, 0);
        return;
    }
    msgpack_unpacker_buffer_consumed(&link->in, (size_t)n);
    read_messages(link);
}
