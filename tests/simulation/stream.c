#include "stream.h"

#include "clock.h"

void stream_reset(struct stream *stream)
{
    buf_finish(&stream->bytes);
    *stream = (struct stream){.cut_after = -1};
}

static void add_piece(struct stream *stream, size_t n, int64_t at_ms)
{
    uint32_t last = (stream->first + stream->n_pieces - 1) % STREAM_PIECES_MAX;

    if (at_ms > stream->last_ms)
        stream->last_ms = at_ms;
    if (stream->n_pieces == STREAM_PIECES_MAX) { /* the last piece grows, and comes with its end */
        stream->was_full = true;
        stream->pieces[last].n += n;
        stream->pieces[last].at_ms = stream->last_ms;
        return;
    }
    stream->pieces[(stream->first + stream->n_pieces++) % STREAM_PIECES_MAX] =
        (struct piece){n, stream->last_ms};
}

bool stream_send(struct stream *stream, const char *bytes, size_t n, int64_t at_ms)
{
    bool is_cut = stream->cut_after >= 0 && (uint64_t)stream->cut_after < n;

    if (is_cut)
        n = (size_t)stream->cut_after;
    if (stream->cut_after >= 0)
        stream->cut_after -= (int64_t)n;
    if (n == 0)
        return is_cut;
    buf_append(&stream->bytes, bytes, n);
    add_piece(stream, n, at_ms);
    return is_cut;
}

size_t stream_arrived(struct stream *stream, int64_t now_ms)
{
    while (stream->n_pieces > 0 && stream->pieces[stream->first].at_ms <= now_ms) {
        stream->arrived += stream->pieces[stream->first].n;
        stream->first = (stream->first + 1) % STREAM_PIECES_MAX;
        stream->n_pieces--;
    }
    return stream->arrived;
}

int64_t stream_next_ms(const struct stream *stream)
{
    if (stream->arrived > 0)
        return 0;
    return stream->n_pieces > 0 ? stream->pieces[stream->first].at_ms : NEVER;
}

void stream_take(struct stream *stream, size_t n)
{
    buf_consume(&stream->bytes, n);
    stream->arrived -= n;
}
