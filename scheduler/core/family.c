#include "core/family.h"

uint32_t family_depth(const struct core_op *op)
{
    uint32_t depth = 0;

    for (const struct op *at = op->op.parent; at != NULL; at = at->parent)
        depth++;
    return depth;
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
