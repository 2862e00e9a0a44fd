/*
 * Histories: what each client asked and heard, a file of records a process.
 *
 * A file is in order of time, and all clocks are the machine's monotonic one, so the files of
 * several processes can be merged. An operation is its client * 2^32 + its number there; on the
 * wire it is called "cCLIENT-NUMBER". An ask is written before it is sent, an answer when it is
 * read: what lies between is what the daemon may have done in any order.
 */
#ifndef CROWD_HISTORY_H
#define CROWD_HISTORY_H

#include <stdint.h>

#define HISTORY_CLIENTS 1024

enum history_kind {
    HISTORY_ASK,      /* a request that makes or changes an operation, or asks about one */
    HISTORY_HEAR,     /* its answer, or a push */
    HISTORY_LEFT,     /* a session has lost its connection */
    HISTORY_COUNT,    /* counters were incremented under an operation */
    HISTORY_REGISTER, /* a write to a fenced register was tried */
    HISTORY_KINDS
};

enum history_method {
    METHOD_PUSH, /* heard without having asked */
    METHOD_SUBMIT,
    METHOD_ACQUIRE,
    METHOD_CLAIM,
    METHOD_RENEW,
    METHOD_RELEASE,
    METHOD_CANCEL,
    METHOD_VERIFY,
    METHOD_CHECK,
    METHOD_STATUS,
    METHOD_HELLO,
    METHOD_COUNT
};

enum history_state { STATE_NONE, STATE_WAITING, STATE_GRANTED, STATE_ENDED, STATE_ERROR };

enum history_end {
    END_NONE,
    END_RELEASED,
    END_CANCELLED,
    END_TIMEOUT,
    END_EXPIRED,
    END_LOST,
    END_REFUSED,
    END_OTHER
};

enum history_error {
    ERROR_NONE,
    ERROR_NOT_FOUND,
    ERROR_WRONG_TOKEN,
    ERROR_NOT_OWNER,
    ERROR_NOT_WAITING,
    ERROR_NOT_GRANTED,
    ERROR_ALREADY_CLAIMED,
    ERROR_NO_SESSION,
    ERROR_OTHER
};

enum history_flag {
    FLAG_FALSE_TOKEN = 1, /* asked with a token that is not the operation's */
    FLAG_TIED = 2,        /* the operation is tied to a session */
    FLAG_HELD = 4,        /* verify: held */
    FLAG_TAKEN = 8,       /* the register took the write */
    FLAG_LATE = 16,       /* tried by one that knew that its grant was over */
    FLAG_WRITE = 32       /* a write; without it the register was only shown the token */
};

struct history_record {
    uint8_t kind, method, state, detail; /* detail: an end, or of STATE_ERROR the error */
    uint16_t client, flags;
    uint64_t op;
    uint64_t time_us;
    union {
        struct { /* ask */
            uint64_t exclusive, shared;
            uint32_t wait_ms, lease_ms; /* UINT32_MAX: none given */
            uint32_t claim_in_ms, has_payload;
            uint32_t session, key; /* key: of a check */
        } ask;
        struct { /* hear */
            uint64_t ticket, seq, token, sent_us;
        } hear;
        struct { /* hear, of check; op is a question's own number */
            uint64_t first, seq;
            uint32_t holders, waiting, key, state;
        } row;
        struct {                  /* left */
            uint64_t answered_us; /* its last request that was answered had been asked then */
            uint32_t session, grace_ms;
        } left;
        struct { /* count */
            uint64_t cells;
        } count;
        struct { /* register */
            uint64_t token, version;
            uint32_t cell;
        } fence;
    };
};

struct history;

struct history *history_create(const char *directory, int process);
/* The time in it is set here. Ends the process when the disk is full. */
void history_write(struct history *history, struct history_record *record);
void history_destroy(struct history *history);

uint64_t history_now_us(void);

#endif
