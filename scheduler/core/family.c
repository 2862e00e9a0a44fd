#include "core/family.h"

#include "core/own.h"

/* How many are above it. */
static uint32_t depth_of(const struct core_op *op)
{
    uint32_t depth = 0;

    for (const struct op *at = op->op.parent; at != NULL; at = at->parent)
        depth++;
    return depth;
}

enum lockq_status family_find_parent(const struct core *core, const struct core_namespace *ns,
                                     const struct event *event, struct core_op **parent,
                                     struct outcome *out)
{
    struct core_op *op;
    enum lockq_status status;

    *parent = NULL;
    if (event->parent.at == NULL)
        return LOCKQ_OK;
    op = ns == NULL ? NULL : core_find_in(core, ns, event->parent);
    if (op == NULL)
        return LOCKQ_NOT_FOUND;
    status = own_may(&op->op, event->session, event->parent_token);
    if (status != LOCKQ_OK)
        return status;
    if (op->op.state != OP_GRANTED)
        return LOCKQ_NOT_GRANTED;
    if (depth_of(op) + 1 > core->limits.generations) {
        out->limit = "generations";
        out->limit_value = core->limits.generations;
        return LOCKQ_OVER_LIMIT;
    }
    *parent = op;
    return LOCKQ_OK;
}

void family_on_live(struct core_op *op)
{
    struct core_op *parent;

    if (op->op.parent == NULL)
        return;
    parent = op_of(op->op.parent);
    list_append(&parent->children, &op->sibling);
    parent->op.n_children++;
}

void family_on_ended(struct core_op *op)
{
    if (op->op.parent == NULL)
        return;
    list_remove(&op->sibling);
    op_of(op->op.parent)->op.n_children--;
}

static void add_children(const struct core_op *op, struct sort_list *list)
{
    LIST_EACH (&op->children, link) {
        struct core_op *child = LIST_ENTRY(link, struct core_op, sibling);
        sort_list_add(list, child->op.ticket, child);
    }
}

void family_descendants(const struct core_op *op, struct sort_list *list)
{
    add_children(op, list);
    for (size_t i = 0; i < list->n; i++)
        add_children(list->items[i].of, list);
    sort_items(list->items, list->n);
}
