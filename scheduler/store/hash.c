#include "base/siphash.h"
#include "store/store.h"

/*
 * All numbers, and the lengths of all texts, are hashed first, as one block; then the texts, each
 * with the hash so far as the key. So nothing can move from one column to the next unnoticed, and
 * absent differs from empty.
 */
#define ABSENT UINT64_MAX

static uint64_t length(struct slice s)
{
    return s.at == NULL ? ABSENT : s.n;
}

static uint64_t add_slice(uint64_t hash, struct slice s)
{
    return s.n == 0 ? hash : siphash13((struct siphash_key){hash, s.n}, s.at, s.n);
}

static uint64_t not_zero(uint64_t hash)
{
    return hash == 0 ? 1 : hash;
}

uint64_t store_op_hash(const struct store_op *op)
{
#define NUMBER(name) (uint64_t) op->name,
#define LENGTH(name) length(op->name),
    const uint64_t numbers[] = {STORE_OP_COLUMNS(NUMBER, LENGTH, LENGTH)};
#undef NUMBER
#undef LENGTH
    uint64_t hash = siphash13((struct siphash_key){1, 0}, numbers, sizeof numbers);

#define NOTHING(name)
#define ADD_SLICE(name) hash = add_slice(hash, op->name);
    STORE_OP_COLUMNS(NOTHING, ADD_SLICE, ADD_SLICE)
#undef ADD_SLICE
#undef NOTHING
    return not_zero(hash);
}

uint64_t store_session_hash(const struct store_session *session)
{
    const uint64_t numbers[] = {session->id, session->grace_ms, length(session->ns),
                                length(session->secret), length(session->peer)};
    uint64_t hash = siphash13((struct siphash_key){2, 0}, numbers, sizeof numbers);

    hash = add_slice(hash, session->ns);
    hash = add_slice(hash, session->secret);
    hash = add_slice(hash, session->peer);
    return not_zero(hash);
}
