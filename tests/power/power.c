/*
 * The SQLite store on a disk that loses power.
 *
 *   lockq-power [--seeds N] [--from SEED] [--losses N] [--kind loss|kill|sync]
 *
 * A seed is a history of commits. `loss`: after each call that changes the disk the power goes, N
 * times with other luck, and the store is opened again. `kill`: after each call the process is
 * killed and the store opened on what the page cache has; then the power goes, at once or after
 * more commits. `sync`: each sync fails once; the commit must say so; the store is opened again,
 * and then the power goes.
 *
 * Whatever happens: what was answered is there; of the commit in flight all or nothing; what an
 * opening has told stays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "history.h"

/* The disk after a call, and how far the history had come. */
struct snapshot {
    struct disk disk;
    uint32_t answered, begun; /* commits */
};

struct power {
    char path[64];
    uint64_t seed, from, n_seeds, n_losses;
    const char *kind;
    struct history history;
    struct chance chance; /* of losses */
    struct snapshot *snapshots;
    size_t n_snapshots, cap_snapshots;
    uint32_t answered, begun;
    uint32_t one_in; /* calls, one is snapshotted */
    uint64_t losses, kills, sync_failures, openings, violations;
};

static void object(struct power *power, const char *what, const struct told *told)
{
    power->violations++;
    printf("lockq-power: seed %llu: %s: %s\n  again: lockq-power --seeds 1 --from %llu\n",
           (unsigned long long)power->seed, what, told == NULL ? "" : told->result.why,
           (unsigned long long)power->seed);
}

/* --- what must hold -------------------------------------------------------------------------- */

/* Opens, and closes like a process that is killed. */
static struct told look(struct power *power, struct disk *disk)
{
    struct told told;
    struct store *store = told_open(disk, power->path, &told);

    disk->is_off = true;
    store->is->close(store);
    disk->is_off = false;
    power->openings++;
    return told;
}

/* How many commits the digest knows; UINT32_MAX: it is none of those that may be. */
static uint32_t find(const struct power *power, const struct told *told, uint32_t least,
                     uint32_t most)
{
    if (told->result.status == STORE_OK)
        for (uint32_t i = least; i <= most; i++)
            if (power->history.digests[i] == told->digest)
                return i;
    return UINT32_MAX;
}

static uint32_t judge(struct power *power, const struct told *told, uint32_t least, uint32_t most,
                      const char *when)
{
    uint32_t found = find(power, told, least, most);

    if (found == UINT32_MAX)
        object(power, when, told);
    return found;
}

/* --- a history ------------------------------------------------------------------------------- */

static void on_call(struct disk *disk, void *context)
{
    struct power *power = context;
    struct snapshot *snapshot;

    if (power->one_in > 1 && chance_below(&power->chance, power->one_in) != 0)
        return;
    if (power->n_snapshots == power->cap_snapshots) {
        power->cap_snapshots = power->cap_snapshots == 0 ? 256 : 2 * power->cap_snapshots;
        power->snapshots =
            memory_resize(power->snapshots, power->cap_snapshots * sizeof *power->snapshots);
    }
    snapshot = &power->snapshots[power->n_snapshots++];
    disk_clone(disk, &snapshot->disk);
    snapshot->answered = power->answered;
    snapshot->begun = power->begun;
}

/* Commits until one fails. Returns false then. */
static bool run(struct power *power, struct store *store, uint32_t n_commits)
{
    struct history *history = &power->history;

    for (uint32_t i = 0; i < n_commits && history->n_commits < HISTORY_COMMITS; i++) {
        struct store_batch batch = history_next(history);
        power->begun = history->n_commits;
        if (store->is->commit(store, &batch).status != STORE_OK)
            return false;
        power->answered = history->n_commits;
        if (chance_is(&power->chance, 15) && store->is->on_idle(store).status != STORE_OK)
            return false;
    }
    return true;
}

static void begin(struct power *power, struct disk *disk)
{
    bool is_large = power->seed % 16 == 0; /* beyond the checkpoints that a commit makes */

    history_init(&power->history, power->seed, is_large ? 400000 : 3000);
    power->chance = chance_of(power->seed * 31 + 7);
    power->answered = power->begun = 0;
    power->one_in = is_large ? 400 : 1;
    *disk = (struct disk){.is_powersafe = chance_is(&power->chance, 50)};
}

static void end(struct power *power, struct disk *disk)
{
    disk_finish(disk);
    history_finish(&power->history);
}

/* Runs a history and keeps the disk after each call. */
static void record(struct power *power, struct disk *disk)
{
    struct told told;
    struct store *store;

    power->n_snapshots = 0;
    disk->on_call = on_call;
    disk->context = power;
    store = told_open(disk, power->path, &told);
    if (told.result.status != STORE_OK || !run(power, store, 4 + chance_below(&power->chance, 20)))
        object(power, "a disk without faults", &told);
    disk->on_call = NULL;
    disk->is_off = true;
    store->is->close(store);
    disk->is_off = false;
}

/* --- the three kinds ------------------------------------------------------------------------- */

static void lose_power(struct power *power, const struct snapshot *snapshot)
{
    for (uint64_t i = 0; i < power->n_losses; i++) {
        struct disk disk;
        struct told told;
        disk_clone(&snapshot->disk, &disk);
        disk_lose(&disk, &power->chance);
        told = look(power, &disk);
        judge(power, &told, snapshot->answered, snapshot->begun, "after a power loss");
        power->losses++;
        disk_finish(&disk);
    }
}

/* The power goes while the store is being opened again: nobody has been told anything yet. */
static void lose_while_opening(struct power *power, struct disk *disk, uint32_t least,
                               uint32_t most, const char *when)
{
    struct told told;
    struct store *store;

    disk->off_at = disk->calls + 1 + chance_below(&power->chance, 30);
    store = told_open(disk, power->path, &told);
    disk->is_off = true;
    store->is->close(store);
    disk_lose(disk, &power->chance);
    power->losses++;
    power->openings++;
    told = look(power, disk);
    judge(power, &told, least, most, when);
}

/* What an opening told holds, also when the power goes right after it, or after more commits. */
static void lose_after_opening(struct power *power, struct disk *disk, uint32_t least,
                               uint32_t most, const char *when)
{
    struct told told;
    struct store *store = told_open(disk, power->path, &told);
    uint32_t found = judge(power, &told, least, most, when);

    power->openings++;
    disk->is_off = true;
    store->is->close(store);
    disk->is_off = false;
    if (found == UINT32_MAX)
        return;
    disk_lose(disk, &power->chance);
    power->losses++;
    told = look(power, disk);
    judge(power, &told, found, found, when);
}

static void kill_then_lose(struct power *power, const struct snapshot *snapshot)
{
    for (uint64_t i = 0; i < power->n_losses; i++) {
        struct disk disk;
        disk_clone(&snapshot->disk, &disk);
        lose_while_opening(power, &disk, snapshot->answered, snapshot->begun,
                           "after a kill and a power loss while opening");
        disk_finish(&disk);
        disk_clone(&snapshot->disk, &disk);
        lose_after_opening(power, &disk, snapshot->answered, snapshot->begun,
                           "after a kill and a power loss");
        power->kills++;
        disk_finish(&disk);
    }
}

/* The n-th sync fails. Returns whether there was an n-th. */
static bool fail_sync(struct power *power, uint64_t n)
{
    struct disk disk;
    struct told told;
    struct store *store;
    bool is_fine, failed;

    begin(power, &disk);
    disk.fail_sync = n;
    store = told_open(&disk, power->path, &told);
    is_fine =
        told.result.status == STORE_OK && run(power, store, 4 + chance_below(&power->chance, 20));
    failed = disk.syncs >= n;
    if (failed && is_fine)
        object(power, "a failed sync was called a success", &told);
    disk.is_off = true;
    store->is->close(store);
    disk.is_off = false;
    disk.fail_sync = 0;
    for (uint64_t i = 0; failed && i < power->n_losses; i++) {
        struct disk again;
        disk_clone(&disk, &again);
        lose_while_opening(power, &again, power->answered, power->begun,
                           "after a failed sync and a power loss while opening");
        disk_finish(&again);
        disk_clone(&disk, &again);
        lose_after_opening(power, &again, power->answered, power->begun,
                           "after a failed sync and a power loss");
        power->sync_failures++;
        disk_finish(&again);
    }
    end(power, &disk);
    return failed;
}

static bool wants(const struct power *power, const char *kind)
{
    return power->kind == NULL || strcmp(power->kind, kind) == 0;
}

static void run_seed(struct power *power)
{
    struct disk disk;

    begin(power, &disk);
    record(power, &disk);
    for (size_t i = 0; i < power->n_snapshots; i++) {
        if (wants(power, "loss"))
            lose_power(power, &power->snapshots[i]);
        if (wants(power, "kill") && i % 3 == 0)
            kill_then_lose(power, &power->snapshots[i]);
        disk_finish(&power->snapshots[i].disk);
    }
    end(power, &disk);
    for (uint64_t n = 1; wants(power, "sync") && n < 200 && fail_sync(power, n); n++)
        ;
}

/* --- the command ----------------------------------------------------------------------------- */

static bool take(struct power *power, const char *name, const char *value)
{
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = {
        {"--seeds", &power->n_seeds}, {"--from", &power->from}, {"--losses", &power->n_losses}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = strtoull(value, NULL, 10);
            return true;
        }
    power->kind = value;
    return strcmp(name, "--kind") == 0;
}

int main(int argc, char **argv)
{
    static struct power power = {.from = 1, .n_seeds = 10, .n_losses = 2};

    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !take(&power, argv[i], argv[i + 1])) {
            fputs("usage: lockq-power [--seeds N] [--from SEED] [--losses N] [--kind "
                  "loss|kill|sync]\n",
                  stderr);
            return 64;
        }
    vfs_register();
    snprintf(power.path, sizeof power.path, POWER_FOLDER "lockq.db");
    for (uint64_t i = 0; i < power.n_seeds && power.violations == 0; i++) {
        power.seed = power.from + i;
        run_seed(&power);
        if (power.n_seeds >= 10 && (i + 1) % (power.n_seeds / 10) == 0)
            fprintf(stderr, "lockq-power: %llu of %llu histories, %llu power losses\n",
                    (unsigned long long)i + 1, (unsigned long long)power.n_seeds,
                    (unsigned long long)power.losses);
    }
    free(power.snapshots);
    printf("power: histories=%llu losses=%llu kills=%llu failed_syncs=%llu openings=%llu "
           "violations=%llu\n",
           (unsigned long long)power.n_seeds, (unsigned long long)power.losses,
           (unsigned long long)power.kills, (unsigned long long)power.sync_failures,
           (unsigned long long)power.openings, (unsigned long long)power.violations);
    return power.violations == 0 ? 0 : 1;
}
