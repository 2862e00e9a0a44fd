#include "base/siphash.h"
#include "store/store.h"

/* Each column is hashed with the hash so far as the key, so that nothing can move from one to the
 * next unnoticed; the constant tells absent from empty. */
static uint64_t add_int(uint64_t hash, uint64_t number)
{
    return siphash13((struct siphash_key){hash, 1}, &number, sizeof number);
}

static uint64_t add_slice(uint64_t hash, struct slice s)
{
    return siphash13((struct siphash_key){hash, s.at == NULL ? 2 : 3}, s.at == NULL ? "" : s.at,
                     s.n);
}

static uint64_t not_zero(uint64_t hash)
{
    return hash == 0 ? 1 : hash;
}

uint64_t store_op_hash(const struct store_op *op)
{
    uint64_t hash = 4;
#define ADD_INT(name)   hash = add_int(hash, (uint64_t)op->name);
#define ADD_SLICE(name) hash = add_slice(hash, op->name);
    STORE_OP_COLUMNS(ADD_INT, ADD_SLICE, ADD_SLICE)
#undef ADD_INT
#undef ADD_SLICE
    return not_zero(hash);
}

uint64_t store_session_hash(const struct store_session *session)
{
    uint64_t hash = 5;
    hash = add_int(hash, session->id);
    hash = add_int(hash, session->grace_ms);
    hash = add_slice(hash, session->ns);
    hash = add_slice(hash, session->secret);
    hash = add_slice(hash, session->peer);
    return not_zero(hash);
}
