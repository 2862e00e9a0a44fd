#include "pool.h"

const char *const pool_keys[POOL_KEYS] = {
    "P",       "Row",     "P/0",     "P/1",     "P/2",       "P/3",       "P/0/T/0", "P/0/T/1",
    "P/0/T/2", "P/1/T/0", "P/1/T/1", "P/1/T/2", "P/2/T/0",   "P/2/T/1",   "P/2/T/2", "P/3/T/0",
    "P/3/T/1", "P/3/T/2", "P/0!",    "P/1-",    "P/0/T/0/S", "P/1/T/1/S", "Row/0",   "Row/1",
    "Row/2",   "Row/3",   "Row/4",   "Row/5",   "Row/6",     "Row/7",     "Row/8",   "Row/9",
    "Row/10",  "Row/11",  "Row/12",  "Row/13",  "Row/14",    "Row/15",    "Row/16",  "Row/17",
    "Row/18",  "Row/19",  "Row/20",  "Row/21",  "Row/22",    "Row/23",    "Row/24",  "Row/25",
    "Row/26",  "Row/27",  "Row/28",  "Row/29",  "Slow/0",    "Slow/1",    "Slow/2",  "Slow/3",
    "Slow/4",  "Slow/5",  "Slow/6",  "Slow/7",  "Slow/8",    "Slow/9",    "Slow/10", "Slow/11",
};
