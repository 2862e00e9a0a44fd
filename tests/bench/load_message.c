#include "load_message.h"

#include <msgpack.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS     9
#define LOCKED        10 /* keys of a check */
#define RUNS          1000
#define KEYS_OF_A_RUN 10000

const char *const load_mode_names[LOAD_MODES] = {"echo", "commit", "own", "hot", "check"};

static void put(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

/* The keys of a run are its own: the daemon may still be about to end what the run before held. */
static unsigned first_key(const struct load_kind *kind)
{
    unsigned first = kind->run_tag % RUNS * KEYS_OF_A_RUN;

    return kind->mode == LOAD_HOT ? first : first + (unsigned)(kind->n_keys * kind->connection);
}

/* All keys, or for a check to be made ten of them, far apart. */
static void put_keys(msgpack_packer *packer, const struct load_kind *kind)
{
    bool is_sparse = kind->mode == LOAD_CHECK && !kind->is_second && kind->n_keys > LOCKED;
    int step = is_sparse ? kind->n_keys / LOCKED : 1;
    int n = is_sparse ? LOCKED : kind->n_keys;
    char key[64];

    put(packer, "keys");
    msgpack_pack_array(packer, (size_t)n);
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "Task/%u", first_key(kind) + (unsigned)(i * step));
        put(packer, key);
    }
}

static void put_op(msgpack_packer *packer, const struct load_kind *kind)
{
    char op[64];

    put(packer, "op");
    snprintf(op, sizeof op, "%08x-%d-%0*d", kind->run_tag, kind->connection, ID_DIGITS, 0);
    put(packer, op);
}

/* [0, 7, method, [{op, keys}]], or one of the two. */
static void make_request(msgpack_sbuffer *out, struct load_message *message,
                         const struct load_kind *kind)
{
    bool is_check = kind->mode == LOAD_CHECK && kind->is_second;
    bool is_release = kind->is_second && !is_check;
    const char *begins = kind->mode == LOAD_HOT ? "acquire" : "submit";
    msgpack_packer packer;

    msgpack_packer_init(&packer, out, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_int(&packer, 0);
    msgpack_pack_int(&packer, 7);
    put(&packer, is_check ? "check" : is_release ? "release" : begins);
    msgpack_pack_array(&packer, 1);
    msgpack_pack_map(&packer, kind->is_second ? 1 : 2);
    if (!is_check)
        put_op(&packer, kind);
    message->id_place = is_check ? 0 : out->size - ID_DIGITS;
    if (!is_release)
        put_keys(&packer, kind);
}

static void make_plain(msgpack_sbuffer *out, struct load_message *message,
                       const struct load_kind *kind)
{
    char bytes[LOAD_PLAIN_SIZE] = {kind->is_second ? 'R' : 'S'};

    snprintf(bytes + 1, sizeof bytes - 1, "%05d%0*d", kind->connection, ID_DIGITS, 0);
    msgpack_sbuffer_write(out, bytes, sizeof bytes);
    message->id_place = 6;
}

void load_message_make(struct load_message *message, const struct load_kind *kind)
{
    msgpack_sbuffer out;

    msgpack_sbuffer_init(&out);
    if (kind->mode == LOAD_ECHO || kind->mode == LOAD_COMMIT)
        make_plain(&out, message, kind);
    else
        make_request(&out, message, kind);
    message->n = out.size;
    message->bytes = msgpack_sbuffer_release(&out);
}

void load_message_patch(struct load_message *message, uint64_t number)
{
    char *digit = message->bytes + message->id_place + ID_DIGITS;

    if (message->id_place == 0)
        return;
    for (int i = 0; i < ID_DIGITS; i++, number /= 10)
        *--digit = (char)('0' + number % 10);
}
