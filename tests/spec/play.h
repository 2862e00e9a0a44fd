/*
 * Stories about the core, told as text and compared as text.
 *
 * A line that begins with a number is a command: its time, who gives it, what it says. The indented
 * lines below it are what came of it. play() runs the commands, writes the whole story anew and
 * compares the two: a failure is their difference.
 *
 *   0 A submit a orders:x lease 1000       client A (a session) submits operation a
 *       a granted token 1, expires in 1000
 *   1 B submit b orders:s wait 50
 *       b waiting ahead 1 (a), times out in 50
 *   51 tick
 *       b timeout
 *
 * Commands of a client, A to Z (each is a session of its own):
 *   submit ID KEY:MODE... [wait MS] [lease MS] [claim_in MS] [who W] [why W] [meta W] [payload W]
 *            [parent ID] [parent_token N] [max_hold MS] [unchanged SEQ] [tell SEQ] [pass]
 *                                          mode x or s, "/:x" is the root; ID "-": none given;
 *                                          "k/1..9:x" is nine keys, a text "z*99" is 99 bytes
 *   crowd ID N KEY:MODE... [...]           submits ID1 to IDN, tells only how many were granted
 *   claim ID [tie]
 *   extend ID KEY:MODE... [token N]
 *   renew ID [token N] [lease MS] [progress W]
 *   release ID [KEY...] [token N] [outcome W] [unchanging]
 *   cancel ID [why W]     kill ID [why W]
 *   ends                                   the session has ended
 * Any of these may say "in NAMESPACE". wait 0: refuse instead of waiting. lease 0: for ever.
 * Tokens are told as ordinals, 1 for the first that was given, since only their order is promised.
 *
 * Commands without a client:
 *   tick [until MS]
 *   watch                  from now on it is told who becomes contended
 *   restart [without ID | ungranted ID | granted ID | doubled ID | reversed]
 *                                          a new core from what the old one would have stored,
 *                                          whole or damaged
 *   limit NAME N                           before all others
 *   plan KEY:MODE... [FIELDS OF A SUBMIT]
 *   ahead ID   check KEY   contended ID   keys ID [from N]   touches ID KEY   show ID   list
 *   changed KEY since SEQ   stats NAME...   owns CLIENT   namespaces   due MS   normalise
 * KEY:MODE...
 *
 * After each command an auditor looks at what every step must leave behind; what it finds wrong is
 * a line that begins with "!", which no story contains.
 */
#ifndef SPEC_PLAY_H
#define SPEC_PLAY_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A test whose name is the rule; cmocka hands it a state that no story has. */
#define STORY(rule) static void rule(void **state __attribute__((unused)))

/* Fails the running cmocka test when the story comes out otherwise. */
void play(const char *story);

#endif
