#include "core/family.h"

#include "core/own.h"
#include "core/step.h"

/* How many are above it. */
static uint32_t depth_of(const struct core_op *op)
{
    uint32_t depth = 0;

    for (const struct op *at = op->op.parent; at != NULL; at = at->parent)
        depth++;
    return depth;
}

bool family_find_parent(const struct core *core, const struct core_namespace *ns,
                        const struct event *event, struct core_op **parent, struct outcome *out)
{
    struct core_op *op;

    *parent = NULL;
    if (event->parent.at == NULL)
        return true;
    op = ns == NULL ? NULL : core_find_in(core, ns, event->parent);
    out->status =
        op == NULL ? LOCKQ_NOT_FOUND : own_may(&op->op, event->session, event->parent_token);
    if (out->status == LOCKQ_OK && op->op.state != OP_GRANTED) {
        out->status = LOCKQ_NOT_GRANTED;
        out->op = &op->op;
    }
    if (out->status != LOCKQ_OK ||
        step_is_over(out, "generations", core->limits.generations, depth_of(op) + 1))
        return false;
    *parent = op;
    return true;
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
