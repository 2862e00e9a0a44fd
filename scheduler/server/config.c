#include "server/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

const char *const config_backend_names[] = {"auto", "sqlite", "redis", "memory"};

void config_init(struct config *config)
{
    *config = (struct config){
        .limits =
            {
#define USUAL(name, usual, least, most) .name = usual,
                SERVER_LIMIT_LIST(USUAL)
#undef USUAL
            },
        .backend = BACKEND_AUTO,
        .socket_mode = 0660,
        .low_disk = 64 * MIB,
        .log_level = LOG_INFO,
    };
}

/* --- values ---------------------------------------------------------------------------------- */

static bool fail(char *why, const char *name, const char *expected)
{
    snprintf(why, CONFIG_WHY_MAX, "%s must be %s", name, expected);
    return false;
}

/* What is wrong stays one line, whatever stood in the file. */
static void make_printable(char *why)
{
    for (; *why != '\0'; why++)
        if (iscntrl((unsigned char)*why))
            *why = '?';
}

/* A number with an optional unit; bytes for K, M, G, milliseconds for ms, s, m, h, d. */
static bool parse_number(const char *text, uint64_t *number)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"", 1},          {"K", KIB},      {"M", MIB},     {"G", GIB},   {"ms", 1},
                 {"s", SECOND_MS}, {"m", 60000ULL}, {"h", HOUR_MS}, {"d", DAY_MS}};
    char *unit;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *number = strtoull(text, &unit, 10);
    for (size_t i = 0; errno == 0 && i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0)
            return !__builtin_mul_overflow(*number, units[i].factor, number);
    return false;
}

static bool set_number(const char *name, const char *value, uint64_t least, uint64_t most,
                       uint64_t *number, char *why)
{
    uint64_t parsed;

    if (parse_number(value, &parsed) && parsed >= least && parsed <= most) {
        *number = parsed;
        return true;
    }
    snprintf(why, CONFIG_WHY_MAX, "%s must be a number from %" PRIu64 " to %" PRIu64, name, least,
             most);
    return false;
}

static bool set_name(const char *name, const char *value, const char *const *names, int n,
                     int *which, char *why)
{
    char expected[128] = "one of";

    for (int i = 0; i < n; i++) {
        if (strcmp(value, names[i]) == 0) {
            *which = i;
            return true;
        }
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), " %s", names[i]);
    }
    return fail(why, name, expected);
}

static bool set_text(const char *name, const char *value, char *text, char *why)
{
    if (value[0] == '\0' || strlen(value) >= CONFIG_TEXT_MAX)
        return fail(why, name, "text of 1 to 1023 bytes");
    strcpy(text, value);
    return true;
}

static bool set_bool(const char *name, const char *value, bool *boolean, char *why)
{
    static const char *const names[] = {"no", "yes"};
    int which;

    if (!set_name(name, value, names, 2, &which, why))
        return false;
    *boolean = which == 1;
    return true;
}

/* --- settings -------------------------------------------------------------------------------- */

/* A number above the highest port: the system would take its lower bits for another one. */
static bool is_beyond_ports(const char *port)
{
    size_t n = strspn(port, "0123456789");

    return n > 0 && port[n] == '\0' && (n > 5 || strtoul(port, NULL, 10) > UINT16_MAX);
}

static bool set_listen(struct config *config, const char *value, char *why)
{
    const char *colon = strrchr(value, ':');

    if (strncmp(value, "unix:/", 6) != 0 && strncmp(value, "tcp:", 4) != 0)
        return fail(why, "listen", "unix:/path or tcp:host:port");
    if (value[0] == 'u' && strlen(value) - strlen("unix:") > CONFIG_SOCKET_PATH_MAX)
        return fail(why, "listen", "a socket's path of at most 107 bytes");
    if (value[0] == 't' && colon > value + strlen("tcp") && is_beyond_ports(colon + 1))
        return fail(why, "listen", "a port up to 65535");
    if (config->n_listen == CONFIG_LISTEN_MAX)
        return fail(why, "listen", "given at most 16 times");
    return set_text("listen", value, config->listen[config->n_listen++], why);
}

/* Without a unit, and below the highest, which means nobody: a larger one would be cut to that of
 * somebody else. */
static bool parse_uid(const char *text, uint64_t *uid)
{
    return text[strspn(text, "0123456789")] == '\0' && parse_number(text, uid) && *uid < UINT32_MAX;
}

/* User names or numbers, with spaces or commas between them. */
static bool set_admin(struct config *config, const char *value, char *why)
{
    char names[CONFIG_TEXT_MAX], *rest = names;

    if (!set_text("admin", value, names, why))
        return false;
    for (char *name; (name = strtok_r(rest, " ,", &rest)) != NULL;) {
        struct passwd *user = getpwnam(name);
        uint64_t uid = user != NULL ? user->pw_uid : UINT64_MAX;
        if (user == NULL && !parse_uid(name, &uid))
            return fail(why, "admin", "names or numbers of users");
        if (config->n_admin == CONFIG_ADMIN_MAX)
            return fail(why, "admin", "at most 64 users");
        config->admin[config->n_admin++] = (uint32_t)uid;
    }
    return true;
}

static bool set_mode(struct config *config, const char *value, char *why)
{
    char *end;
    unsigned long mode = strtoul(value, &end, 8);

    if (*end != '\0' || !isdigit((unsigned char)*value) || mode > 0777)
        return fail(why, "socket_mode", "an octal mode such as 0660");
    config->socket_mode = (uint32_t)mode;
    return true;
}

static bool set_redis(struct config *config, const char *value, char *why)
{
    const char *expected = store_redis_check_url(value);

    return expected != NULL ? fail(why, "redis", expected)
                            : set_text("redis", value, config->redis, why);
}

static bool set_limit(struct config *config, const char *name, const char *value, char *why)
{
#define SET_LIMIT(limit, usual, least, most)                                                       \
    if (strcmp(name, #limit) == 0)                                                                 \
        return set_number(name, value, least, most, &config->limits.limit, why);
    SERVER_LIMIT_LIST(SET_LIMIT)
#undef SET_LIMIT
    snprintf(why, CONFIG_WHY_MAX, "unknown setting %.64s", name);
    make_printable(why);
    return false;
}

bool config_set(struct config *config, const char *name, const char *value, char *why)
{
    int which;

    if (strcmp(name, "listen") == 0)
        return set_listen(config, value, why);
    if (strcmp(name, "state_dir") == 0)
        return set_text(name, value, config->state_dir, why);
    if (strcmp(name, "redis") == 0)
        return set_redis(config, value, why);
    if (strcmp(name, "redis_user") == 0)
        return set_text(name, value, config->redis_user, why);
    if (strcmp(name, "redis_password") == 0)
        return set_text(name, value, config->redis_password, why);
    if (strcmp(name, "redis_prefix") == 0)
        return set_text(name, value, config->redis_prefix, why);
    if (strcmp(name, "allow_unsafe") == 0)
        return set_bool(name, value, &config->allow_unsafe, why);
    if (strcmp(name, "admin") == 0)
        return set_admin(config, value, why);
    if (strcmp(name, "socket_mode") == 0)
        return set_mode(config, value, why);
    if (strcmp(name, "low_disk") == 0)
        return set_number(name, value, 0, UINT64_MAX, &config->low_disk, why);
    if (strcmp(name, "sqlite_readers") == 0)
        return set_bool(name, value, &config->sqlite_readers, why);
    if (strcmp(name, "backend") == 0) {
        if (!set_name(name, value, config_backend_names, BACKEND_MEMORY + 1, &which, why))
            return false;
        config->backend = (enum config_backend)which;
        return true;
    }
    if (strcmp(name, "log_level") == 0) {
        if (!set_name(name, value, log_level_names, LOG_DEBUG + 1, &which, why))
            return false;
        config->log_level = (enum log_level)which;
        return true;
    }
    return set_limit(config, name, value, why);
}

/* --- what was not said ----------------------------------------------------------------------- */

static bool join(char *to, const char *first, const char *second, char *why)
{
    if (snprintf(to, CONFIG_TEXT_MAX, "%s%s", first, second) < CONFIG_TEXT_MAX)
        return true;
    return fail(why, "a path from the environment", "shorter than 1024 bytes");
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool find_state_dir(struct config *config, char *why)
{
    const char *given = environment("STATE_DIRECTORY"), *home;

    if (given != NULL)
        return join(config->state_dir, given, "", why);
    if (geteuid() == 0)
        return join(config->state_dir, "/var/lib/lockq", "", why);
    if ((home = environment("XDG_STATE_HOME")) != NULL)
        return join(config->state_dir, home, "/lockq", why);
    if ((home = environment("HOME")) != NULL)
        return join(config->state_dir, home, "/.local/state/lockq", why);
    return fail(why, "state_dir", "set: there is no HOME");
}

static bool find_listen(struct config *config, char *why)
{
    const char *runtime;
    char path[CONFIG_TEXT_MAX], *listen = config->listen[0];

    config->n_listen = 1;
    if ((runtime = environment("RUNTIME_DIRECTORY")) != NULL)
        return join(path, runtime, "/lockqd.sock", why) && join(listen, "unix:", path, why);
    if (geteuid() == 0)
        return join(listen, "unix:/run/lockq/lockqd.sock", "", why);
    if ((runtime = environment("XDG_RUNTIME_DIR")) != NULL)
        return join(path, runtime, "/lockq/lockqd.sock", why) && join(listen, "unix:", path, why);
    return fail(why, "listen", "set: there is no XDG_RUNTIME_DIR");
}

bool config_complete(struct config *config, char *why)
{
    if (config->backend == BACKEND_REDIS && config->redis[0] == '\0')
        return fail(why, "redis", "set for the backend redis");
    if (config->backend == BACKEND_AUTO)
        config->backend = config->redis[0] != '\0' ? BACKEND_REDIS : BACKEND_SQLITE;
    return (config->state_dir[0] != '\0' || find_state_dir(config, why)) &&
           (config->n_listen > 0 || find_listen(config, why));
}
