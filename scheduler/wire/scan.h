/*
 * The frame scanner: where one MessagePack message ends in a stream of bytes.
 *
 * Resumable: it remembers how far it came, so each byte is looked at once however slowly they
 * arrive. It believes no length header: a length counts only against the limit and against the
 * bytes that are there, and nothing is allocated. It checks what msgpack-c does not: total size,
 * nesting, counts, the reserved byte 0xc1.
 */
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum scan_result {
    SCAN_MORE,    /* no whole message yet */
    SCAN_FRAME,   /* one message ends at *n_frame */
    SCAN_BROKEN,  /* not MessagePack */
    SCAN_TOO_BIG, /* it is, or by its headers will be, longer than bytes_max */
    SCAN_TOO_DEEP /* nested deeper than depth_max; the outermost container is level 1 */
};

#define SCAN_DEPTH_LIMIT 64

/* All zero but the limits: ready for the first byte of a message. */
struct scanner {
    size_t bytes_max;                /* of one message */
    uint32_t depth_max;              /* 1 .. SCAN_DEPTH_LIMIT */
    size_t offset;                   /* bytes of the message that are understood; of a text also
                                        those that are still to come */
    uint64_t promised;               /* elements still missing in all */
    uint32_t depth;                  /* open containers */
    uint64_t left[SCAN_DEPTH_LIMIT]; /* elements still missing in each */
};

/*
 * Looks at the n bytes that are there of the current message (from its first byte on, at the same
 * or another address than before). After SCAN_FRAME the scanner is ready for the next message.
 * After an error it must not be used again. A scalar at the top level is a frame too.
 */
enum scan_result scan(struct scanner *scanner, const char *bytes, size_t n, size_t *n_frame);

#endif
