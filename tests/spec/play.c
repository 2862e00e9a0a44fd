#include "play.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "diff.h"
#include "player.h"

/* --- fields of an event --------------------------------------------------------------------- */

/* Ordinals stand for tokens; one beyond the last is a token that was never given. */
static uint64_t take_token(struct player *p, struct line *line)
{
    uint64_t ordinal = (uint64_t)line_number(line);
    return ordinal - 1 < p->n_tokens ? p->tokens[ordinal - 1] : UINT64_C(999999) + ordinal;
}

/* --- commands that are events --------------------------------------------------------------- */

static struct event event_of(const struct player *p, enum event_type type, const struct line *line)
{
    return (struct event){.type = type,
                          .now_ms = p->now_ms,
                          .wall_ms = PLAYER_WALL_START + (uint64_t)p->now_ms,
                          .until_ms = p->now_ms,
                          .ns = SLICE("default"),
                          .session = line->session,
                          .wait_ms = CORE_FOREVER,
                          .claim_in_ms = CORE_FOREVER,
                          .lease_ms = type == EVENT_RENEW ? -1 : CORE_FOREVER,
                          .who = SLICE(""),
                          .why = SLICE("")};
}

static void take_lease(struct event *event, struct line *line)
{
    int64_t lease_ms = line_number(line);
    event->detached = true;
    event->lease_ms = lease_ms == 0 ? CORE_FOREVER : lease_ms;
}

static void take_since(struct event *event, struct line *line, enum on_change on_change)
{
    event->unchanged_since = (uint64_t)line_number(line);
    event->on_change = on_change;
}

/* Fields may come in any order; a word that is none is an error in the story. */
static void take_field(struct player *p, struct event *event, struct line *line)
{
    if (line_takes(line, "in"))
        event->ns = line_slice(p, line);
    else if (line_takes(line, "wait"))
        event->wait_ms = line_number(line);
    else if (line_takes(line, "lease"))
        take_lease(event, line);
    else if (line_takes(line, "claim_in"))
        event->claim_in_ms = line_number(line);
    else if (line_takes(line, "who"))
        event->who = line_slice(p, line);
    else if (line_takes(line, "why"))
        event->why = event->reason = line_slice(p, line);
    else if (line_takes(line, "meta"))
        event->meta = line_slice(p, line);
    else if (line_takes(line, "payload"))
        event->payload = line_slice(p, line);
    else if (line_takes(line, "progress"))
        event->progress = line_slice(p, line);
    else if (line_takes(line, "outcome"))
        event->outcome = line_slice(p, line);
    else if (line_takes(line, "token"))
        event->token = take_token(p, line);
    else if (line_takes(line, "parent"))
        event->parent = line_slice(p, line);
    else if (line_takes(line, "parent_token"))
        event->parent_token = take_token(p, line);
    else if (line_takes(line, "max_hold"))
        event->max_hold_ms = line_number(line);
    else if (line_takes(line, "unchanged"))
        take_since(event, line, CHANGE_ENDS);
    else if (line_takes(line, "tell"))
        take_since(event, line, CHANGE_TOLD);
    else if (line_takes(line, "pass")) {
        event->passes = true;
        event->wait_ms = 0;
    } else if (line_takes(line, "tie"))
        event->tie = true;
    else if (line_takes(line, "unchanging"))
        event->unchanged = true;
    else if (line_takes(line, "until"))
        event->until_ms = line_number(line);
    else
        line_is_wrong("no such field:", line->words[line->next]);
}

static void take_fields(struct player *p, struct event *event, struct line *line)
{
    while (line->next < line->n)
        take_field(p, event, line);
}

static void step(struct player *p, const struct event *event, struct outcome *out)
{
    audit_before(p);
    core_step(p->core, event, out);
    audit_after(p, event, out);
}

static void take_submit(struct player *p, struct event *event, struct line *line)
{
    uint32_t n;
    struct core_key *keys = line_keys(p, line, &n);
    event->keys = keys;
    event->n_keys = core_normalise(keys, n);
    take_fields(p, event, line);
}

static void play_submit(struct player *p, struct line *line)
{
    struct event event = event_of(p, EVENT_SUBMIT, line);
    struct outcome out;
    event.op = line_slice(p, line);
    if (slice_equal(event.op, SLICE("-")))
        event.op.n = 0;
    take_submit(p, &event, line);
    step(p, &event, &out);
    if (out.status == LOCKQ_OK && out.op == NULL) {
        fprintf(p->out, "    %.*s ", (int)event.op.n, event.op.at);
        words_left_out(p, &out);
        return;
    }
    words_status(p, &out);
    words_effects(p, &out, "changed");
}

static void play_plan(struct player *p, struct line *line)
{
    struct event event = event_of(p, EVENT_SUBMIT, line);
    struct outcome out;
    struct plan plan;
    take_submit(p, &event, line);
    audit_before(p);
    core_plan(p->core, &event, &out, &plan);
    audit_state(p);
    if (out.status != LOCKQ_OK) {
        words_status(p, &out);
        return;
    }
    fprintf(p->out, "    would %s", plan.n_blocked == 0 ? "be granted" : "wait, ");
    if (plan.n_blocked > 0)
        words_ahead(p, &plan.ahead);
    for (uint32_t i = 0; i < plan.shown; i++) {
        fputs(i == 0 ? ", blocked " : " ", p->out);
        fprintf(p->out, "%.*s", (int)plan.blocked[i].n, plan.blocked[i].at);
    }
    if (plan.n_blocked > plan.shown)
        fprintf(p->out, " of %u", plan.n_blocked);
    fputc('\n', p->out);
}

static void play_crowd(struct player *p, struct line *line)
{
    struct event event = event_of(p, EVENT_SUBMIT, line);
    char *name = line_take(line), id[64];
    uint32_t n = (uint32_t)line_number(line), granted = 0, waiting = 0;
    take_submit(p, &event, line);
    for (uint32_t i = 1; i <= n; i++) {
        struct outcome out;
        snprintf(id, sizeof id, "%s%u", name, i);
        event.op = slice_of(id);
        step(p, &event, &out);
        granted += out.status == LOCKQ_OK && out.op != NULL && out.op->state == OP_GRANTED;
        waiting += out.status == LOCKQ_OK && out.op != NULL && out.op->state == OP_WAITING;
    }
    fprintf(p->out, "    %u granted, %u waiting\n", granted, waiting);
}

/* The keys of an extension, or those to be given back. */
static void take_keys(struct player *p, struct event *event, struct line *line)
{
    struct core_key *keys = line_keys(p, line, &event->n_keys);

    event->keys = keys;
    event->n_keys = event->type == EVENT_EXTEND ? core_normalise(keys, event->n_keys)
                                                : core_sort_keys(keys, event->n_keys);
}

static void play_event(struct player *p, enum event_type type, const char *verb, struct line *line)
{
    struct event event = event_of(p, type, line);
    struct outcome out;
    if (type != EVENT_TICK && type != EVENT_SESSION_END)
        event.op = line_slice(p, line);
    if (type == EVENT_EXTEND || type == EVENT_RELEASE)
        take_keys(p, &event, line);
    take_fields(p, &event, line);
    step(p, &event, &out);
    words_status(p, &out);
    if (out.refused) {
        fprintf(p->out, "    %.*s ", (int)event.op.n, event.op.at);
        words_left_out(p, &out);
    }
    words_effects(p, &out, verb);
}

/* --- the story ------------------------------------------------------------------------------ */

static void play_limit(struct player *p, struct line *line)
{
    struct core_limits *limits = &p->config.limits;
    const struct {
        const char *name;
        uint64_t *value;
    } known[] = {
        {"live_ops", &limits->live_ops},
        {"live_ops_per_session", &limits->live_ops_per_session},
        {"live_claims", &limits->live_claims},
        {"live_bytes", &limits->live_bytes},
        {"namespaces", &limits->namespaces},
        {"remembered", &limits->remembered},
        {"remembered_ms", &limits->remembered_ms},
        {"keys", &limits->keys},
        {"key_text", &limits->key_text},
        {"generations", &limits->generations},
        {"changed_keys", &limits->changed_keys},
    };
    const char *name = line_take(line);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (name != NULL && strcmp(known[i].name, name) == 0) {
            *known[i].value = (uint64_t)line_number(line);
            return;
        }
    line_is_wrong("no such limit:", name);
}

static void play_verb(struct player *p, const char *verb, struct line *line)
{
    static const struct {
        const char *verb;
        enum event_type type;
    } events[] = {
        {"claim", EVENT_CLAIM},   {"renew", EVENT_RENEW},      {"release", EVENT_RELEASE},
        {"cancel", EVENT_CANCEL}, {"ends", EVENT_SESSION_END}, {"tick", EVENT_TICK},
        {"extend", EVENT_EXTEND}, {"kill", EVENT_KILL},
    };
    if (strcmp(verb, "limit") == 0) {
        play_limit(p, line);
        return;
    }
    if (p->core == NULL)
        p->core = core_create(&p->config);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcmp(events[i].verb, verb) == 0) {
            play_event(p, events[i].type, verb, line);
            return;
        }
    if (strcmp(verb, "watch") == 0)
        core_tell_contended(p->core, true);
    else if (strcmp(verb, "plan") == 0)
        play_plan(p, line);
    else if (strcmp(verb, "submit") == 0)
        play_submit(p, line);
    else if (strcmp(verb, "crowd") == 0)
        play_crowd(p, line);
    else if (strcmp(verb, "restart") == 0)
        restart(p, line);
    else if (!ask(p, verb, line))
        line_is_wrong("no such command:", verb);
}

static void play_line(struct player *p, char *text)
{
    struct line line = {.n = 0};
    arena_reset(&p->arena);
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word != NULL && line.n < 64;
         word = strtok_r(NULL, " ", &save))
        line.words[line.n++] = word;
    p->now_ms = line_number(&line);
    char *word = line_take(&line);
    if (word != NULL && isupper((unsigned char)word[0]) && word[1] == '\0') {
        line.session = session_of(word);
        word = line_take(&line);
    }
    if (word == NULL)
        line_is_wrong("a command is missing", NULL);
    play_verb(p, word, &line);
}

static void play_all(struct player *p, const char *story)
{
    char *copy = memory_alloc(strlen(story) + 1), *save = NULL;
    strcpy(copy, story);
    for (char *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (isdigit((unsigned char)line[0])) {
            fprintf(p->out, "%s\n", line);
            play_line(p, line);
        }
    free(copy);
}

void play(const char *story)
{
    char *told = NULL;
    size_t n = 0;
    struct player p = {
        .config = {.hash_key = {1, 2},
                   .epoch = 7,
                   .limits = {.live_ops = 1000000,
                              .live_ops_per_session = 100000,
                              .live_claims = 10000000,
                              .live_bytes = 1 << 30,
                              .namespaces = 1000,
                              .remembered = 1000,
                              .remembered_ms = 86400000,
                              .keys = 100000,
                              .key_text = 8 << 20,
                              .generations = 64,
                              .changed_keys = 1000000}},
        .out = open_memstream(&told, &n),
    };
    play_all(&p, story);
    core_destroy(p.core);
    arena_finish(&p.arena);
    fclose(p.out);
    bool same = strcmp(story, told) == 0;
    if (!same)
        diff_print(story, told);
    free(told);
    if (!same)
        fail_msg("the story came out otherwise");
}
