#include "kit.h"

#include <dirent.h>
#include <unistd.h>

const struct kind *kind;
char kit_folder[64];
uint64_t kit_sum;
struct found kit_found;

int kit_set_up(void **state)
{
    (void)state;
    strcpy(kit_folder, "/tmp/lockq-store-XXXXXX");
    assert_non_null(mkdtemp(kit_folder));
    kit_sum = 0;
    if (kind->set_up != NULL)
        kind->set_up();
    return 0;
}

/* Files, and folders of files. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    char inside[600];

    if (folder == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%.300s/%.255s", path, entry->d_name);
        if (unlink(inside) != 0)
            remove_folder(inside);
    }
    closedir(folder);
    rmdir(path);
}

int kit_tear_down(void **state)
{
    (void)state;
    if (kind->tear_down != NULL)
        kind->tear_down();
    remove_folder(kit_folder);
    return 0;
}

const char *kit_path(const char *file)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%.48s", kit_folder, file);
    return path;
}

/* --- what comes back ------------------------------------------------------------------------- */

static bool on_session(void *context, const struct store_session *session)
{
    struct found *found = context;

    assert_true(found->n_sessions < KIT_ROWS_MAX);
    assert_int_equal(found->n_ops, 0);
    found->sessions[found->n_sessions] = session->id;
    found->session_hashes[found->n_sessions++] = store_session_hash(session);
    found->hash += store_session_hash(session);
    return true;
}

static bool on_op(void *context, const struct store_op *op)
{
    struct found *found = context;

    assert_true(found->n_ops < KIT_ROWS_MAX);
    assert_true(found->n_ops == 0 || op->ticket > found->tickets[found->n_ops - 1]);
    found->hash += store_op_hash(op);
    found->hashes[found->n_ops] = store_op_hash(op);
    found->tickets[found->n_ops] = op->ticket;
    found->states[found->n_ops++] = op->state;
    snprintf(found->last_keys, sizeof found->last_keys, "%.*s", (int)op->keys.n,
             op->keys.at == NULL ? "" : op->keys.at);
    return !found->refuses;
}

struct store_result kit_open(struct store *store, struct found *found)
{
    struct store_recovery recovery = {found, on_session, on_op};
    return store->is->open(store, &recovery, &found->meta);
}

struct store *kit_reopen(void)
{
    struct store *store = kind->create();
    struct store_result result;

    memset(&kit_found, 0, sizeof kit_found);
    result = kit_open(store, &kit_found);
    if (result.status != STORE_OK)
        fail_msg("%s", result.why);
    assert_true(kit_found.hash == kit_found.meta.hash);
    return store;
}

struct store_result kit_refusal(void)
{
    struct found *found = calloc(1, sizeof *found);
    struct store *store = kind->create();
    struct store_result result = kit_open(store, found);

    store->is->close(store);
    free(found);
    return result;
}

/* --- what is stored -------------------------------------------------------------------------- */

struct store_op kit_op(int64_t ticket)
{
    return (struct store_op){.ticket = ticket,
                             .ns = SLICE("default"),
                             .id = SLICE("op"),
                             .session = 5,
                             .wait_ms = -1,
                             .who = SLICE("uid:1"),
                             .why = SLICE(""),
                             .content = SLICE("0123456789abcdef"),
                             .seq = ticket,
                             .state = 1,
                             .token = ticket,
                             .granted_ms = 1750000000000,
                             .keys = SLICE("[\"Project/25\",\"File/a%2Fb\"]"),
                             .meta = SLICE("\xc0")};
}

uint64_t kit_hash(int64_t ticket)
{
    struct store_op op = kit_op(ticket);
    return store_op_hash(&op);
}

struct store_result kit_try(struct store *store, enum store_change change, struct store_op op,
                            uint64_t hash_before)
{
    struct store_op_record record = {change, op};
    struct store_batch batch = {.ops = &record, .n_ops = 1};

    kit_sum -= hash_before;
    if (change != STORE_REMOVE)
        kit_sum += store_op_hash(&op);
    batch.meta = (struct store_meta){7, (uint64_t)op.seq, (uint64_t)op.ticket, kit_sum};
    return store->is->commit(store, &batch);
}

void kit_put(struct store *store, enum store_change change, struct store_op op,
             uint64_t hash_before)
{
    struct store_result result = kit_try(store, change, op, hash_before);

    if (result.status != STORE_OK)
        fail_msg("%s", result.why);
}

void kit_make_two(void)
{
    struct store *store = kit_reopen();

    kit_sum = 0;
    kit_put(store, STORE_PUT, kit_op(1), 0);
    kit_put(store, STORE_PUT, kit_op(2), 0);
    store->is->close(store);
}

pid_t kit_start_writer(int *said)
{
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        struct store *store = kind->create();
        memset(&kit_found, 0, sizeof kit_found);
        if (kit_open(store, &kit_found).status != STORE_OK)
            _exit(1);
        kit_sum = kit_found.meta.hash;
        for (int64_t ticket = (int64_t)kit_found.meta.ticket + 1;; ticket++) {
            kit_put(store, STORE_PUT, kit_op(ticket), 0);
            if (write(ends[1], &ticket, sizeof ticket) != sizeof ticket)
                _exit(0);
        }
    }
    close(ends[1]);
    *said = ends[0];
    return child;
}
