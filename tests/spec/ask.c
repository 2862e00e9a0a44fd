#include <stdlib.h>

#include "player.h"

#define SHOWN_MAX 64

static struct slice name_of(struct line *line)
{
    char *word = line_take(line);
    return slice_of(word != NULL ? word : "");
}

static struct slice path_of(struct line *line)
{
    struct slice path = name_of(line);
    return slice_equal(path, SLICE("/")) ? SLICE("") : path;
}

/* The operation that the next word names, in the namespace after "in" if that follows. */
static struct op *op_of(struct player *p, struct line *line)
{
    struct slice id = name_of(line);
    struct slice ns = line_takes(line, "in") ? name_of(line) : SLICE("default");
    struct op *op = core_find(p->core, ns, id);
    if (op == NULL)
        fprintf(p->out, "    no %.*s\n", (int)id.n, id.at);
    return op;
}

static void ask_ahead(struct player *p, struct line *line)
{
    struct op *op = op_of(p, line);
    struct ahead ahead;
    if (op == NULL)
        return;
    core_ahead(p->core, op, &ahead);
    fprintf(p->out, "    %u%s ahead", ahead.count, ahead.more ? " or more" : "");
    for (uint32_t i = 0; i < ahead.shown; i++) {
        const struct blocker *blocker = &ahead.blockers[i];
        fprintf(p->out, "%s %.*s ", i == 0 ? ":" : ",", (int)blocker->op->id.n, blocker->op->id.at);
        words_key(p, blocker->key, blocker->mode);
    }
    fputc('\n', p->out);
}

static void ask_check(struct player *p, struct line *line)
{
    struct slice path = path_of(line);
    struct slice ns = line_takes(line, "in") ? name_of(line) : SLICE("default");
    struct core_check check;
    core_check(p->core, ns, path, &check);
    if (check.free) {
        fputs("    free\n", p->out);
        return;
    }
    fprintf(p->out, "    %s by %.*s ", check.state == OP_GRANTED ? "held" : "reserved",
            (int)check.op->id.n, check.op->id.at);
    words_key(p, check.held, check.mode);
    fprintf(p->out, ", holders %u, waiting %u\n", check.holders, check.waiting);
}

static void ask_contended(struct player *p, struct line *line)
{
    struct op *op = op_of(p, line);
    if (op != NULL)
        fputs(core_contended(p->core, op) ? "    yes\n" : "    no\n", p->out);
}

static void ask_changed(struct player *p, struct line *line)
{
    struct slice path = path_of(line);
    struct core_change change;
    if (!line_takes(line, "since"))
        line_is_wrong("since is missing", NULL);
    if (!core_changed(p->core, SLICE("default"), path, (uint64_t)line_number(line), &change)) {
        fputs("    no\n", p->out);
        return;
    }
    fputs("    ", p->out);
    words_changes(p, &change, 1);
    fputc('\n', p->out);
}

static void write_keys(struct player *p, const struct core_key *keys, uint32_t n)
{
    fputs("   ", p->out);
    for (uint32_t i = 0; i < n; i++) {
        fputc(' ', p->out);
        words_key(p, keys[i].path, keys[i].mode);
    }
    fputs(n == 0 ? " none\n" : "\n", p->out);
}

static void ask_keys(struct player *p, struct line *line)
{
    struct core_key keys[SHOWN_MAX];
    struct op *op = op_of(p, line);
    if (op == NULL)
        return;
    uint32_t first = line_takes(line, "from") ? (uint32_t)line_number(line) : 0;
    uint32_t max = line_takes(line, "max") ? (uint32_t)line_number(line) : SHOWN_MAX;
    write_keys(p, keys, core_op_keys(p->core, op, first, keys, max));
}

static void ask_normalise(struct player *p, struct line *line)
{
    uint32_t n;
    struct core_key *keys = line_keys(p, line, &n);
    write_keys(p, keys, core_normalise(keys, n));
}

static void ask_touches(struct player *p, struct line *line)
{
    struct op *op = op_of(p, line);
    if (op != NULL)
        fputs(core_op_touches(p->core, op, path_of(line)) ? "    yes\n" : "    no\n", p->out);
}

static void ask_show(struct player *p, struct line *line)
{
    struct op *op = op_of(p, line);
    if (op != NULL)
        words_op(p, op);
}

/* Everything that is live or remembered, in ticket order. */
static void ask_list(struct player *p, struct line *line)
{
    static const char *const states[] = {"waiting", "granted", "ended"};
    uint64_t ticket = line->next < line->n ? (uint64_t)line_number(line) : 0;
    const char *comma = "    ";
    for (struct op *op; (op = core_next_by_ticket(p->core, ticket)) != NULL; ticket = op->ticket) {
        fprintf(p->out, "%s%llu %.*s %s", comma, (unsigned long long)op->ticket, (int)op->id.n,
                op->id.at, states[op->state]);
        comma = ", ";
    }
    fputs(comma[0] == ',' ? "\n" : "    nothing\n", p->out);
}

static void ask_stats(struct player *p, struct line *line)
{
    struct core_stats stats;
    core_stats(p->core, &stats);
    const struct {
        const char *name;
        uint64_t value;
    } known[] = {
        {"waiting", stats.waiting},
        {"granted", stats.granted},
        {"remembered", stats.remembered},
        {"claims", stats.claims},
        {"keys", stats.keys},
        {"namespaces", stats.namespaces},
        {"live_bytes", stats.live_bytes},
        {"submitted", stats.submitted},
        {"grants", stats.grants},
        {"refused", stats.ended[END_REFUSED]},
        {"stale", stats.ended[END_STALE]},
        {"deadlock", stats.ended[END_DEADLOCK]},
        {"seq", stats.seq},
        {"ticket", stats.ticket},
        {"epoch", stats.epoch},
        {"released", stats.ended[END_RELEASED]},
        {"lost", stats.ended[END_LOST]},
        {"expired", stats.ended[END_EXPIRED]},
    };
    fputs("   ", p->out);
    for (char *name; (name = line_take(line)) != NULL;)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcmp(known[i].name, name) == 0)
                fprintf(p->out, " %s %llu", name, (unsigned long long)known[i].value);
    fputc('\n', p->out);
}

static void ask_owns(struct player *p, struct line *line)
{
    struct slice client = name_of(line);
    fprintf(p->out, "    %u\n", core_session_ops(p->core, session_of(client.at)));
}

/* Whether a tick at that time may have something to do. */
static void ask_due(struct player *p, struct line *line)
{
    fputs(core_next_deadline(p->core) <= line_number(line) ? "    yes\n" : "    no\n", p->out);
}

static int by_name(const void *a, const void *b)
{
    return slice_compare(core_namespace_name(*(const struct core_namespace *const *)a),
                         core_namespace_name(*(const struct core_namespace *const *)b));
}

/* The core promises no order, the story needs one. */
static void ask_namespaces(struct player *p, struct line *line)
{
    const struct core_namespace *found[SHOWN_MAX];
    size_t n = 0;
    (void)line;
    for (const struct core_namespace *ns = NULL;
         n < SHOWN_MAX && (ns = core_next_namespace(p->core, ns)) != NULL;)
        found[n++] = ns;
    qsort(found, n, sizeof found[0], by_name);
    fputs("   ", p->out);
    for (size_t i = 0; i < n; i++) {
        struct slice name = core_namespace_name(found[i]);
        fprintf(p->out, " %.*s %llu", (int)name.n, name.at,
                (unsigned long long)core_namespace_live(found[i]));
    }
    fputs(n == 0 ? " none\n" : "\n", p->out);
}

bool ask(struct player *p, const char *verb, struct line *line)
{
    static const struct {
        const char *verb;
        void (*run)(struct player *p, struct line *line);
    } questions[] = {
        {"ahead", ask_ahead},     {"check", ask_check}, {"contended", ask_contended},
        {"changed", ask_changed}, {"keys", ask_keys},   {"normalise", ask_normalise},
        {"touches", ask_touches}, {"show", ask_show},   {"list", ask_list},
        {"stats", ask_stats},     {"owns", ask_owns},   {"namespaces", ask_namespaces},
        {"due", ask_due},
    };
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        if (strcmp(questions[i].verb, verb) == 0) {
            questions[i].run(p, line);
            return true;
        }
    return false;
}
