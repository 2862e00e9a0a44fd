#include "wire/request.h"

const char *const wire_method_names[METHOD_COUNT] = {
#define METHOD_NAME(name, wire) [METHOD_##name] = wire,
    WIRE_METHOD_LIST(METHOD_NAME)
#undef METHOD_NAME
};

const char *const wire_field_names[FIELD_COUNT] = {
#define FIELD_NAME(name, wire) [FIELD_##name] = wire,
    WIRE_FIELD_LIST(FIELD_NAME)
#undef FIELD_NAME
};

const char *const wire_status_names[LOCKQ_PARSE + 1] = {[LOCKQ_OK] = "ok",
#define STATUS_NAME(name, wire, text) [LOCKQ_##name] = wire,
                                                        LOCKQ_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
};

const char *const wire_status_sentences[LOCKQ_PARSE + 1] = {[LOCKQ_OK] = "done",
#define STATUS_SENTENCE(name, wire, text) [LOCKQ_##name] = text,
                                                            LOCKQ_STATUS_LIST(STATUS_SENTENCE)
#undef STATUS_SENTENCE
};
