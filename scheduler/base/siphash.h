/*
 * SipHash-1-3: a keyed hash that a peer who does not know the key cannot flood.
 *
 * J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012; one round a word and
 * three to finish, as Rust and Python use it for hash tables. Also used, with a fixed key, as the
 * checksum of stored records and, twice with two keys, as the 128-bit content hash of an
 * operation: both compare only what one party wrote itself.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

uint64_t siphash13(struct siphash_key key, const void *bytes, size_t n);

#endif
