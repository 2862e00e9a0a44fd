#include "play.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS         SLICE("default")
#define WALL_MS    1700000000000ULL
#define KEYS_SHOWN (2 * KEYS_MAX)

static bool differs(struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool differs(struct play *play, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(play->wrong, sizeof play->wrong, format, args);
    va_end(args);
    return false;
}

void play_begin(struct play *play, const struct tree *tree, const struct rules *from)
{
    *play = (struct play){
        .tree = tree,
        .rules = *from,
        .config = {.hash_key = {1, 2},
                   .limits = {1000, 1000, 1000, 1000, 10, 1000, 86400000, 1000, 1000, 64, 100},
                   .epoch = 1},
    };
    play->core = core_create(&play->config);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        play->sessions[i] = 1 + i;
}

void play_finish(struct play *play)
{
    core_destroy(play->core);
}

/* --- the core's side of a step --------------------------------------------------------------- */

struct name {
    char text[8];
};

static struct slice name_of(uint8_t number, struct name *name)
{
    snprintf(name->text, sizeof name->text, "o%u", number);
    return slice_of(name->text);
}

static struct op *find(struct play *play, uint8_t number)
{
    struct name name;
    return core_find(play->core, NS, name_of(number, &name));
}

static uint32_t put_keys(const struct tree *tree, struct keys keys, struct core_key *out)
{
    uint32_t n = 0;

    for (int k = 0; k < tree->n_keys; k++) {
        if (keys.exclusive & 1 << k)
            out[n++] = (struct core_key){slice_of(tree->paths[k]), MODE_X};
        if (keys.shared & 1 << k)
            out[n++] = (struct core_key){slice_of(tree->paths[k]), MODE_S};
    }
    return n;
}

static enum event_type event_of(enum step_kind kind)
{
    static const enum event_type types[] = {
        [STEP_SUBMIT] = EVENT_SUBMIT,     [STEP_RELEASE] = EVENT_RELEASE,
        [STEP_GIVE] = EVENT_RELEASE,      [STEP_EXTEND] = EVENT_EXTEND,
        [STEP_RENEW] = EVENT_RENEW,       [STEP_CANCEL] = EVENT_CANCEL,
        [STEP_LEAVE] = EVENT_SESSION_END, [STEP_EXPIRE] = EVENT_TICK};
    return types[kind];
}

static void put_submit(struct play *play, const struct step *step, struct event *event)
{
    event->detached = step->how == HOW_TIMED;
    event->wait_ms = step->how >= HOW_NOW ? 0 : step->how == HOW_TIMED ? PATIENCE_MS : CORE_FOREVER;
    event->on_change = step->how == HOW_ASKING ? CHANGE_ENDS : CHANGE_IGNORED;
    event->lease_ms = step->how == HOW_TIMED ? PATIENCE_MS : CORE_FOREVER;
    event->claim_in_ms = CORE_FOREVER;
    event->passes = step->how == HOW_PASSING;
    if (event->passes)
        event->max_hold_ms = CORE_FOREVER / 2;
    if (step->op != 0)
        event->parent_token = find(play, step->op)->token;
}

static void do_step(struct play *play, const struct step *step, struct outcome *out)
{
    struct core_key keys[KEYS_SHOWN];
    struct name name, parent;
    bool is_submit = step->kind == STEP_SUBMIT;
    uint8_t number = is_submit ? play->rules.n_submits : step->op;
    struct event event = {.type = event_of(step->kind),
                          .now_ms = play->rules.now_ms,
                          .until_ms = play->rules.now_ms,
                          .wall_ms = WALL_MS + play->rules.now_ms,
                          .ns = NS,
                          .op = name_of(number, &name),
                          .session = play->sessions[step->client],
                          .lease_ms = -1,
                          .keys = keys,
                          .n_keys = put_keys(play->tree, step->keys, keys)};

    if (is_submit)
        put_submit(play, step, &event);
    if (is_submit && step->op != 0)
        event.parent = name_of(step->op, &parent);
    if (step->kind == STEP_RELEASE || step->kind == STEP_GIVE || step->kind == STEP_EXTEND ||
        step->kind == STEP_RENEW)
        event.token = find(play, step->op)->token;
    if (step->kind == STEP_GIVE)
        event.n_keys = core_sort_keys(keys, event.n_keys);
    else
        event.n_keys = core_normalise(keys, event.n_keys);
    core_step(play->core, &event, out);
    if (step->kind == STEP_LEAVE)
        play->sessions[step->client] += CLIENTS_MAX;
}

/* All that the core tells of its operations goes into a new one. */
static bool recover(struct play *play, struct outcome *out)
{
    struct core *old = play->core;
    struct core_key keys[KEYS_SHOWN];
    struct core_stats stats;
    uint64_t ticket = 0;

    core_stats(old, &stats);
    play->config.epoch = stats.epoch + 1;
    play->config.seq = stats.seq;
    play->config.ticket = stats.ticket;
    play->config.hash_key.k0++;
    play->core = core_create(&play->config);
    for (struct op *op; (op = core_next_by_ticket(old, ticket)) != NULL; ticket = op->ticket) {
        struct op row = *op;
        uint32_t n = op->state == OP_ENDED ? 0 : core_op_keys(old, op, 0, keys, KEYS_SHOWN);
        if (op->parent != NULL)
            row.parent = core_next_by_ticket(play->core, op->parent->ticket - 1);
        if (core_recover_op(play->core, NS, &row, n > 0 ? keys : NULL, n, play->rules.now_ms) ==
            NULL) {
            core_destroy(old);
            return differs(play, "recovery calls the rows nonsense");
        }
    }
    core_destroy(old);
    return core_recover_finish(play->core, play->rules.now_ms, WALL_MS + play->rules.now_ms, out) ||
           differs(play, "recovery calls two tokens the same");
}

/* --- comparison ------------------------------------------------------------------------------ */

static bool compare_effects(struct play *play, const struct outcome *out)
{
    const struct told *told = &play->told;
    uint32_t n = 0;

    for (uint32_t i = 0; i < out->n_effects; i++) {
        const struct op *op = out->effects[i].op;
        struct name name;
        if (out->effects[i].type == EFFECT_PASSED)
            continue; /* no world is so long that it matters */
        if (n == told->n_effects || out->effects[i].type != told->effects[n].type ||
            !slice_equal(op->id, name_of(told->effects[n].op, &name)) ||
            (told->effects[n].type == EFFECT_ENDED && op->end != told->effects[n].end))
            return differs(play, "effect %u: %.*s, or another one, where o%u is due", i,
                           (int)op->id.n, op->id.at,
                           n == told->n_effects ? 0 : told->effects[n].op);
        n++;
        if (out->effects[i].type != EFFECT_GRANTED)
            continue;
        if (op->token <= play->token)
            return differs(play, "the token of %.*s is not above all before it", (int)op->id.n,
                           op->id.at);
        play->token = op->token;
    }
    if (n != told->n_effects)
        return differs(play, "%u effects instead of %u", n, told->n_effects);
    return true;
}

bool play_step(struct play *play, const struct step *step)
{
    struct outcome out = {.status = LOCKQ_OK};

    rules_step(play->tree, &play->rules, step, &play->told);
    if (step->kind == STEP_CRASH) {
        if (!recover(play, &out))
            return false;
    } else {
        do_step(play, step, &out);
    }
    if (out.status != play->told.status)
        return differs(play, "status %d instead of %d", out.status, play->told.status);
    if (out.end != play->told.left_out && step->kind == STEP_SUBMIT)
        return differs(play, "left out as %d instead of %d", out.end, play->told.left_out);
    if (out.refused != play->told.refused)
        return differs(play, "an extension is refused, or not");
    return compare_effects(play, &out);
}

static bool compare_op(struct play *play, const struct rule_op *op)
{
    struct rules *rules = &play->rules;
    const struct op *real = find(play, op->number);
    uint32_t n_before = 0, n_behind = 0;
    struct ahead ahead;

    if (real == NULL || real->state != (op->is_granted ? OP_GRANTED : OP_WAITING))
        return differs(play, "o%u is not %s", op->number, op->is_granted ? "granted" : "waiting");
    for (int i = 0; i < rules->n_ops; i++) {
        const struct rule_op *other = &rules->ops[i];
        n_before += !op->is_granted && rules_blocks(play->tree, rules, other, op);
        n_behind += !other->is_granted && rules_blocks(play->tree, rules, op, other);
    }
    core_ahead(play->core, real, &ahead);
    if (ahead.count != n_before)
        return differs(play, "%u ahead of o%u instead of %u", ahead.count, op->number, n_before);
    if (op->is_granted && core_contended(play->core, real) != (n_behind > 0))
        return differs(play, "o%u is contended, or not", op->number);
    return true;
}

/* An exclusive try on each key. */
static bool compare_key(struct play *play, uint8_t key)
{
    const struct keys tried = {.exclusive = (uint8_t)(1 << key)};
    uint32_t holders = 0, waiting = 0;
    struct core_check check;

    for (int i = 0; i < play->rules.n_ops; i++) {
        const struct rule_op *op = &play->rules.ops[i];
        bool meets = rules_conflict(play->tree, tried, op->keys);
        holders += meets && op->is_granted;
        waiting += meets && !op->is_granted;
    }
    core_check(play->core, NS, slice_of(play->tree->paths[key]), &check);
    if (check.free != (holders + waiting == 0))
        return differs(play, "%s is free, or not", play->tree->paths[key]);
    if (!check.free && (check.holders != holders || check.waiting != waiting))
        return differs(play, "%s: %u hold and %u wait instead of %u and %u", play->tree->paths[key],
                       check.holders, check.waiting, holders, waiting);
    return true;
}

static bool compare_deadline(struct play *play)
{
    int64_t next_ms = core_next_deadline(play->core);

    for (int i = 0; i < play->rules.n_ops; i++) {
        const struct rule_op *op = &play->rules.ops[i];
        if (rules_has_deadline(op) && next_ms > (int64_t)op->since_ms + PATIENCE_MS)
            return differs(play, "the deadline of o%u is forgotten", op->number);
    }
    return true;
}

bool play_compare(struct play *play)
{
    struct core_stats stats;

    core_stats(play->core, &stats);
    if (stats.waiting + stats.granted != play->rules.n_ops)
        return differs(play, "%" PRIu64 " live instead of %u", stats.waiting + stats.granted,
                       play->rules.n_ops);
    for (int i = 0; i < play->rules.n_ops; i++)
        if (!compare_op(play, &play->rules.ops[i]))
            return false;
    for (uint8_t k = 0; k < play->tree->n_keys; k++)
        if (!compare_key(play, k))
            return false;
    if (!compare_deadline(play))
        return false;
    return core_is_consistent(play->core) || differs(play, "the core contradicts itself");
}

/* --- for people ------------------------------------------------------------------------------ */

static void describe_keys(const struct tree *tree, struct keys keys, char *text, size_t n)
{
    size_t at = strlen(text);

    for (int k = 0; k < tree->n_keys; k++)
        if ((keys.exclusive | keys.shared) & 1 << k)
            at += (size_t)snprintf(text + at, n - at, " %s:%s", tree->paths[k],
                                   keys.exclusive & 1 << k ? "x" : "s");
}

void play_describe(const struct tree *tree, const struct step *step, char *text, size_t n)
{
    static const char *const kinds[] = {"submits", "releases", "gives back of", "extends",
                                        "renews",  "cancels",  "leaves"};
    static const char *const hows[] = {"tied", "asking", "timed", "now", "passing"};

    if (step->kind == STEP_EXPIRE || step->kind == STEP_CRASH) {
        snprintf(text, n, "%s", step->kind == STEP_CRASH ? "crash" : "time passes");
        return;
    }
    snprintf(text, n, "client %u %s", step->client, kinds[step->kind]);
    if (step->kind == STEP_SUBMIT)
        snprintf(text + strlen(text), n - strlen(text), " %s", hows[step->how]);
    if (step->op != 0)
        snprintf(text + strlen(text), n - strlen(text), " %so%u",
                 step->kind == STEP_SUBMIT ? "under " : "", step->op);
    describe_keys(tree, step->keys, text, n);
}
