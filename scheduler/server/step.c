#include "server/step.h"

#include <assert.h>

#include "server/answer.h"
#include "server/tell.h"
#include "server/view.h"
#include "wire/reply.h"

/* A session is durable with its first operation. That it is its own is likely, and then it need not
 * be looked for. */
static void make_durable(struct server *server, uint64_t id, const struct session *own)
{
    struct session *session;

    if (server->pipeline.keeps_nothing || (own != NULL && own->id == id && own->row_hash != 0))
        return;
    session = session_find(&server->sessions, id);
    if (session != NULL && session->row_hash == 0)
        pipeline_session_changed(&server->pipeline, session);
}

static void note(struct server *server, const struct effect *effect, const struct session *own)
{
    if (effect->type == EFFECT_FORGOTTEN) {
        pipeline_op_forgotten(&server->pipeline, effect->op);
        return;
    }
    if (effect->type == EFFECT_CONTENDED)
        return;
    pipeline_op_changed(&server->pipeline, effect->op);
    if (effect->type == EFFECT_SUBMITTED)
        make_durable(server, effect->op->session, own);
    else if (effect->type == EFFECT_CHANGED && effect->op->claimed_by != 0)
        make_durable(server, effect->op->claimed_by, own);
}

/* What a grant after it, or a child, depends on. */
static void pin(struct server *server, const struct event *event, const struct effect *effect)
{
    const struct op *op = effect->op;

    if (effect->type == EFFECT_CHANGED && event->type == EVENT_RELEASE)
        pipeline_op_pinned(&server->pipeline, op, op->seq);
    else if (effect->type == EFFECT_SUBMITTED && op->parent != NULL)
        pipeline_op_pinned(&server->pipeline, op->parent, op->seq);
}

const struct outcome *step(struct server *server, struct event *event, const struct session *own)
{
    assert(server->is_settled);
    event->now_ms = server->now_ms;
    event->wall_ms = server->wall_ms;
    core_step(server->core, event, &server->outcome);
    for (uint32_t i = 0; i < server->outcome.n_effects; i++)
        note(server, &server->outcome.effects[i], own);
    for (uint32_t i = 0; i < server->outcome.n_effects; i++)
        pin(server, event, &server->outcome.effects[i]);
    server->own_op = server->outcome.op;
    server->owner = own;
    server->is_settled = false;
    return &server->outcome;
}

bool step_recovered(struct server *server)
{
    if (!core_recover_finish(server->core, server->now_ms, server->wall_ms, &server->outcome))
        return false;
    for (uint32_t i = 0; i < server->outcome.n_effects; i++)
        note(server, &server->outcome.effects[i], NULL);
    return true;
}

/* Answers those who wait for an operation that waits no more. Returns whether one of them belongs
 * to the session; those who want to claim it are put aside: a claim is a step of its own. */
static bool send_answers(struct server *server, struct op *op, uint64_t session)
{
    bool heard = false;

    for (struct list *link; (link = list_first(&op->driver.answers)) != NULL;) {
        struct answer *answer = LIST_ENTRY(link, struct answer, in_op);
        heard = heard || answer->conn->session->id == session;
        if (answer->acquires && op->detached && op->state == OP_GRANTED) {
            list_remove(link);
            list_append(&server->claims, link);
        } else {
            answer_send(server, answer);
        }
    }
    return heard;
}

static void announce_turn(struct server *server, struct op *op, bool is_end)
{
    bool knows = server->owner != NULL && op == server->own_op;
    bool heard = send_answers(server, op, op->session);
    enum subscription what = is_end ? SUBSCRIBED_ENDS : SUBSCRIBED_GRANTS;

    if (!heard && !(knows && server->owner->id == op->session) &&
        !feed_tells(server, op->session, op, what))
        tell(server, op, ROLE_SUBMITTER, is_end ? TELL_ENDED : TELL_GRANTED);
    if (is_end && op->claimed_by != 0 && op->claimed_by != op->session &&
        !(knows && server->owner->id == op->claimed_by) &&
        !feed_tells(server, op->claimed_by, op, what))
        tell(server, op, ROLE_CLAIMER, TELL_ENDED);
    feed_add(server, op, what);
}

static void announce(struct server *server, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_FORGOTTEN:
        tell_forget_op(effect->op);
        break;
    case EFFECT_GRANTED:
    case EFFECT_ENDED:
        announce_turn(server, effect->op, effect->type == EFFECT_ENDED);
        break;
    case EFFECT_CONTENDED:
        tell_contended(server, effect->op);
        break;
    default:
        break;
    }
}

static void announce_all(struct server *server)
{
    if (server->is_settled)
        return;
    server->is_settled = true;
    for (uint32_t i = 0; i < server->outcome.n_effects; i++)
        announce(server, &server->outcome.effects[i]);
}

/* The operation was granted to somebody who waits in `acquire`: claim it for the first. */
static void claim_for(struct server *server, struct answer *answer)
{
    struct op *op = answer->op;
    struct event event = {.type = EVENT_CLAIM,
                          .ns = core_namespace_name(op->ns),
                          .op = op->id,
                          .session = answer->conn->session->id};
    enum lockq_status status = step(server, &event, answer->conn->session)->status;

    if (status == LOCKQ_OK) {
        answer_send(server, answer);
    } else {
        struct buf *out = server_out(server, answer->conn);
        reply_error(out, answer->id, status, wire_status_sentences[status]);
        answer_remove(server, answer);
    }
}

void step_settle(struct server *server)
{
    announce_all(server);
    for (struct list *link; (link = list_first(&server->claims)) != NULL; announce_all(server))
        claim_for(server, LIST_ENTRY(link, struct answer, in_op));
}
