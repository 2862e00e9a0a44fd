/*
 * explain, plan: why an operation waits, and what one would meet.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "server/method.h"
#include "server/view.h"
#include "wire/reply.h"

#define NODES_MAX 256

/* One operation of the tree. Those that block it follow each other in the array: a tree in the
 * order of its breadth. */
struct node {
    const struct op *op;
    struct slice
        key; /* what it named, where it stands in the way; of the root the first it names */
    enum mode mode;
    uint32_t first, n; /* places of its blockers */
};

struct tree {
    struct core *core;
    struct node nodes[NODES_MAX];
    uint32_t n;
    bool is_truncated;
};

/* Each operation is opened once: where it comes up again it has no blockers. */
static bool is_open(const struct tree *tree, const struct op *op, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (tree->nodes[i].op == op)
            return true;
    return false;
}

static void open_node(struct tree *tree, uint32_t place)
{
    struct node *node = &tree->nodes[place];
    struct blocker blockers[NODES_MAX];
    bool more;

    node->first = tree->n;
    if (is_open(tree, node->op, place))
        return;
    node->n = core_blockers(tree->core, node->op, blockers, NODES_MAX - tree->n, &more);
    tree->is_truncated = tree->is_truncated || more;
    for (uint32_t i = 0; i < node->n; i++)
        tree->nodes[tree->n++] =
            (struct node){blockers[i].op, blockers[i].key, blockers[i].mode, 0, 0};
}

static void grow(struct tree *tree, const struct op *root)
{
    struct core_key key = {.mode = MODE_X};

    core_op_keys(tree->core, root, 0, &key, 1);
    tree->nodes[tree->n++] = (struct node){root, key.path, key.mode, 0, 0};
    for (uint32_t i = 0; i < tree->n; i++)
        open_node(tree, i);
}

static uint64_t age_ms(const struct server *server, const struct op *op)
{
    uint64_t since = op->state == OP_GRANTED   ? op->granted_ms
                     : op->state == OP_WAITING ? op->submitted_ms
                                               : op->ended_ms;
    return server->wall_ms > since ? server->wall_ms - since : 0;
}

/* As deep as the longest chain of blockers, which is no longer than the tree is large. */
static void put_node(struct server *server, struct buf *out, const struct tree *tree,
                     const struct node *node)
{
    const struct op *op = node->op;
    bool has_progress = op->progress.at != NULL;

    put_map(out, has_progress ? 9 : 8);
    put_name(out, "op");
    put_text(out, op->id);
    put_name(out, "state");
    put_name(out, op_state_names[op->state]);
    put_name(out, "key");
    put_path(out, node->key);
    put_name(out, "mode");
    put_name(out, mode_name(node->mode));
    put_name(out, "who");
    put_text(out, op->who);
    put_name(out, "why");
    put_text(out, op->why);
    put_name(out, "age");
    put_uint(out, age_ms(server, op));
    if (has_progress) {
        put_name(out, "progress");
        put_text(out, op->progress);
    }
    put_name(out, "blockers");
    put_array(out, node->n);
    for (uint32_t i = 0; i < node->n; i++)
        put_node(server, out, tree, &tree->nodes[node->first + i]);
}

void method_explain(struct server *server, struct conn *conn, const struct request *request)
{
    const struct op *op = method_find(server, conn, request);
    struct tree *tree;
    struct buf *out;

    if (op == NULL)
        return;
    tree = memory_alloc_zeroed(1, sizeof *tree);
    tree->core = server->core;
    grow(tree, op);
    out = method_reply(server, conn, request);
    put_map(out, 4);
    put_name(out, "op");
    put_text(out, op->id);
    put_name(out, "tree");
    put_node(server, out, tree, &tree->nodes[0]);
    put_name(out, "truncated");
    put_bool(out, tree->is_truncated);
    put_name(out, "seq");
    put_uint(out, server_seq(server));
    free(tree);
}

/* --- plan ----------------------------------------------------------------------------------- */

void method_plan(struct server *server, struct conn *conn, const struct request *request)
{
    struct event event = method_submit_event(server, conn, request);
    struct outcome outcome = {.op = NULL};
    struct plan plan;
    struct put_open_map map;
    struct buf *out;

    core_plan(server->core, &event, &outcome, &plan);
    if (outcome.status != LOCKQ_OK) {
        method_fail_step(server, conn, request, &outcome);
        return;
    }
    out = method_reply(server, conn, request);
    map = put_map_begin(out);
    put_name(out, "state");
    put_name(out, op_state_names[plan.n_blocked > 0 ? OP_WAITING : OP_GRANTED]);
    put_ahead(out, &map, &plan.ahead);
    put_name(out, "blocked");
    put_array(out, plan.shown);
    for (uint32_t i = 0; i < plan.shown; i++)
        put_path(out, plan.blocked[i]);
    put_name(out, "n_blocked");
    put_uint(out, plan.n_blocked);
    put_name(out, "seq");
    put_uint(out, server_seq(server));
    map.pairs += 4;
    put_map_end(out, &map);
}
