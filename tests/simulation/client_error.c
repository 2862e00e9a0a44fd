/*
 * Errors: which may come, given what was asked and what is known.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client_govern.h"

#define OF(ask) (1u << ASK_##ask)

static const struct possible {
    const char *code;
    uint32_t asks; /* to which it may be the answer */
} possible[] = {
    {"over_limit", OF(HELLO) | OF(SUBMIT) | OF(ACQUIRE) | OF(WAIT) | OF(EXTEND) | OF(RELEASE)},
    {"not_found", OF(SUBMIT) | OF(ACQUIRE) | OF(WAIT) | OF(CLAIM) | OF(RENEW) | OF(EXTEND) |
                      OF(RELEASE) | OF(CANCEL) | OF(VERIFY) | OF(STATUS) | OF(KILL)},
    {"op_reused", OF(SUBMIT)},
    {"not_owner", OF(SUBMIT) | OF(ACQUIRE) | OF(WAIT) | OF(CLAIM) | OF(EXTEND) | OF(RELEASE) |
                      OF(CANCEL) | OF(RENEW)},
    {"wrong_token", OF(RENEW)},
    {"not_waiting", OF(CANCEL)},
    {"not_granted",
     OF(SUBMIT) | OF(ACQUIRE) | OF(CLAIM) | OF(RENEW) | OF(EXTEND) | OF(RELEASE) | OF(KILL)},
    {"already_claimed", OF(ACQUIRE) | OF(CLAIM)},
    {"children_active", OF(RELEASE)},
    {"no_session", OF(HELLO)},
    {"denied", OF(KILL) | OF(DRAIN)},
    {"going_away", OF(SUBMIT) | OF(ACQUIRE)},
    {"unavailable", OF(SUBMIT) | OF(ACQUIRE)},
};

static bool is_code(const char *sentence, const char *code)
{
    size_t n = strlen(code);
    return strncmp(sentence, code, n) == 0 && sentence[n] == ':';
}

static bool is_possible(const struct client *client, const struct pending *asked,
                        const char *sentence)
{
    const struct plan *plan = client->world->plan;

    if (is_code(sentence, "going_away") && plan->weights[FAULT_STOP] == 0 &&
        !client_may_be_drained(client, asked))
        return false;
    if (is_code(sentence, "denied") && client_is_admin(client))
        return false;
    if (is_code(sentence, "unavailable") && plan->weights[FAULT_LOW_DISK] == 0)
        return false;
    if (is_code(sentence, "op_reused") && !asked->is_other)
        return false;
    for (size_t i = 0; i < sizeof possible / sizeof *possible; i++)
        if (is_code(sentence, possible[i].code))
            return (possible[i].asks & 1u << asked->what) != 0;
    return false;
}

/* It names a limit that is small in this run, and its value. */
static bool is_of_a_limit(const struct client *client, const char *sentence)
{
    char value[32];

#define NAMES(name, usual, least, most)                                                            \
    snprintf(value, sizeof value, " %" PRIu64, client->world->plan->limits.name);                  \
    if (client->world->plan->limits.name != (usual) && strstr(sentence, #name) != NULL &&          \
        strstr(sentence, value) != NULL)                                                           \
        return true;
    SERVER_LIMIT_LIST(NAMES)
#undef NAMES
    return false;
}

static void check_not_found(struct client *client, const struct pending *asked)
{
    const struct judge_op *op = asked->op;

    if (op->parent != NULL && (asked->what == ASK_SUBMIT || asked->what == ASK_ACQUIRE))
        op = op->parent;
    if (op->heard_ms != 0 && op->heard_ms < asked->asked.real_ms && op->ns == client->ns &&
        !client->world->plan->forgets)
        judge_object(client->judge, "%s: not found, and it was there", op->id);
}

/* A renewal that could be read before the lease was over came too late. */
static void check_not_granted(struct client *client, const struct pending *asked,
                              const char *sentence)
{
    if (asked->what == ASK_RENEW && strstr(sentence, "expired") != NULL &&
        asked->op->parent == NULL && client_was_read_at_once(client, asked, asked->guard_ms))
        judge_object(client->judge, "%s: expired, with a renewal there before %" PRId64 " ms",
                     asked->op->id, asked->guard_ms);
}

static void check_owner(struct client *client, const struct pending *asked)
{
    const struct judge_op *op = asked->op;

    if (op->parent == NULL && !op->detached && op->session != 0 && op->session == asked->session &&
        asked->what != ASK_CLAIM)
        judge_object(client->judge, "%s: not its owner's, says %s", op->id, ask_names[asked->what]);
}

void client_on_error(struct client *client, const struct pending *asked, const char *sentence)
{
    if (!is_possible(client, asked, sentence)) {
        judge_object(client->judge, "client %d, %s of %s: %s", client->number,
                     ask_names[asked->what], asked->op == NULL ? "nothing" : asked->op->id,
                     sentence);
        return;
    }
    if (is_code(sentence, "over_limit") && !is_of_a_limit(client, sentence))
        judge_object(client->judge, "client %d: no limit of this run: %s", client->number,
                     sentence);
    if ((asked->what == ASK_SUBMIT || asked->what == ASK_ACQUIRE) && !asked->is_other &&
        !is_code(sentence, "already_claimed"))
        asked->op->left_out++;
    if (is_code(sentence, "no_session"))
        client_on_no_session(client, asked);
    else if (is_code(sentence, "not_found"))
        check_not_found(client, asked);
    else if (is_code(sentence, "not_granted"))
        check_not_granted(client, asked, sentence);
    else if (is_code(sentence, "not_owner"))
        check_owner(client, asked);
}
