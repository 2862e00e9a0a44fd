#include "params.h"

#include <stdlib.h>
#include <string.h>

struct lockq_params *lockq_params_new(void)
{
    struct lockq_params *params = calloc(1, sizeof *params);

    if (params == NULL)
        abort();
    msgpack_sbuffer_init(&params->bytes);
    return params;
}

void lockq_params_free(struct lockq_params *params)
{
    if (params == NULL)
        return;
    msgpack_sbuffer_destroy(&params->bytes);
    free(params);
}

static msgpack_packer begin_field(struct lockq_params *params, const char *field)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, &params->bytes, msgpack_sbuffer_write);
    msgpack_pack_str_with_body(&packer, field, strlen(field));
    params->pairs++;
    return packer;
}

void lockq_put_text(struct lockq_params *params, const char *field, const char *text)
{
    lockq_put_bytes(params, field, text, strlen(text));
}

void lockq_put_bytes(struct lockq_params *params, const char *field, const char *text, size_t n)
{
    msgpack_packer packer = begin_field(params, field);
    msgpack_pack_str_with_body(&packer, text, n);
}

void lockq_put_uint(struct lockq_params *params, const char *field, uint64_t number)
{
    msgpack_packer packer = begin_field(params, field);

    params->has_lease = params->has_lease || strcmp(field, "lease") == 0;
    msgpack_pack_uint64(&packer, number);
}

void lockq_put_bool(struct lockq_params *params, const char *field, bool value)
{
    msgpack_packer packer = begin_field(params, field);

    params->ties = params->ties || (value && strcmp(field, "tie") == 0);
    if (value)
        msgpack_pack_true(&packer);
    else
        msgpack_pack_false(&packer);
}

void lockq_put_texts(struct lockq_params *params, const char *field, const char *const *texts,
                     size_t n)
{
    msgpack_packer packer = begin_field(params, field);

    msgpack_pack_array(&packer, n);
    for (size_t i = 0; i < n; i++)
        msgpack_pack_str_with_body(&packer, texts[i], strlen(texts[i]));
}

void params_put_raw(struct lockq_params *params, const char *field, const char *bytes, size_t n)
{
    begin_field(params, field);
    msgpack_sbuffer_write(&params->bytes, bytes, n);
}
