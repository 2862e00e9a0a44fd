#include "store/redis_command.h"

#include <inttypes.h>
#include <stdio.h>

#define HEAD_MAX 16 /* "*4294967295\r\n" */

void redis_command_clear(struct redis_command *command)
{
    buf_consume(&command->body, buf_size(&command->body));
    command->n = 0;
}

void redis_command_finish(struct redis_command *command)
{
    buf_finish(&command->body);
    command->n = 0;
}

void redis_command_add(struct redis_command *command, struct slice argument)
{
    char head[16];
    int n = snprintf(head, sizeof head, "$%" PRIu32 "\r\n", argument.n);

    if (command->n == 0) {
        buf_reserve(&command->body, HEAD_MAX);
        command->body.end += HEAD_MAX;
    }
    buf_append(&command->body, head, (size_t)n);
    buf_append_slice(&command->body, argument);
    buf_append(&command->body, "\r\n", 2);
    command->n++;
}

void redis_command_add_text(struct redis_command *command, const char *text)
{
    redis_command_add(command, slice_of(text));
}

void redis_command_add_number(struct redis_command *command, uint64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIu64, number);

    redis_command_add(command, (struct slice){text, (uint32_t)n});
}

struct slice redis_command_bytes(struct redis_command *command)
{
    char head[HEAD_MAX + 1];
    int n = snprintf(head, sizeof head, "*%" PRIu32 "\r\n", command->n);
    char *at = buf_data(&command->body) + HEAD_MAX - n;

    memcpy(at, head, (size_t)n);
    return (struct slice){at, (uint32_t)(buf_size(&command->body) - HEAD_MAX + (size_t)n)};
}

void redis_command_begin(struct redis_command *command, const char *what, struct slice key,
                         size_t n_values)
{
    redis_command_add_text(command, what);
    redis_command_add(command, key);
    redis_command_add_number(command, n_values);
}
