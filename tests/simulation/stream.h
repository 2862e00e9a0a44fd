/*
 * Bytes on their way in one direction: sent in pieces, each of which arrives at its own time.
 *
 * What was sent later never arrives earlier. A stream may be cut: after so many bytes nothing more
 * comes through, and what was sent behind them is lost.
 */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define STREAM_PIECES_MAX 32

struct stream {
    struct buf bytes; /* arrived and on their way */
    size_t arrived;   /* of them */
    struct piece {
        size_t n;
        int64_t at_ms;
    } pieces[STREAM_PIECES_MAX]; /* those on their way: a ring */
    uint32_t first, n_pieces;
    bool was_full;     /* of pieces: some came later than they were sent for */
    int64_t last_ms;   /* when the last byte arrives */
    int64_t cut_after; /* so many more bytes; negative: no cut */
};

/* Empty, not cut. Gives memory back. */
void stream_reset(struct stream *stream);

/* Returns whether the stream was cut by these bytes. */
bool stream_send(struct stream *stream, const char *bytes, size_t n, int64_t at_ms);

/* How many bytes have arrived by now. */
size_t stream_arrived(struct stream *stream, int64_t now_ms);
/* When the first byte is there that nobody has taken; NEVER: none is on its way. */
int64_t stream_next_ms(const struct stream *stream);
/* Of those that have arrived. */
void stream_take(struct stream *stream, size_t n);

#endif
