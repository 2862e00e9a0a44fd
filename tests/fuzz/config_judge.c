#include "config_judge.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* --- slices ---------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice strip(struct slice text)
{
    while (text.n > 0 && is_space(text.at[0]))
        text = (struct slice){text.at + 1, text.n - 1};
    while (text.n > 0 && is_space(text.at[text.n - 1]))
        text.n--;
    return text;
}

/* Takes what comes before the first `mark` off the front of `text`, and the mark; all of it when
 * there is none. */
static struct slice cut(struct slice *text, char mark)
{
    struct slice before = {text->at, 0};

    while (before.n < text->n && text->at[before.n] != mark)
        before.n++;
    text->at += before.n;
    text->n -= before.n;
    if (text->n > 0)
        *text = (struct slice){text->at + 1, text->n - 1};
    return before;
}

static bool is(struct slice text, const char *word)
{
    return slice_equal(text, slice_of(word));
}

/* --- values ---------------------------------------------------------------------------------- */

/* Decimal digits with one of the units; more than 64 bits are not a number. */
static bool read_number(struct slice text, bool has_units, uint64_t *number)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"", 1},     {"K", 1024},   {"M", 1048576},  {"G", 1073741824}, {"ms", 1},
                 {"s", 1000}, {"m", 60000U}, {"h", 3600000U}, {"d", 86400000U}};
    unsigned __int128 value = 0;
    uint32_t n = 0;

    for (; n < text.n && text.at[n] >= '0' && text.at[n] <= '9'; n++) {
        value = value * 10 + (unsigned)(text.at[n] - '0');
        if (value > UINT64_MAX)
            return false;
    }
    for (size_t i = 0; n > 0 && i < (has_units ? sizeof units / sizeof *units : 1); i++) {
        if (!is((struct slice){text.at + n, text.n - n}, units[i].name))
            continue;
        value *= units[i].factor;
        *number = (uint64_t)value;
        return value <= UINT64_MAX;
    }
    return false;
}

static bool read_limit(struct slice name, struct slice value, struct server_limits *limits)
{
#define READ_LIMIT(limit, usual, least, most)                                                      \
    if (is(name, #limit))                                                                          \
        return read_number(value, true, &limits->limit) && limits->limit + 1 > (least) &&          \
               limits->limit <= (most);
    SERVER_LIMIT_LIST(READ_LIMIT)
#undef READ_LIMIT
    return false;
}

static bool read_text(struct slice value, char *text)
{
    snprintf(text, CONFIG_TEXT_MAX, "%.*s", (int)value.n, value.at);
    return value.n > 0 && value.n < CONFIG_TEXT_MAX;
}

static bool read_word(struct slice value, const char *const *words, int *which)
{
    for (*which = 0; words[*which] != NULL; (*which)++)
        if (is(value, words[*which]))
            return true;
    return false;
}

static bool read_mode(struct slice value, uint32_t *mode)
{
    *mode = 0;
    for (uint32_t i = 0; i < value.n; i++) {
        if (value.at[i] < '0' || value.at[i] > '7')
            return false;
        *mode = *mode * 8 + (uint32_t)(value.at[i] - '0');
        if (*mode > 0777)
            return false;
    }
    return value.n > 0;
}

/* User -1 is nobody's: the system calls take it for "leave as it is". */
static bool read_user(struct slice text, uint32_t *uid)
{
    char name[CONFIG_TEXT_MAX];
    const struct passwd *user;
    uint64_t number;

    snprintf(name, sizeof name, "%.*s", (int)text.n, text.at);
    user = getpwnam(name);
    if (user == NULL && (!read_number(text, false, &number) || number >= UINT32_MAX))
        return false;
    *uid = user != NULL ? user->pw_uid : (uint32_t)number;
    return true;
}

static bool read_users(struct slice value, struct config *config)
{
    if (value.n == 0 || value.n >= CONFIG_TEXT_MAX)
        return false;
    while (value.n > 0) {
        uint32_t n = 0, uid;
        while (n < value.n && value.at[n] != ' ' && value.at[n] != ',')
            n++;
        if (n > 0) {
            if (!read_user((struct slice){value.at, n}, &uid) ||
                config->n_admin == CONFIG_ADMIN_MAX)
                return false;
            config->admin[config->n_admin++] = uid;
        }
        n += n < value.n;
        value = (struct slice){value.at + n, value.n - n};
    }
    return true;
}

/* What stands behind the last colon of "host:port"; where it is a number it has 16 bits. */
static bool has_port_in_range(struct slice text)
{
    const char *colon = memrchr(text.at, ':', text.n);
    struct slice port;
    uint64_t number;
    uint32_t n = 0;

    if (colon == NULL)
        return true;
    port = (struct slice){colon + 1, (uint32_t)(text.at + text.n - colon - 1)};
    while (n < port.n && port.at[n] >= '0' && port.at[n] <= '9')
        n++;
    return n == 0 || n < port.n || (n <= 5 && read_number(port, false, &number) && number <= 65535);
}

static bool read_listen(struct slice value, struct config *config)
{
    bool is_tcp = value.n >= 4 && memcmp(value.at, "tcp:", 4) == 0;
    bool is_unix = value.n >= 6 && memcmp(value.at, "unix:/", 6) == 0;

    if ((!is_tcp && !is_unix) || config->n_listen == CONFIG_LISTEN_MAX ||
        (is_unix && value.n > 5 + 107) ||
        (is_tcp && !has_port_in_range((struct slice){value.at + 4, value.n - 4})))
        return false;
    return read_text(value, config->listen[config->n_listen++]);
}

/* Text in which %XX stands for a byte, of which none is zero. */
static bool is_encoded_text(struct slice text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned byte;
        char two[3] = {0};
        if (text.at[i] != '%')
            continue;
        if (text.n - i < 3)
            return false;
        memcpy(two, text.at + i + 1, 2);
        if (strspn(two, "0123456789abcdefABCDEF") != 2 || sscanf(two, "%x", &byte) != 1 ||
            byte == 0)
            return false;
    }
    return true;
}

static bool is_number_to(struct slice text, uint64_t most)
{
    uint64_t number;

    return read_number(text, false, &number) && number <= most;
}

/* host[:port]: a host in brackets may have colons. */
static bool is_host(struct slice text)
{
    const char *bracket = text.n > 0 && text.at[0] == '[' ? memchr(text.at, ']', text.n) : NULL;
    struct slice host, port = text;
    bool has_port;

    if (bracket != NULL) {
        host = (struct slice){text.at + 1, (uint32_t)(bracket - text.at - 1)};
        port = (struct slice){bracket + 1, text.n - host.n - 2};
        has_port = port.n > 0;
        if (has_port && cut(&port, ':').n != 0)
            return false;
    } else {
        has_port = memchr(text.at, ':', text.n) != NULL;
        host = cut(&port, ':');
    }
    return host.n > 0 &&
           (!has_port || (port.n < 16 && is_number_to(port, 65535) && !is_number_to(port, 0)));
}

/* redis://[user[:password]@]host[:port][/db] or unix:/path[?db=N]. */
static bool is_redis(struct slice value)
{
    struct slice rest = value, where, user, db;
    const char *at;

    if (value.n > 5 && memcmp(value.at, "unix:/", 6) == 0) {
        const char *query = memmem(value.at, value.n, "?db=", 4);
        where = (struct slice){value.at + 5, value.n - 5};
        if (query == NULL)
            return where.n < 108;
        where.n = (uint32_t)(query - where.at);
        db = (struct slice){query + 4, value.n - 5 - where.n - 4};
        return where.n < 108 && is_number_to(db, INT32_MAX);
    }
    if (value.n < 8 || memcmp(value.at, "redis://", 8) != 0)
        return false;
    rest = (struct slice){value.at + 8, value.n - 8};
    where = cut(&rest, '/');
    db = rest;
    at = memrchr(where.at, '@', where.n);
    if (at != NULL) {
        user = (struct slice){where.at, (uint32_t)(at - where.at)};
        where = (struct slice){at + 1, where.n - user.n - 1};
        if (!is_encoded_text(cut(&user, ':')) || !is_encoded_text(user))
            return false;
    }
    return is_host(where) && (db.n == 0 || is_number_to(db, INT32_MAX));
}

/* --- the file -------------------------------------------------------------------------------- */

static bool read_setting(struct slice name, struct slice value, struct config *config)
{
    static const char *const booleans[] = {"no", "yes", NULL};
    static const char *const backends[] = {"auto", "sqlite", "redis", "memory", NULL};
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    bool is_right;
    int which;

    if (is(name, "listen"))
        return read_listen(value, config);
    if (is(name, "state_dir"))
        return read_text(value, config->state_dir);
    if (is(name, "redis"))
        return is_redis(value) && read_text(value, config->redis);
    if (is(name, "redis_user"))
        return read_text(value, config->redis_user);
    if (is(name, "redis_password"))
        return read_text(value, config->redis_password);
    if (is(name, "redis_prefix"))
        return read_text(value, config->redis_prefix);
    if (is(name, "admin"))
        return read_users(value, config);
    if (is(name, "socket_mode"))
        return read_mode(value, &config->socket_mode);
    if (is(name, "low_disk"))
        return read_number(value, true, &config->low_disk);
    if (is(name, "sqlite_readers")) {
        is_right = read_word(value, booleans, &which);
        config->sqlite_readers = which == 1;
    } else if (is(name, "allow_unsafe")) {
        is_right = read_word(value, booleans, &which);
        config->allow_unsafe = which == 1;
    } else if (is(name, "backend")) {
        is_right = read_word(value, backends, &which);
        config->backend = (enum config_backend)which;
    } else if (is(name, "log_level")) {
        is_right = read_word(value, levels, &which);
        config->log_level = (enum log_level)which;
    } else {
        is_right = read_limit(name, value, &config->limits);
    }
    return is_right;
}

/* Whether the beginning of a file, up to a line, has this setting already. */
static bool is_set_in(struct slice file, struct slice name)
{
    while (file.n > 0) {
        struct slice line = cut(&file, '\n'), code = cut(&line, '#');
        bool has_value = memchr(code.at, '=', code.n) != NULL;
        if (has_value && slice_equal(strip(cut(&code, '=')), name))
            return true;
    }
    return false;
}

/* The number of the first line that is wrong, and the name in it; 0: none is. */
static int read_file(struct slice file, struct config *config, struct slice *named)
{
    struct slice rest = file;
    int lease = 0; /* the latest line that sets one of its limits */

    config_init(config);
    *named = (struct slice){0};
    for (int number = 1; rest.n > 0; number++) {
        struct slice before = {file.at, (uint32_t)(rest.at - file.at)};
        struct slice line = cut(&rest, '\n'), whole = line, code = strip(cut(&line, '#')), name;
        bool has_value;
        *named = (struct slice){0};
        if (memchr(whole.at, '\0', whole.n) != NULL)
            return number;
        if (code.n == 0)
            continue;
        has_value = memchr(code.at, '=', code.n) != NULL;
        name = strip(cut(&code, '='));
        *named = has_value ? name : *named;
        if (!has_value || (!is(name, "listen") && is_set_in(before, name)) ||
            !read_setting(name, strip(code), config))
            return number;
        if (is(name, "lease_min") || is(name, "lease_max"))
            lease = number;
    }
    *named = (struct slice){0};
    return config->limits.lease_min > config->limits.lease_max ? lease : 0;
}

/* --- verdicts -------------------------------------------------------------------------------- */

/* As every setting's name is. */
static bool is_word(struct slice name)
{
    uint32_t n = 0;

    while (n < name.n && (name.at[n] == '_' || (name.at[n] >= 'a' && name.at[n] <= 'z')))
        n++;
    return n > 0 && n == name.n && n <= 64;
}

static void must_be_one_line(const char *why)
{
    MUST(memchr(why, '\0', CONFIG_WHY_MAX) != NULL);
    MUST(why[0] != '\0');
    for (const char *at = why; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            OBJECT("a control character in: %s", why);
}

void config_judge_accepted(struct slice file, const struct config *config)
{
    static struct config expected;
    struct slice named;
    int wrong = read_file(file, &expected, &named);

    if (wrong != 0)
        OBJECT("accepted, and line %d is wrong", wrong);
    MUST(memcmp(&config->limits, &expected.limits, sizeof expected.limits) == 0);
    MUST(config->n_listen == expected.n_listen);
    for (uint32_t i = 0; i < expected.n_listen; i++)
        MUST(strcmp(config->listen[i], expected.listen[i]) == 0);
    MUST(config->n_admin == expected.n_admin);
    for (uint32_t i = 0; i < expected.n_admin; i++)
        MUST(config->admin[i] == expected.admin[i]);
    MUST(strcmp(config->state_dir, expected.state_dir) == 0);
    MUST(strcmp(config->redis, expected.redis) == 0);
    MUST(strcmp(config->redis_user, expected.redis_user) == 0);
    MUST(strcmp(config->redis_password, expected.redis_password) == 0);
    MUST(strcmp(config->redis_prefix, expected.redis_prefix) == 0);
    MUST(config->allow_unsafe == expected.allow_unsafe);
    MUST(config->backend == expected.backend);
    MUST(config->socket_mode == expected.socket_mode);
    MUST(config->low_disk == expected.low_disk);
    MUST(config->sqlite_readers == expected.sqlite_readers);
    MUST(config->log_level == expected.log_level);
    MUST(!config->forget_backend);
}

void config_judge_refused(struct slice file, const char *path, const char *why)
{
    static struct config expected;
    struct slice named;
    int wrong = read_file(file, &expected, &named);
    char begin[128];

    must_be_one_line(why);
    if (wrong == 0)
        OBJECT("refused, and every line is right: %s", why);
    snprintf(begin, sizeof begin, "%s:%d: ", path, wrong);
    if (strncmp(why, begin, strlen(begin)) != 0 || strlen(why) == strlen(begin))
        OBJECT("it is line %d, and said was: %s", wrong, why);
    if (named.at != NULL && is_word(named) && memmem(why, strlen(why), named.at, named.n) == NULL)
        OBJECT("it is about %.*s, and said was: %s", (int)named.n, named.at, why);
}

void config_judge_incomplete(const struct config *config, const char *why)
{
    must_be_one_line(why);
    MUST(strncmp(why, "redis ", 6) == 0 && config->backend == BACKEND_REDIS &&
         config->redis[0] == '\0');
}
