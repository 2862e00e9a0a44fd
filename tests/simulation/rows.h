/*
 * What must be true of the rows after every commit, also when it is a slice of a longer step.
 *
 * A crash may come now, and what is there is then all there is: so no two operations that exclude
 * each other are granted in it, whoever has a parent has one that is granted, and tickets, numbers
 * of changes and tokens are within what the meta row says.
 */
#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include "fake_store.h"

/* Reads the keys out of a row. Returns false when they are not ours. */
bool rows_read_keys(struct fake_row *row);

/* Compares the rows that a batch changed with all others; fills in store->wrong. */
void rows_check(struct fake_store *store, const struct store_batch *batch);

#endif
