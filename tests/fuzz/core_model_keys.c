/*
 * Keys of the model: what lies above what is a matter of strings.
 */
#include "core_model.h"

/* '!' and '-' sort before '/': what is below "a" does not follow it in byte order. */
const char *const model_paths[MODEL_PATHS] = {
    "",
    "a",
    "a!",
    "a-b",
    "a-b/c",
    "a/b",
    "a/b/c",
    "a/b/c/d",
    "a/d",
    "a/b%2Fc",
    "b",
    "b/a",
    "b/a/a",
    "b/b",
    "c/1",
    "c/2",
    "c/3",
    "d/d/d/d",
    "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d",
    "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/e",
    "e",
    "ab",
};

const char *const model_namespaces[2] = {"default", "other"};

/* Filled once from the strings: the runs ask it a hundred million times. */
static bool is_above[MODEL_PATHS][MODEL_PATHS];

void model_compare_paths(void)
{
    for (uint32_t i = 0; i < MODEL_PATHS; i++)
        for (uint32_t j = 0; j < MODEL_PATHS; j++) {
            const char *a = model_paths[i], *b = model_paths[j];
            size_t n = strlen(a);
            is_above[i][j] = n == 0 || (strncmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/'));
        }
}

bool model_is_above(uint8_t above, uint8_t below)
{
    return is_above[above][below];
}

bool model_overlap(uint8_t a, uint8_t b)
{
    return model_is_above(a, b) || model_is_above(b, a);
}

static bool adds_nothing(const struct model_key *keys, uint32_t n, uint32_t i)
{
    for (uint32_t j = 0; j < n; j++) {
        bool same = keys[j].path == keys[i].path;
        if (j == i || !model_is_above(keys[j].path, keys[i].path) ||
            (keys[i].exclusive && !keys[j].exclusive))
            continue;
        /* Of equals the first stays. */
        if (!same || keys[j].exclusive != keys[i].exclusive || j < i)
            return true;
    }
    return false;
}

uint32_t model_normal_keys(const struct model_key *keys, uint32_t n, struct model_key *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (adds_nothing(keys, n, i))
            continue;
        uint32_t place = kept++;
        for (; place > 0 && strcmp(model_paths[out[place - 1].path], model_paths[keys[i].path]) > 0;
             place--)
            out[place] = out[place - 1];
        out[place] = keys[i];
    }
    return kept;
}
