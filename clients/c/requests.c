#include "requests.h"

#include <stdlib.h>
#include <string.h>

#define BODY 7 /* bytes before the method: the outer array, 0, and an id of fixed size */

struct request {
    struct request *next;
    uint32_t id;
    bool is_abandoned;
    bool is_sent; /* at least begun */
    bool ties;    /* an operation to the session, if it is carried out */
    char *bytes;  /* the whole message; owned */
    size_t size;
    lockq_answer *answer;
    void *context;
};

void requests_init(struct requests *requests)
{
    *requests = (struct requests){.last = &requests->first};
}

static void free_request(struct request *request)
{
    free(request->bytes);
    free(request);
}

static struct request *take_at(struct requests *requests, struct request **at)
{
    struct request *found = *at;

    *at = found->next;
    if (requests->last == &found->next)
        requests->last = at;
    return found;
}

void requests_finish(struct requests *requests)
{
    while (requests->first != NULL)
        free_request(take_at(requests, &requests->first));
}

void requests_pack_head(msgpack_packer *packer, uint32_t id, const char *method)
{
    msgpack_pack_array(packer, 4);
    msgpack_pack_int(packer, 0);
    msgpack_pack_fix_uint32(packer, id);
    msgpack_pack_str_with_body(packer, method, strlen(method));
    msgpack_pack_array(packer, 1);
}

static bool ties(const char *method, const struct lockq_params *params)
{
    if (strcmp(method, "claim") == 0)
        return params != NULL && params->ties;
    return (strcmp(method, "submit") == 0 || strcmp(method, "acquire") == 0) &&
           (params == NULL || !params->has_lease);
}

static struct request *make(uint32_t id, const char *method, const struct lockq_params *params)
{
    struct request *request = calloc(1, sizeof *request);
    msgpack_sbuffer bytes;
    msgpack_packer packer;

    if (request == NULL)
        abort();
    request->id = id;
    msgpack_sbuffer_init(&bytes);
    msgpack_packer_init(&packer, &bytes, msgpack_sbuffer_write);
    requests_pack_head(&packer, id, method);
    msgpack_pack_map(&packer, params == NULL ? 0 : params->pairs);
    if (params != NULL)
        msgpack_sbuffer_write(&bytes, params->bytes.data, params->bytes.size);
    request->ties = ties(method, params);
    request->size = bytes.size;
    request->bytes = msgpack_sbuffer_release(&bytes);
    return request;
}

static void write_one(struct request *request, msgpack_sbuffer *out)
{
    request->is_sent = true;
    msgpack_sbuffer_write(out, request->bytes, request->size);
}

uint32_t requests_add(struct requests *requests, const char *method,
                      const struct lockq_params *params, lockq_answer *answer, void *context)
{
    struct request *request;

    do
        requests->next_id++;
    while (requests->next_id == HELLO_ID || requests->next_id == UINT32_MAX);
    request = make(requests->next_id, method, params);
    request->answer = answer;
    request->context = context;
    *requests->last = request;
    requests->last = &request->next;
    if (requests->out != NULL)
        write_one(request, requests->out);
    return request->id;
}

static struct request **find(struct requests *requests, uint64_t id)
{
    for (struct request **at = &requests->first; *at != NULL; at = &(*at)->next)
        if ((*at)->id == id)
            return at;
    return NULL;
}

static bool asks_the_same(const struct request *a, const struct request *b)
{
    return a->size == b->size && memcmp(a->bytes + BODY, b->bytes + BODY, a->size - BODY) == 0;
}

uint32_t requests_adopt(struct requests *requests, const char *method,
                        const struct lockq_params *params, lockq_answer *answer, void *context)
{
    struct request *asked = make(HELLO_ID, method, params), *one = requests->first;

    while (one != NULL && !(one->is_abandoned && asks_the_same(one, asked)))
        one = one->next;
    free_request(asked);
    if (one == NULL)
        return 0;
    one->is_abandoned = false;
    one->answer = answer;
    one->context = context;
    return one->id;
}

void requests_abandon(struct requests *requests, uint32_t id)
{
    struct request **at = find(requests, id);

    if (at == NULL)
        return;
    (*at)->is_abandoned = true;
    (*at)->answer = NULL;
}

void requests_forget(struct requests *requests, uint32_t id)
{
    struct request **at = find(requests, id);

    if (at != NULL)
        free_request(take_at(requests, at));
}

void requests_on_connected(struct requests *requests, msgpack_sbuffer *out)
{
    requests->out = out;
    for (struct request *one = requests->first; one != NULL; one = one->next)
        write_one(one, out);
}

void requests_on_drop(struct requests *requests)
{
    struct request **at = &requests->first;

    requests->out = NULL;
    while (*at != NULL) {
        if ((*at)->is_abandoned)
            free_request(take_at(requests, at));
        else
            at = &(*at)->next;
    }
}

static void answer_one(struct request *request, struct lockq *lockq, int status,
                       const msgpack_object *result)
{
    if (request->answer != NULL)
        request->answer(lockq, status, result, request->context);
    free_request(request);
}

bool requests_may_own(const struct requests *requests)
{
    for (const struct request *one = requests->first; one != NULL; one = one->next)
        if (one->is_sent && one->ties)
            return true;
    return false;
}

bool requests_ties(struct requests *requests, uint64_t id)
{
    struct request **at = find(requests, id);

    return at != NULL && (*at)->ties;
}

void requests_answer(struct requests *requests, struct lockq *lockq, uint64_t id, int status,
                     const msgpack_object *result)
{
    struct request **at = find(requests, id);

    if (at != NULL)
        answer_one(take_at(requests, at), lockq, status, result);
}

void requests_fail(struct requests *requests, struct lockq *lockq, int status)
{
    struct request *failed = requests->first;

    requests->first = NULL;
    requests->last = &requests->first;
    while (failed != NULL) {
        struct request *next = failed->next;
        answer_one(failed, lockq, status, NULL);
        failed = next;
    }
}
