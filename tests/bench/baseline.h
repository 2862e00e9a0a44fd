/*
 * What the baselines share: a bare libuv server of 100-byte messages on one address.
 *
 * Each client has one message under way, and it comes whole: a baseline knows nothing of frames.
 */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include <uv.h>

#define BASELINE_MESSAGE_SIZE 100

/* Listens at unix:/path or tcp:127.0.0.1:port, prints "ready" and serves until it is killed.
 * `bytes` of on_message are valid during the call. Returns only with an error that was printed. */
int baseline_serve(const char *address, void (*on_message)(uv_stream_t *client, char *bytes));

/* Sends a message back; a client that is gone is left to the next read. */
void baseline_answer(uv_stream_t *client, char *bytes);

#endif
