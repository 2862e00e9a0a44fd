#include "fixture.h"

struct core *core;
struct outcome out;

int start(void **state)
{
    (void)state;
    core = core_create(&config);
    return 0;
}

int stop(void **state)
{
    bool is_consistent = core_is_consistent(core);

    discard(state);
    return is_consistent ? 0 : -1;
}

int discard(void **state)
{
    (void)state;
    core_destroy(core);
    return 0;
}

struct event about(enum event_type type, const char *id)
{
    return (struct event){.type = type,
                          .now_ms = 1,
                          .wall_ms = 1,
                          .ns = SLICE("default"),
                          .op = slice_of(id),
                          .session = 7,
                          .wait_ms = CORE_FOREVER,
                          .lease_ms = CORE_FOREVER,
                          .claim_in_ms = CORE_FOREVER};
}
