/*
 * What is Redis's own: which Redis is taken, whose it is, and that it is what it was.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit.h"
#include "redis_server.h"

/* --- which Redis ----------------------------------------------------------------------------- */

static void an_address_is_read_in_every_form_or_refused(void **state)
{
    static const char *const right[] = {
        "redis://h",   "redis://h:1",    "redis://h:65535/15", "redis://h/",
        "redis://u@h", "redis://:p@h/1", "redis://u:p%40@h",   "redis://[::1]:7/0",
        "unix:/a/b",   "unix:/a?db=3",   "redis://u:a@b@h"};
    static const char *const wrong[] = {"",
                                        "h",
                                        "redis:h",
                                        "redis://",
                                        "redis://:1",
                                        "redis://h:",
                                        "redis://h:0",
                                        "redis://h:65536",
                                        "redis://h:x",
                                        "redis://h/x",
                                        "redis://h/-1",
                                        "redis://u@",
                                        "redis://u:%4@h",
                                        "redis://u:%zz@h",
                                        "redis://u:%00@h",
                                        "redis://[::1",
                                        "redis://[]",
                                        "redis://[::1]x",
                                        "unix:",
                                        "unix:a",
                                        "unix:/a?db=",
                                        "unix:/a?db=x",
                                        "rediss://h"};

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (store_redis_check_url(right[i]) != NULL)
            fail_msg("%s is refused", right[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (store_redis_check_url(wrong[i]) == NULL)
            fail_msg("%s is taken", wrong[i]);
}

static struct store_result open_with(struct store_redis_config config)
{
    struct store *store;
    struct store_result result;

    config.url = config.url == NULL ? redis_server_url() : config.url;
    config.prefix = config.prefix == NULL ? "" : config.prefix;
    config.instance = config.instance == NULL ? "one" : config.instance;
    config.known = config.known == NULL ? "" : config.known;
    store = store_redis_create(&config);
    memset(&kit_found, 0, sizeof kit_found);
    result = kit_open(store, &kit_found);
    store->is->close(store);
    return result;
}

static void assert_refused(struct store_result result, enum store_status status, const char *word)
{
    assert_int_equal(result.status, status);
    if (strstr(result.why, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", result.why, word);
}

static void a_redis_that_can_lose_answers_is_refused_unless_that_is_allowed(void **state)
{
    static const struct {
        const char *set[2][2], *word;
    } unsafe[] = {
        {{{"appendfsync", "everysec"}, {"maxmemory", "0"}}, "set appendfsync always"},
        {{{"appendfsync", "no"}, {"maxmemory", "0"}}, "set appendfsync always"},
        {{{"no-appendfsync-on-rewrite", "yes"}, {"maxmemory", "0"}},
         "set no-appendfsync-on-rewrite no"},
        {{{"maxmemory-policy", "allkeys-lru"}, {"maxmemory", "1gb"}},
         "set maxmemory-policy noeviction"},
        {{{"appendonly", "no"}, {"maxmemory", "0"}}, "set appendonly yes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        redis_server_start();
        redis_server_tell("FLUSHALL"); /* what the one before left */
        for (int k = 0; k < 2; k++)
            redis_server_tell("CONFIG SET %s %s", unsafe[i].set[k][0], unsafe[i].set[k][1]);
        assert_refused(open_with((struct store_redis_config){0}), STORE_FAILED, unsafe[i].word);
        assert_int_equal(redis_server_tell("DBSIZE"), 0);
        assert_int_equal(open_with((struct store_redis_config){.allow_unsafe = true}).status,
                         STORE_OK);
        redis_server_stop();
    }
}

static void an_eviction_policy_without_a_limit_evicts_nothing(void **state)
{
    (void)state;
    redis_server_start();
    redis_server_tell("CONFIG SET maxmemory-policy allkeys-lru");
    assert_int_equal(open_with((struct store_redis_config){0}).status, STORE_OK);
}

static void a_replica_is_refused_whatever_is_allowed(void **state)
{
    (void)state;
    redis_server_start();
    redis_server_tell("REPLICAOF 127.0.0.1 1");
    assert_refused(open_with((struct store_redis_config){.allow_unsafe = true}), STORE_FAILED,
                   "replica");
}

static void a_redis_that_does_not_answer_is_named(void **state)
{
    (void)state;
    assert_refused(open_with((struct store_redis_config){.url = "unix:/nowhere/redis"}),
                   STORE_FAILED, "unix:/nowhere/redis: cannot connect");
    assert_refused(open_with((struct store_redis_config){.url = "redis://u:secret@127.0.0.1:1/4"}),
                   STORE_FAILED, "redis://127.0.0.1:1/4: cannot connect");
}

static void user_password_database_and_prefix_count(void **state)
{
    struct store_redis_config config = {.prefix = "shop:"};
    char url[200];

    (void)state;
    redis_server_start();
    redis_server_tell("ACL SETUSER ada on >it%%is ~shop:* +@all");
    redis_server_tell("ACL SETUSER default resetpass >well");
    config.url = url;
    snprintf(url, sizeof url, "%s", redis_server_url());
    assert_refused(open_with(config), STORE_FAILED, "NOAUTH");
    config.password = "well";
    assert_int_equal(open_with(config).status, STORE_OK);
    config.password = "ill";
    assert_refused(open_with(config), STORE_FAILED, "WRONGPASS");
    config.user = "ada";
    config.password = "it%is";
    snprintf(url, sizeof url, "%s?db=3", redis_server_url());
    assert_int_equal(open_with(config).status, STORE_OK);
    config.prefix = "mine:"; /* not hers */
    assert_int_equal(open_with(config).status, STORE_FAILED);
}

/* A port that is free. */
static int find_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void over_tcp_by_name_or_number_it_is_the_same(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "me:it%25is@127.0.0.1",
                                        ":it%25is@localhost"};
    int port = find_port();

    (void)state;
    redis_server_start();
    redis_server_tell("CONFIG SET port %d", port);
    redis_server_tell("ACL SETUSER me on >it%%is ~* +@all");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char url[100];
        if (hosts[i][0] == ':')
            redis_server_tell("ACL SETUSER default resetpass >it%%is");
        snprintf(url, sizeof url, "redis://%s:%d/2", hosts[i], port);
        assert_int_equal(open_with((struct store_redis_config){.url = url}).status, STORE_OK);
    }
}

/* As docs/operations.md tells an operator to set it. */
#define ACL_RULES                                                                                  \
    "~shop:lockq:* ~shop:locked:* ~shop:locked-by:* resetchannels -@all +select +info "            \
    "+config|get "                                                                                 \
    "+script|load +eval +evalsha +get +set +del +exists +type +hget +hmget +hset +hdel +hincrby "  \
    "+hscan +sadd +srem +sscan +bgrewriteaof"

static void the_permissions_that_the_manual_names_are_enough(void **state)
{
    struct store_redis_config config = {.url = redis_server_url(),
                                        .user = "lockq",
                                        .password = "secret",
                                        .prefix = "shop:",
                                        .instance = "one",
                                        .known = ""};

    (void)state;
    redis_server_start();
    redis_server_tell("ACL SETUSER lockq on >secret " ACL_RULES);
    for (int i = 0; i < 2; i++) { /* the second time there is something to recover and to clear */
        struct store *store = store_redis_create(&config);
        assert_int_equal(kit_open(store, &kit_found).status, STORE_OK);
        kit_sum = 0;
        kit_put(store, STORE_PUT, kit_op(1), 0);
        redis_server_tell("SADD shop:locked:Project 9");
        redis_server_tell("HSET shop:locked-by:Project 9 nobody");
        store->is->close(store);
    }
    assert_int_equal(redis_server_tell("SCARD shop:locked:Project"), 2);
    redis_server_tell("ACL SETUSER lockq -config|get");
    assert_refused(open_with(config), STORE_FAILED, "permit CONFIG GET");
    config.allow_unsafe = true;
    assert_int_equal(open_with(config).status, STORE_OK);
    assert_int_equal(redis_server_tell("SCARD shop:locked:Project"), 1);
}

/* --- whose it is ----------------------------------------------------------------------------- */

static void another_daemons_owner_key_keeps_out_and_says_who(void **state)
{
    struct store *store;

    (void)state;
    redis_server_start();
    store = kit_reopen();
    assert_refused(open_with((struct store_redis_config){.instance = "other"}), STORE_BUSY,
                   "another daemon has it: one host ");
    assert_in_range(redis_server_tell("PTTL lockq:owner"), 10000, 15000);
    store->is->close(store);
    assert_int_equal(open_with((struct store_redis_config){.instance = "other"}).status, STORE_OK);
}

static void when_the_owner_key_has_gone_another_may_take_over(void **state)
{
    struct store *store;

    (void)state;
    redis_server_start();
    store = kit_reopen();
    redis_server_tell("DEL lockq:owner");
    assert_int_equal(open_with((struct store_redis_config){.instance = "other"}).status, STORE_OK);
    store->is->close(store);
}

static void after_another_took_over_nothing_is_written(void **state)
{
    struct store *old, *new;

    (void)state;
    redis_server_start();
    old = kit_reopen();
    kit_put(old, STORE_PUT, kit_op(1), 0);
    new = kit_reopen(); /* the same instance: at once */
    assert_refused(kit_try(old, STORE_PUT, kit_op(2), 0), STORE_FAILED, "taken it over: one host");
    kit_sum = kit_hash(1);
    kit_put(new, STORE_PUT, kit_op(3), 0);
    assert_refused(kit_try(old, STORE_PUT, kit_op(2), 0), STORE_FAILED, "taken it over");
    old->is->close(old);
    assert_int_equal(redis_server_tell("EXISTS lockq:owner"), 1); /* it is not the old one's */
    new->is->close(new);
    assert_int_equal(redis_server_tell("EXISTS lockq:owner"), 0);
    new = kit_reopen();
    assert_int_equal(kit_found.n_ops, 2);
    assert_int_equal(kit_found.tickets[1], 3);
    new->is->close(new);
}

/* --- what it was ----------------------------------------------------------------------------- */

static void a_store_that_has_forgotten_what_it_had_is_refused(void **state)
{
    char known[64];
    struct store *store;

    (void)state;
    redis_server_start();
    store = kit_reopen();
    snprintf(known, sizeof known, "%s", store_redis_id(store));
    assert_int_equal(strlen(known), 32);
    store->is->close(store);
    assert_int_equal(open_with((struct store_redis_config){.known = known}).status, STORE_OK);
    redis_server_tell("FLUSHALL");
    assert_refused(open_with((struct store_redis_config){.known = known}), STORE_DAMAGED,
                   "forgotten what it had");
    assert_int_equal(redis_server_tell("DBSIZE"), 0);
    assert_int_equal(open_with((struct store_redis_config){0}).status, STORE_OK);
    assert_refused(open_with((struct store_redis_config){.known = known}), STORE_DAMAGED,
                   "forgotten what it had"); /* it is a new one */
}

static void one_that_forgets_while_it_is_in_use_fails_the_next_commit(void **state)
{
    struct store *store;

    (void)state;
    redis_server_start();
    store = kit_reopen();
    kit_put(store, STORE_PUT, kit_op(1), 0);
    redis_server_tell("HSET lockq:meta turn 0"); /* as an older copy of its data would say */
    assert_refused(kit_try(store, STORE_PUT, kit_op(2), 0), STORE_FAILED, "forgotten or changed");
    redis_server_tell("FLUSHALL");
    assert_int_equal(kit_try(store, STORE_PUT, kit_op(2), 0).status, STORE_FAILED);
    assert_int_equal(redis_server_tell("DBSIZE"), 0);
    store->is->close(store);
}

static void changed_rows_missing_rows_and_foreign_keys_are_noticed(void **state)
{
    static const char *const damage[][2] = {
        {"redis.call('HDEL', 'lockq:ops', '1')", "state hash differs"},
        {"redis.call('HSET', 'lockq:meta', 'hash', '5')", "state hash differs"},
        {"redis.call('HSET', 'lockq:ops', '1', 'x')", "contradicts"},
        {"redis.call('HSET', 'lockq:ops', 'x', 'x')", "strange field"},
        {"redis.call('HSET', 'lockq:meta', 'version', '9')", "version 9"},
        {"redis.call('DEL', 'lockq:meta')", "not of lockq"},
        {"redis.call('SET', 'lockq:meta', 'x')", "WRONGTYPE"},
        {"redis.call('RENAME', 'lockq:meta', 'lockq:owner')", "WRONGTYPE"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct store_result result;
        redis_server_start();
        redis_server_tell("FLUSHALL"); /* what the one before left */
        kit_make_two();
        redis_server_tell("EVAL %s 0", damage[i][0]);
        result = kit_refusal();
        if (result.status == STORE_OK || strstr(result.why, damage[i][1]) == NULL)
            fail_msg("%s: %s", damage[i][0], result.why);
        redis_server_stop();
    }
}

static void a_moved_row_is_noticed(void **state)
{
    (void)state;
    redis_server_start();
    kit_make_two();
    redis_server_tell("EVAL %s 1 lockq:ops",
                      "redis.call('HSET', KEYS[1], '3', redis.call('HGET', KEYS[1], '1'))"
                      "redis.call('HDEL', KEYS[1], '1')");
    assert_refused(kit_refusal(), STORE_DAMAGED, "contradicts");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

/* Each test starts its server itself: some must set it up first. */
static struct store *create(void)
{
    return redis_server_store("one");
}

static const struct kind by_hand = {
    .name = "redis", .keeps = true, .tear_down = redis_server_stop, .create = create};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_read_in_every_form_or_refused),
        TEST(a_redis_that_can_lose_answers_is_refused_unless_that_is_allowed),
        TEST(an_eviction_policy_without_a_limit_evicts_nothing),
        TEST(a_replica_is_refused_whatever_is_allowed),
        TEST(a_redis_that_does_not_answer_is_named),
        TEST(user_password_database_and_prefix_count),
        TEST(over_tcp_by_name_or_number_it_is_the_same),
        TEST(the_permissions_that_the_manual_names_are_enough),
        TEST(another_daemons_owner_key_keeps_out_and_says_who),
        TEST(when_the_owner_key_has_gone_another_may_take_over),
        TEST(after_another_took_over_nothing_is_written),
        TEST(a_store_that_has_forgotten_what_it_had_is_refused),
        TEST(one_that_forgets_while_it_is_in_use_fails_the_next_commit),
        TEST(changed_rows_missing_rows_and_foreign_keys_are_noticed),
        TEST(a_moved_row_is_noticed),
    };

    kind = &by_hand;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
