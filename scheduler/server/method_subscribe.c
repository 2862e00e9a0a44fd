/*
 * subscribe, unsubscribe: to news that are not about one's own operations.
 */
#include "server/method.h"
#include "wire/reply.h"

static void answer(struct server *server, struct conn *conn, const struct request *request)
{
    struct buf *out = method_reply(server, conn, request);

    put_map(out, 1);
    put_name(out, "seq");
    put_uint(out, server_seq(server));
}

/* A field that is not given leaves what it was. */
static uint8_t set(const struct request *request, enum wire_field field, bool value, uint8_t to,
                   enum subscription what)
{
    if (!request_has(request, field))
        return to;
    return (uint8_t)(value ? to | what : to & ~what);
}

void method_subscribe(struct server *server, struct conn *conn, const struct request *request)
{
    uint8_t to = conn->subscribed;

    to = set(request, FIELD_GRANTS, request->grants, to, SUBSCRIBED_GRANTS);
    to = set(request, FIELD_ENDS, request->ends, to, SUBSCRIBED_ENDS);
    to = set(request, FIELD_CONTENDED, request->contended, to, SUBSCRIBED_CONTENDED);
    feed_subscribe(server, conn, to);
    answer(server, conn, request);
}

void method_unsubscribe(struct server *server, struct conn *conn, const struct request *request)
{
    feed_subscribe(server, conn, 0);
    answer(server, conn, request);
}
