/*
 * Where the rows of SQLite's table are (store/places.h), as another program sees them.
 */
#include "kit.h"

#include <sqlite3.h>

static int64_t ask(const char *sql)
{
    sqlite3_stmt *statement;
    sqlite3 *db;
    int64_t number;

    assert_int_equal(sqlite3_open(kit_path("lockq.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

/* As history does that is full: each row that comes finds the place of one that goes. */
static void rows_that_come_take_the_places_of_those_that_go(void **state)
{
    struct store *store;

    (void)state;
    kit_make_two();
    store = kit_reopen();
    for (int64_t ticket = 3; ticket <= 300; ticket++) {
        struct store_op_record records[] = {{STORE_REMOVE, kit_op(ticket - 2)},
                                            {STORE_PUT, kit_op(ticket)}};
        struct store_batch batch = {.ops = records, .n_ops = 2};
        batch.meta.hash = kit_sum += kit_hash(ticket) - kit_hash(ticket - 2);
        assert_int_equal(store->is->commit(store, &batch).status, STORE_OK);
        if (ticket % 100 == 0) { /* also those that were there at the start */
            store->is->close(store);
            store = kit_reopen();
        }
    }
    store->is->close(store);
    assert_int_equal(ask("SELECT count(*) FROM operation"), 2);
    assert_int_equal(ask("SELECT max(place) FROM operation"), 2);
    store = kit_reopen();
    assert_int_equal(kit_found.tickets[0], 299);
    assert_int_equal(kit_found.tickets[1], 300);
    store->is->close(store);
}

static void what_goes_alone_is_removed_and_its_place_stays_free(void **state)
{
    struct store *store;

    (void)state;
    kit_make_two();
    store = kit_reopen();
    kit_put(store, STORE_REMOVE, kit_op(1), kit_hash(1));
    kit_put(store, STORE_PUT, kit_op(3), 0);
    store->is->close(store);
    assert_int_equal(ask("SELECT count(*) FROM operation"), 2);
    assert_int_equal(ask("SELECT place FROM operation WHERE ticket = 3"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_that_come_take_the_places_of_those_that_go),
        TEST(what_goes_alone_is_removed_and_its_place_stays_free),
    };
    kind = &kind_sqlite;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
