#include <inttypes.h>
#include <stdlib.h>

#include "judge.h"

#define UNHEARD_MAX 1024 /* more operations are never alive */

#define NAME(op) (unsigned)((op)->id >> 32), (unsigned)(op)->id

/* --- finding --------------------------------------------------------------------------------- */

static struct op *find(struct judge *judge, uint64_t id)
{
    struct client *client = &judge->clients[id >> 32 & (HISTORY_CLIENTS - 1)];
    uint32_t n = (uint32_t)id;

    if (n >= client->n_ops) {
        uint32_t more = n + 1024;
        client->ops = judge_grow(client->ops, more, sizeof *client->ops);
        while (client->n_ops < more)
            client->ops[client->n_ops++] = NULL;
    }
    if (client->ops[n] == NULL) {
        struct op *op = judge_grow(NULL, 1, sizeof *op);
        *op = (struct op){.id = id,
                          .submit = {1, NEVER - 2},
                          .grant = {2, NEVER - 1},
                          .end_seq = NEVER,
                          .client = (uint16_t)(id >> 32)};
        client->ops[n] = op;
    }
    return client->ops[n];
}

static struct read *add_read(struct judge *judge)
{
    if ((judge->n_reads & (judge->n_reads - 1)) == 0)
        judge->reads = judge_grow(judge->reads, judge->n_reads * 2 + 1, sizeof *judge->reads);
    judge->reads[judge->n_reads] = (struct read){.seq = 0};
    return &judge->reads[judge->n_reads++];
}

static void hear_seq(struct judge *judge, uint64_t seq)
{
    if (seq > judge->heard_seq)
        judge->heard_seq = seq;
}

/* --- asks ------------------------------------------------------------------------------------ */

static void take_content(struct judge *judge, struct op *op, const struct history_record *record)
{
    if (op->is_asked)
        return;
    judge->asked++;
    op->is_asked = true;
    op->exclusive = record->ask.exclusive;
    op->shared = record->ask.shared;
    for (int i = 0; i < 64; i++) {
        if ((op->exclusive >> i & 1) != 0)
            op->meets_exclusive |= judge->touches[i];
        if (((op->exclusive | op->shared) >> i & 1) != 0)
            op->meets_any |= judge->touches[i];
    }
    op->wait_ms = record->ask.wait_ms;
    op->lease_ms = record->ask.lease_ms;
    op->claim_in_ms = record->ask.claim_in_ms;
    op->has_payload = record->ask.has_payload != 0;
    op->is_tied = (record->flags & FLAG_TIED) != 0;
    op->session = record->ask.session;
    op->first_ask_us = op->alive_us = record->time_us;
    /* Whatever comes of it comes after all that was heard before it was asked. */
    op->submit.lo = judge->heard_seq + 1;
    op->grant.lo = judge->heard_seq + 2;
}

static void take_ask(struct judge *judge, const struct history_record *record)
{
    struct op *op;

    if (record->method == METHOD_CHECK) {
        judge->clients[record->client].look_floor[record->op & 63] = judge->heard_seq;
        return;
    }
    op = find(judge, record->op);
    if (record->method == METHOD_SUBMIT || record->method == METHOD_ACQUIRE)
        take_content(judge, op, record);
    if (record->client == op->client)
        op->ask_floor = op->latest_seq;
    if (!op->is_tied && (record->method == METHOD_ACQUIRE || record->method == METHOD_CLAIM ||
                         record->method == METHOD_RENEW))
        op->is_moving = true;
    if ((record->method == METHOD_ACQUIRE || record->method == METHOD_CLAIM) &&
        op->claim_ask_us == 0)
        op->claim_ask_us = record->time_us;
    switch (record->method) {
    case METHOD_RENEW:
        op->renew_ask_us = record->time_us;
        break;
    case METHOD_VERIFY:
        op->read_floor = judge->heard_seq;
        break;
    case METHOD_RELEASE:
        if ((record->flags & FLAG_FALSE_TOKEN) != 0)
            break;
        if (!op->is_released)
            op->release_floor = judge->heard_seq;
        op->is_released = true;
        break;
    case METHOD_CANCEL:
        op->is_cancelled = true;
        break;
    default:
        break;
    }
}

/* --- ends ------------------------------------------------------------------------------------ */

static void take_end(struct judge *judge, struct op *op, const struct history_record *record)
{
    uint64_t seq = record->hear.seq;

    if (record->detail == END_REFUSED) {
        struct read *read = add_read(judge);
        read->kind = READ_REFUSED;
        read->seq = seq;
        read->op = op;
        op->is_refused = true;
        if (op->ticket != 0 || op->wait_ms != 0 || seq < op->submit.lo - 1)
            violation(judge, "c%u-%u: refused, which cannot be", NAME(op));
        return;
    }
    if (op->end_seq != NEVER) {
        if (op->end_seq != seq || op->end != record->detail)
            violation(judge, "c%u-%u: ended as %d at %" PRIu64 ", then as %d at %" PRIu64, NAME(op),
                      op->end, op->end_seq, record->detail, seq);
        return;
    }
    op->end_seq = seq;
    op->end = record->detail;
    op->end_number = judge->n_ended++;
    ends_judge(judge, op, record->time_us);
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_number(struct judge *judge, const struct op *op, const char *what,
                        uint64_t *number, uint64_t heard)
{
    if (heard == 0)
        return;
    if (*number != 0 && *number != heard)
        violation(judge, "c%u-%u: its %s was %" PRIu64 " and is %" PRIu64, NAME(op), what, *number,
                  heard);
    *number = heard;
}

static void take_state(struct judge *judge, struct op *op, const struct history_record *record)
{
    uint64_t seq = record->hear.seq;
    bool is_right = true;

    if (record->state == STATE_WAITING) {
        is_right = span_narrow(&op->submit, seq, seq) &&
                   span_narrow(&op->grant, seq + 1, NEVER - 1) && seq < op->end_seq;
    } else if (record->state == STATE_GRANTED) {
        op->is_granted = true;
        is_right = span_narrow(&op->grant, op->is_moving ? 1 : seq, seq) &&
                   span_narrow(&op->submit, 1, op->grant.hi - 1) && seq < op->end_seq;
    } else {
        take_end(judge, op, record);
        if (op->end_seq != NEVER)
            is_right = op->latest_seq <= op->end_seq &&
                       span_narrow(&op->submit, 1, op->end_seq - 1) &&
                       (!op->is_granted || span_narrow(&op->grant, 1, op->end_seq - 1));
    }
    if (!is_right)
        violation(judge, "c%u-%u: what was said of it at %" PRIu64 " was taken back", NAME(op),
                  seq);
}

static void take_view(struct judge *judge, struct op *op, const struct history_record *record)
{
    bool asks_again = record->method == METHOD_SUBMIT || record->method == METHOD_ACQUIRE ||
                      record->method == METHOD_STATUS;

    hear_seq(judge, record->hear.seq);
    take_number(judge, op, "ticket", &op->ticket, record->hear.ticket);
    take_number(judge, op, "token", &op->token, record->hear.token);
    if (record->hear.token != 0)
        op->is_granted = true;
    if (record->method == METHOD_RENEW) {
        op->alive_us = op->renew_ask_us;
    } else {
        take_state(judge, op, record);
        if (asks_again && record->client == op->client && record->hear.seq < op->ask_floor &&
            record->detail != END_REFUSED)
            violation(judge, "c%u-%u: at %" PRIu64 ", but %" PRIu64 " had been told", NAME(op),
                      record->hear.seq, op->ask_floor);
        /* An acquire of one that waits claims as well. */
        if (record->state == STATE_GRANTED && !op->is_tied &&
            (record->method == METHOD_CLAIM || record->method == METHOD_ACQUIRE)) {
            if (op->claimer != 0 && op->claimer != record->client + 1)
                violation(judge, "c%u-%u: two clients have claimed it", NAME(op));
            op->claimer = record->client + 1;
        }
    }
    if (record->hear.seq > op->latest_seq && record->detail != END_REFUSED)
        op->latest_seq = record->hear.seq;
}

/* Whether so many have ended since that the daemon need not remember it; some ends were not heard
 * of yet. */
static bool may_be_forgotten(const struct judge *judge, const struct op *op)
{
    return op->end_seq != NEVER &&
           judge->n_ended - op->end_number + UNHEARD_MAX >= judge->remembered;
}

static void take_error(struct judge *judge, const struct op *op,
                       const struct history_record *record)
{
    static const uint32_t may[METHOD_COUNT] = {
        [METHOD_ACQUIRE] = 1u << ERROR_ALREADY_CLAIMED | 1u << ERROR_NOT_GRANTED,
        [METHOD_CLAIM] = 1u << ERROR_ALREADY_CLAIMED | 1u << ERROR_NOT_GRANTED,
        [METHOD_RENEW] = 1u << ERROR_NOT_GRANTED,
        [METHOD_RELEASE] = 1u << ERROR_NOT_GRANTED,
        [METHOD_CANCEL] = 1u << ERROR_NOT_WAITING,
    };
    bool is_known = record->client == op->client && op->ask_floor != 0;
    bool is_false = (record->flags & FLAG_FALSE_TOKEN) != 0;
    uint32_t may_now = may[record->method];

    if (is_false)
        may_now = 1u << ERROR_WRONG_TOKEN;
    if (!is_known || may_be_forgotten(judge, op))
        may_now |= 1u << ERROR_NOT_FOUND;
    if ((may_now >> record->detail & 1) == 0)
        violation(judge, "c%u-%u: error %d of method %d%s", NAME(op), record->detail,
                  record->method, is_known ? " though it was told of" : "");
    if (record->method == METHOD_RENEW && record->hear.sent_us != 0 &&
        record->hear.sent_us < op->alive_us + op->lease_ms * UINT64_C(1000) && !op->has_payload)
        violation(judge, "c%u-%u: a renewal that came in time was too late", NAME(op));
}

static void take_read(struct judge *judge, struct op *op, const struct history_record *record)
{
    struct read *read = add_read(judge);
    uint64_t floor =
        op != NULL ? op->read_floor : judge->clients[record->client].look_floor[record->op & 63];

    if (op != NULL) {
        *read = (struct read){.kind = READ_VERIFY,
                              .seq = record->hear.seq,
                              .op = op,
                              .is_held = (record->flags & FLAG_HELD) != 0};
        if (read->is_held && op->was_rejected)
            violation(judge, "c%u-%u: holds, but its token was too old", NAME(op));
    } else {
        *read = (struct read){.kind = READ_CHECK,
                              .seq = record->row.seq,
                              .key = record->row.key,
                              .world = record->client % POOL_WORLDS,
                              .holders = record->row.holders,
                              .waiting = record->row.waiting,
                              .first = record->row.first};
    }
    if (read->seq < floor)
        violation(judge, "a question was answered as of %" PRIu64 ", but %" PRIu64 " had been told",
                  read->seq, floor);
    hear_seq(judge, read->seq);
}

static void take_hear(struct judge *judge, const struct history_record *record)
{
    struct op *op;

    if (record->method == METHOD_CHECK) {
        if (record->state == STATE_ERROR)
            violation(judge, "check: error %d", record->detail);
        else
            take_read(judge, NULL, record);
        return;
    }
    op = find(judge, record->op);
    if (record->state == STATE_ERROR)
        take_error(judge, op, record);
    else if ((record->flags & FLAG_FALSE_TOKEN) != 0)
        violation(judge, "c%u-%u: released with a false token", NAME(op));
    else if (record->method == METHOD_VERIFY)
        take_read(judge, op, record);
    else
        take_view(judge, op, record);
}

/* --- all records ----------------------------------------------------------------------------- */

static void take_write(struct judge *judge, const struct history_record *record)
{
    if ((record->flags & FLAG_TAKEN) == 0) {
        judge->old_refused++;
        if ((record->flags & FLAG_LATE) == 0)
            find(judge, record->op)->was_rejected = true;
        return;
    }
    if ((judge->n_writes & (judge->n_writes - 1)) == 0)
        judge->writes = judge_grow(judge->writes, judge->n_writes * 2 + 1, sizeof *judge->writes);
    judge->writes[judge->n_writes++] =
        (struct write){record->fence.version, record->fence.token, record->fence.cell};
}

void facts_take(struct judge *judge, const struct history_record *record)
{
    struct left *left;

    judge->records++;
    switch (record->kind) {
    case HISTORY_ASK:
        take_ask(judge, record);
        break;
    case HISTORY_HEAR:
        take_hear(judge, record);
        break;
    case HISTORY_LEFT:
        left = judge_find_left(judge, record->client, record->left.session);
        left->answered_us = record->left.answered_us;
        left->grace_us = record->left.grace_ms * UINT64_C(1000);
        break;
    case HISTORY_COUNT:
        for (int i = 0; i < 64; i++)
            if ((record->count.cells >> i & 1) != 0) {
                judge->counts[record->client % POOL_WORLDS * POOL_KEYS + i]++;
                judge->increments++;
            }
        break;
    default:
        take_write(judge, record);
    }
}
