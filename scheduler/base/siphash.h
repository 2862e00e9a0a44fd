/*
 * SipHash-1-3: a keyed hash that a peer who does not know the key cannot flood.
 *
 * J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012; one round a word and
 * three to finish, as Rust and Python use it for hash tables. Also used, with a fixed key, as the
 * checksum of stored records and, with its 128-bit output, as the content hash of an operation:
 * both compare only what one party wrote itself.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

uint64_t siphash13(struct siphash_key key, const void *bytes, size_t n);
/* The variant with 128 bits of output. */
void siphash13_wide(struct siphash_key key, const void *bytes, size_t n, uint64_t out[2]);

#endif
