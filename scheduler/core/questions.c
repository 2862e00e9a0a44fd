/*
 * Questions that are answered from what is counted or indexed anyway.
 */
#include "core/state.h"

struct op *core_find(struct core *core, struct slice ns, struct slice id)
{
    const struct core_namespace *in = namespace_find(&core->namespaces, ns);
    struct core_op *op = in == NULL ? NULL : core_find_in(core, in, id);
    return op == NULL ? NULL : &op->op;
}

struct op *core_next_by_ticket(struct core *core, uint64_t after)
{
    uint32_t number = roll_next(&core->roll, after);
    return number == 0 ? NULL : &op_at(&core->ops, number)->op;
}

const struct core_namespace *core_next_namespace(const struct core *core,
                                                 const struct core_namespace *ns)
{
    const struct list *head = &core->namespaces.live;
    const struct list *next = ns == NULL ? list_first(head) : ns->live.next;

    if (next == NULL || next == head)
        return NULL;
    return (const struct core_namespace *)(const void *)((const char *)next -
                                                         offsetof(struct core_namespace, live));
}

uint64_t core_namespace_live(const struct core_namespace *ns)
{
    return ns->n_live;
}

struct slice core_namespace_name(const struct core_namespace *ns)
{
    return ns->name;
}

uint32_t core_session_ops(const struct core *core, uint64_t session)
{
    const struct owner *owner = owner_find(&core->owners, session);
    return owner == NULL ? 0 : owner->n_submitted + owner->n_claimed;
}

void core_stats(const struct core *core, struct core_stats *out)
{
    *out = (struct core_stats){
        .seq = core->seq,
        .ticket = core->ticket,
        .epoch = core->epoch,
        .waiting = core->n_waiting,
        .granted = core->n_granted,
        .remembered = core->history.n,
        .claims = core->n_claims,
        .keys = core->keys.table.n + core->namespaces.n_live, /* each with its root */
        .namespaces = core->namespaces.n_live,
        .live_bytes = core->live_bytes,
        .submitted = core->n_submitted,
        .grants = core->n_grants,
    };
    memcpy(out->ended, core->n_ended, sizeof out->ended);
}
