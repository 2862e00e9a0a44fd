/*
 * lockqd: start-up as a checklist, then the loop.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "server/arguments.h"
#include "server/backing.h"
#include "server/config.h"
#include "server/io.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/migrate.h"
#include "server/notify.h"
#include "server/server.h"
#include "server/state_dir.h"

enum exit_code {
    EXIT_USAGE = 64,
    EXIT_MEMORY = 71,
    EXIT_TAKEN = 73,
    EXIT_STORE = 74,
    EXIT_CONFIG = 78
};

#define NOTHING_LOST "nothing that was answered is lost"

struct daemon {
    struct arguments arguments;
    struct config config;
    struct state_dir state_dir;
    struct store *store;
    struct server *server;
    struct listener listeners[CONFIG_LISTEN_MAX];
};

/* --- configuration --------------------------------------------------------------------------- */

/* What a flag says takes the place of what the file says. */
static bool apply_flags(struct config *config, const struct arguments *arguments, char *why)
{
    const char *address = getenv("LOCKQ_ADDR");

    if (arguments->n_listen > 0 || (address != NULL && address[0] != '\0'))
        config->n_listen = 0;
    for (uint32_t i = 0; i < arguments->n_listen; i++)
        if (!config_set(config, "listen", arguments->listen[i], why))
            return false;
    if (config->n_listen == 0 && address != NULL && address[0] != '\0' &&
        !config_set(config, "listen", address, why))
        return false;
    config->forget_backend = arguments->forget_backend;
    return (arguments->state_dir == NULL ||
            config_set(config, "state_dir", arguments->state_dir, why)) &&
           (arguments->backend == NULL || config_set(config, "backend", arguments->backend, why)) &&
           (arguments->redis == NULL || config_set(config, "redis", arguments->redis, why));
}

static bool read_config(const struct arguments *arguments, struct config *config, char *why)
{
    config_init(config);
    return (arguments->file == NULL || config_read(config, arguments->file, why)) &&
           apply_flags(config, arguments, why) && config_complete(config, why);
}

static void on_hangup(void *context)
{
    struct daemon *daemon = context;
    struct config *again = memory_alloc(sizeof *again);
    char why[CONFIG_WHY_MAX];

    if (read_config(&daemon->arguments, again, why)) {
        log_set_level(again->log_level);
        log_event(LOG_INFO, "reloaded", "log_level", log_level_names[again->log_level], NULL);
    } else {
        log_event(LOG_ERROR, "reload_failed", "reason", why, NULL);
    }
    free(again);
}

/* --- what the server asks of the outside ----------------------------------------------------- */

static void draw_random(void *context, void *bytes, size_t n)
{
    (void)context;
    /* Up to 256 bytes come whole once the system has started; more is never asked for. */
    if (getrandom(bytes, n, 0) == (ssize_t)n)
        return;
    log_event(LOG_ERROR, "no_random", "reason", strerror(errno), "note", NOTHING_LOST, NULL);
    exit(EXIT_STORE);
}

static void on_exhausted(void)
{
    static const char line[] = "level=error event=out_of_memory note=\"" NOTHING_LOST "\"\n";

    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(EXIT_MEMORY + 1);
    _exit(EXIT_MEMORY);
}

/* An assertion, or something without which libuv cannot go on, and it says nothing: a watch that
 * the kernel refuses. When this returns the process ends by the signal. */
static void on_abort(int signal)
{
    static const char line[] = "level=error event=aborted note=\"" NOTHING_LOST "\"\n";

    (void)signal;
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        return;
}

/* --- the checklist --------------------------------------------------------------------------- */

static int refuse(int code, const char *why)
{
    log_event(LOG_ERROR, "refused", "reason", why, NULL);
    return code;
}

/* Connections and their descriptors: as many as `connections` allows, if the system does. */
static void raise_descriptors(const struct config *config)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= config->limits.connections + 64)
        return;
    limit.rlim_cur = config->limits.connections + 64;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_state_dir(struct daemon *daemon)
{
    const struct config *config = &daemon->config;
    char why[STATE_DIR_WHY_MAX];

    if (config->backend == BACKEND_MEMORY) {
        log_event(LOG_WARN, "volatile", "note", "nothing survives this process", NULL);
        return 0;
    }
    switch (state_dir_open(&daemon->state_dir, config->state_dir,
                           config_backend_names[config->backend], config->forget_backend, why)) {
    case STATE_DIR_OK:
        return 0;
    case STATE_DIR_TAKEN:
        return refuse(EXIT_TAKEN, why);
    case STATE_DIR_OTHER:
        return refuse(EXIT_CONFIG, why);
    default:
        return refuse(EXIT_STORE, why);
    }
}

static int note_backing(struct daemon *daemon)
{
    enum config_backend backend = daemon->config.backend;
    char why[STATE_DIR_WHY_MAX];

    if (backend == BACKEND_MEMORY ||
        state_dir_note(&daemon->state_dir, config_backend_names[backend],
                       backing_id(backend, daemon->store), why) == STATE_DIR_OK)
        return 0;
    return refuse(EXIT_STORE, why);
}

/* Whoever finds an operation ended, or the door closed, can read by whom. */
static void on_admin(void *context, const struct peer *peer, const char *act, struct slice op,
                     struct slice why)
{
    char id[256], reason[256] = "";

    (void)context;
    if (op.at == NULL) {
        log_event(LOG_WARN, act, "by", peer->text, NULL);
        return;
    }
    snprintf(id, sizeof id, "%.*s", (int)op.n, op.at);
    if (why.n > 0)
        snprintf(reason, sizeof reason, "%.*s", (int)why.n, why.at);
    log_event(LOG_WARN, act, "op", id, "by", peer->text, "why", reason, NULL);
}

static int recover_state(struct daemon *daemon)
{
    struct server_config config = {
        .limits = daemon->config.limits,
        .store = daemon->store =
            backing_create(daemon->config.backend, &daemon->config, &daemon->state_dir),
        .version = LOCKQ_VERSION,
        .low_disk = daemon->config.low_disk,
        .uid = getuid(),
        .admin = daemon->config.admin,
        .admins = daemon->config.n_admin,
        .outside = {.context = daemon, .random = draw_random, .on_admin = on_admin},
    };
    struct store_result result;

    daemon->server = server_create(&config);
    result = server_recover(daemon->server, io_now_ms(), io_wall_ms());
    if (result.status == STORE_OK)
        return note_backing(daemon);
    log_event(LOG_ERROR, "store_failed", "reason", result.why, "note", NOTHING_LOST, NULL);
    return result.status == STORE_BUSY ? EXIT_TAKEN : EXIT_STORE;
}

/* The backings are named: neither is auto, nor one that keeps nothing. */
static bool find_backing(const char *name, enum config_backend *backend)
{
    for (*backend = BACKEND_SQLITE; *backend <= BACKEND_REDIS; (*backend)++)
        if (strcmp(name, config_backend_names[*backend]) == 0)
            return true;
    return false;
}

static int run_migration(struct daemon *daemon)
{
    const struct arguments *arguments = &daemon->arguments;
    struct migration migration = {.config = &daemon->config};
    char why[STATE_DIR_WHY_MAX];
    enum migrate_status status;

    if (!find_backing(arguments->migrate_from, &migration.from) ||
        !find_backing(arguments->migrate_to, &migration.to) || migration.from == migration.to)
        return refuse(EXIT_USAGE, "--migrate takes two of sqlite and redis");
    if ((migration.from == BACKEND_REDIS || migration.to == BACKEND_REDIS) &&
        daemon->config.redis[0] == '\0')
        return refuse(EXIT_CONFIG, "redis must be set for the backend redis");
    status = migrate(&migration, why);
    if (status == MIGRATE_OK)
        return EXIT_SUCCESS;
    return refuse(status == MIGRATE_TAKEN   ? EXIT_TAKEN
                  : status == MIGRATE_OTHER ? EXIT_CONFIG
                                            : EXIT_STORE,
                  why);
}

static int open_listeners(struct daemon *daemon)
{
    char why[LISTENER_WHY_MAX];

    for (uint32_t i = 0; i < daemon->config.n_listen; i++) {
        enum listener_status status = listener_open(&daemon->listeners[i], daemon->config.listen[i],
                                                    daemon->config.socket_mode, why);
        if (status != LISTENER_OK)
            return refuse(status == LISTENER_TAKEN ? EXIT_TAKEN : EXIT_CONFIG, why);
    }
    return 0;
}

static void on_ready(void *context)
{
    const struct daemon *daemon = context;
    const char *backend = daemon->store->is->backend;

    for (uint32_t i = 0; i < daemon->config.n_listen; i++)
        log_event(LOG_INFO, "ready", "addr", daemon->listeners[i].address, "backend", backend,
                  "version", LOCKQ_VERSION, NULL);
    notify("READY=1");
}

static void on_away(void *context, const struct store_away *away)
{
    (void)context;
    if (away != NULL)
        log_event(LOG_ERROR, "store_away", "reason", away->why, "note",
                  "nothing is answered until it is back", NULL);
    else
        log_event(LOG_INFO, "store_back", NULL);
}

static int run_loop(struct daemon *daemon)
{
    struct io_config config = {
        .server = daemon->server,
        .store = daemon->store,
        .commits_may_last = daemon->config.backend != BACKEND_MEMORY,
        .listeners = daemon->listeners,
        .n_listeners = daemon->config.n_listen,
        .on_ready = on_ready,
        .on_hangup = on_hangup,
        .on_away = on_away,
        .context = daemon,
    };
    char why[STORE_WHY_MAX];

    switch (io_run(&config, why)) {
    case IO_STOPPED:
        notify("STOPPING=1");
        log_event(LOG_INFO, "stopped", NULL);
        return EXIT_SUCCESS;
    case IO_STORE:
        log_event(LOG_ERROR, "store_failed", "reason", why, "note", NOTHING_LOST, NULL);
        return EXIT_STORE;
    default:
        return refuse(EXIT_MEMORY, why);
    }
}

static int run(struct daemon *daemon)
{
    int code;

    for (uint32_t i = 0; i < CONFIG_LISTEN_MAX; i++)
        daemon->listeners[i].fd = -1;
    daemon->state_dir.lock_fd = -1;
    log_set_level(daemon->config.log_level);
    signal(SIGHUP, SIG_IGN); /* until the loop takes it: recovery may be long */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk: exit 74 says so */
    if (daemon->arguments.migrate_from != NULL)
        return run_migration(daemon);
    raise_descriptors(&daemon->config);
    if ((code = open_state_dir(daemon)) != 0 || (code = recover_state(daemon)) != 0 ||
        (code = open_listeners(daemon)) != 0)
        return code;
    return run_loop(daemon);
}

static void tear_down(struct daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->config.n_listen; i++)
        listener_close(&daemon->listeners[i]);
    server_destroy(daemon->server);
    if (daemon->store != NULL)
        daemon->store->is->close(daemon->store);
    state_dir_close(&daemon->state_dir);
}

int main(int argc, char **argv)
{
    struct daemon *daemon;
    char why[CONFIG_WHY_MAX];
    int code;

    memory_set_exhausted_handler(on_exhausted);
    signal(SIGABRT, on_abort);
    daemon = memory_alloc_zeroed(1, sizeof *daemon);
    if (!arguments_read(argc, argv, &daemon->arguments)) {
        arguments_print_usage(stderr);
        code = EXIT_USAGE;
    } else if (!read_config(&daemon->arguments, &daemon->config, why)) {
        fprintf(stderr, "lockqd: %s\n", why);
        code = EXIT_CONFIG;
    } else if (daemon->arguments.only_check) {
        code = EXIT_SUCCESS;
    } else {
        code = run(daemon);
        tear_down(daemon);
    }
    free(daemon);
    return code;
}
