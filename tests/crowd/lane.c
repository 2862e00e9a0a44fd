#include "lane.h"

#include "pool.h"

#define MS          ((uint64_t)1000)
#define WATCH_US    (20 * MS)
#define ORPHAN_US   (1000 * MS)
#define AUDIT_US    (200 * MS)
#define NO_TRACE_US (100 * MS)

/* --- asking ---------------------------------------------------------------------------------- */

static void ask(struct lane *lane, enum history_method method)
{
    const struct work *work = &lane->work;
    struct wire_request request = {.method = method,
                                   .op = work->op,
                                   .wait_ms = WIRE_NONE,
                                   .lease_ms = WIRE_NONE,
                                   .claim_in_ms = WIRE_NONE};
    bool is_side = method == METHOD_CANCEL;
    uint16_t flags = 0;

    switch (method) {
    case METHOD_SUBMIT:
    case METHOD_ACQUIRE:
        request.exclusive = work->exclusive;
        request.shared = work->shared;
        request.wait_ms = work->wait_ms;
        request.lease_ms = work->lease_ms;
        request.claim_in_ms = work->claim_in_ms;
        request.has_payload = work->has_payload;
        break;
    case METHOD_RELEASE:
        if (work->is_detached || link_random(lane->link, 2) == 0)
            request.token = work->token;
        if (request.token != 0 && !work->was_false && link_random(lane->link, 20) == 0) {
            request.token -= 1 + link_random(lane->link, 3);
            flags = FLAG_FALSE_TOKEN;
            lane->work.was_false = true;
        }
        break;
    case METHOD_RENEW:
    case METHOD_VERIFY:
        request.token = work->token;
        break;
    default:
        break;
    }
    lane_note_ask(lane, &request, flags);
    link_ask(lane->link, lane, is_side ? SLOT_SIDE : SLOT_MAIN, &request, flags);
}

/* A question's number is beyond those of operations. */
static uint64_t question_of(const struct lane *lane)
{
    return (uint64_t)lane->link->client << 32 | UINT64_C(0x80000000) | lane->number;
}

/* About another one's operation, or a key: nothing of its own is at stake. */
static void ask_aside(struct lane *lane, enum history_method method)
{
    struct wire_request request = {.method = method, .op = lane->target};

    if (method == METHOD_CHECK) {
        request.exclusive = UINT64_C(1) << lane->target;
        request.op = question_of(lane);
    }
    lane_note_ask(lane, &request, 0);
    if (method == METHOD_CHECK)
        request.op = lane->target;
    link_ask(lane->link, lane, SLOT_MAIN, &request, 0);
}

/* --- what comes next ------------------------------------------------------------------------- */

static void go(struct lane *lane, enum lane_aim aim, uint64_t wake_us)
{
    lane->aim = aim;
    lane->wake_us = wake_us;
}

static void rest(struct lane *lane)
{
    uint64_t pause = link_random(lane->link, 50) == 0 ? 30 * MS : 2 * MS;

    lane->work.op = 0;
    go(lane, AIM_REST, history_now_us() + link_random(lane->link, pause));
}

static void finish(struct lane *lane)
{
    struct link *link = lane->link;

    for (int i = 0; i < SLOTS; i++)
        lane->slots[i].is_pending = false;
    if (lane->work.is_answered) {
        if (history_now_us() > link->done_us + AUDIT_US)
            link->n_done = 0; /* the daemon may have forgotten those before */
        link->done[link->n_done++ % LINK_DONE] = lane->work.op;
        link->done_us = history_now_us();
    }
    rest(lane);
}

static void begin(struct lane *lane)
{
    struct link *link = lane->link;
    uint64_t draw = link_random(link, 100);
    uint64_t *rival = &link->crowd->rivals[link->client % POOL_WORLDS];

    if (history_now_us() > link->audits_us + AUDIT_US)
        link->n_audits = 0;
    if (link->n_audits > 0) {
        lane->target = link->audits[--link->n_audits];
        go(lane, AIM_AUDIT, 0);
    } else if (draw < 4) {
        lane->target = link_random(link, POOL_KEYS);
        go(lane, AIM_LOOK, 0);
    } else if (draw < 8 && *rival != 0) {
        lane->target = *rival;
        *rival = 0;
        go(lane, AIM_RIVAL, 0);
    } else {
        lane->work = (struct work){.op = (uint64_t)link->client << 32 | ++link->n_ops,
                                   .session = link->session_number};
        work_draw(lane);
        if (lane->work.is_detached)
            *rival = lane->work.op;
        go(lane, AIM_ENTER, 0);
    }
}

static void end_hold(struct lane *lane, uint64_t now_us)
{
    struct work *work = &lane->work;

    if (work->renews && now_us < work->hold_until_us) {
        lane->aim = AIM_RENEW;
        ask(lane, METHOD_RENEW);
    } else if (work->oversleeps) {
        go(lane, AIM_WATCH, now_us + work->lease_ms * MS + 5 * MS);
    } else {
        work_end(lane);
        lane->aim = link_random(lane->link, 4) == 0 ? AIM_VERIFY : AIM_RELEASE;
        ask(lane, lane->aim == AIM_VERIFY ? METHOD_VERIFY : METHOD_RELEASE);
    }
}

void lane_tend(struct lane *lane, uint64_t now_us)
{
    static const enum history_method asks[] = {
        [AIM_CLAIM] = METHOD_CLAIM,     [AIM_RENEW] = METHOD_RENEW,  [AIM_VERIFY] = METHOD_VERIFY,
        [AIM_RELEASE] = METHOD_RELEASE, [AIM_WATCH] = METHOD_STATUS,
    };
    struct work *work = &lane->work;

    if (lane->link->state != LINK_UP || now_us < lane->wake_us)
        return;
    if (lane->link->crowd->is_over && !work->is_over) {
        work->is_over = work->cancels = true; /* or the line would have to come to its end */
        lane->wake_us = 0;
    }
    if (work->cancels && (lane->aim == AIM_LINE || (lane->aim == AIM_ENTER && work->acquires)) &&
        !lane->slots[SLOT_SIDE].is_pending && work->begun_us != 0) {
        work->cancels = false;
        ask(lane, METHOD_CANCEL);
        return;
    }
    if (lane->slots[SLOT_MAIN].is_pending)
        return;
    switch (lane->aim) {
    case AIM_REST:
        if (!lane->link->crowd->is_over)
            begin(lane);
        break;
    case AIM_ENTER:
        ask(lane, work->acquires ? METHOD_ACQUIRE : METHOD_SUBMIT);
        if (work->begun_us == 0)
            work->begun_us = now_us;
        lane->wake_us = work->cancels ? now_us + link_random(lane->link, 20 * MS) : 0;
        break;
    case AIM_HOLD:
        end_hold(lane, now_us);
        break;
    case AIM_RIVAL:
        ask_aside(lane, METHOD_CLAIM);
        break;
    case AIM_LOOK:
        ask_aside(lane, METHOD_CHECK);
        break;
    case AIM_AUDIT:
        ask_aside(lane, METHOD_STATUS);
        break;
    case AIM_LINE:
        break;
    default:
        ask(lane, asks[lane->aim]);
    }
}

bool lane_is_at_rest(const struct lane *lane)
{
    return lane->aim == AIM_REST;
}

/* --- answers --------------------------------------------------------------------------------- */

static void on_ended(struct lane *lane)
{
    if (lane->work.token != 0 && !lane->work.counts)
        work_try_late(lane);
    finish(lane);
}

/* A view of the lane's own operation. */
static void on_view(struct lane *lane, const struct wire_answer *answer)
{
    struct work *work = &lane->work;

    work->is_answered = true;
    if (answer->token != 0)
        work->token = answer->token;
    if (answer->state == STATE_ENDED) {
        on_ended(lane);
    } else if (answer->state == STATE_WAITING) {
        if (lane->aim == AIM_ENTER)
            go(lane, AIM_LINE, lane->wake_us);
    } else if (work->is_orphan) {
        go(lane, AIM_WATCH, history_now_us() + WATCH_US);
    } else if (work->is_detached && !work->is_claimed && !work->acquires) {
        go(lane, AIM_CLAIM, 0);
    } else if (lane->aim == AIM_ENTER || lane->aim == AIM_LINE || lane->aim == AIM_CLAIM) {
        work_begin(lane);
        lane->aim = AIM_HOLD;
    }
}

/* What has become of it, as `status` tells. */
static void on_watched(struct lane *lane, const struct wire_answer *answer)
{
    struct work *work = &lane->work;
    bool is_own = work->is_detached || work->session == lane->link->session_number;
    uint64_t now_us = history_now_us();

    if (answer->error == ERROR_NOT_FOUND) {
        /* Its submit may still lie in a socket that was left. */
        if (work->is_untraced || work->is_answered)
            finish(lane);
        work->is_untraced = true;
        lane->wake_us = now_us + NO_TRACE_US;
        return;
    }
    work->is_answered = true;
    if (answer->token != 0)
        work->token = answer->token;
    if (answer->state == STATE_ENDED)
        on_ended(lane);
    else if (answer->state == STATE_GRANTED && is_own && !work->oversleeps &&
             (!work->is_orphan || now_us > work->begun_us + ORPHAN_US))
        go(lane, AIM_RELEASE, 0);
    else
        lane->wake_us = now_us + WATCH_US;
}

static void on_own_answer(struct lane *lane, const struct slot *slot,
                          const struct wire_answer *answer)
{
    enum history_method method = slot->method;
    struct work *work = &lane->work;
    bool is_right = answer->error == ERROR_NONE;

    if (method == METHOD_STATUS) {
        on_watched(lane, answer);
    } else if (method == METHOD_CANCEL) {
        if (is_right)
            on_view(lane, answer);
    } else if (method == METHOD_RENEW && is_right) {
        uint64_t until = history_now_us() + work->lease_ms * MS / 2;
        go(lane, AIM_HOLD, until < work->hold_until_us ? until : work->hold_until_us);
    } else if (method == METHOD_VERIFY) {
        go(lane, AIM_RELEASE, 0);
    } else if ((slot->flags & FLAG_FALSE_TOKEN) != 0) {
        lane->wake_us = 0;
    } else if (is_right) {
        work->is_claimed = work->is_claimed || method == METHOD_CLAIM;
        on_view(lane, answer);
    } else {
        go(lane, AIM_WATCH, 0);
    }
}

void lane_on_answer(struct lane *lane, const struct slot *slot, const struct wire_answer *answer)
{
    const struct link *link = lane->link;

    if (lane->aim == AIM_LOOK) {
        lane_note_hear(link, METHOD_CHECK, question_of(lane), slot, answer);
        rest(lane);
        return;
    }
    lane_note_hear(link, slot->method, slot->op, slot, answer);
    if (lane->aim == AIM_RIVAL || lane->aim == AIM_AUDIT)
        rest(lane);
    else
        on_own_answer(lane, slot, answer);
}

void lanes_on_push(struct link *link, const struct wire_answer *answer)
{
    if (!answer->has_op || answer->state == STATE_NONE)
        return;
    lane_note_hear(link, METHOD_PUSH, answer->op, NULL, answer);
    for (int i = 0; i < LANES; i++) {
        struct lane *lane = &link->lanes[i];
        if (lane->work.op != answer->op || lane->aim == AIM_REST)
            continue;
        if (answer->state == STATE_ENDED)
            on_ended(lane);
        else if (answer->state == STATE_GRANTED && lane->aim == AIM_LINE)
            on_view(lane, answer);
    }
}

/* --- the connection -------------------------------------------------------------------------- */

void lane_on_up(struct lane *lane)
{
    if (lane->aim != AIM_HOLD && lane->aim != AIM_REST)
        lane->wake_us = 0;
}

void lane_on_down(struct lane *lane)
{
    for (int i = 0; i < SLOTS; i++)
        lane->slots[i].is_pending = false;
    if (lane->aim == AIM_LINE)
        go(lane, AIM_ENTER, 0);
    else if (lane->aim == AIM_RIVAL || lane->aim == AIM_LOOK || lane->aim == AIM_AUDIT)
        rest(lane);
}

void lane_on_session_lost(struct lane *lane)
{
    if (lane->aim == AIM_REST)
        return;
    if (!lane->work.is_detached)
        go(lane, AIM_WATCH, 0);
    lane->work.acquires = true; /* a push goes to the session that submitted */
    lane->work.is_orphan = false;
}
