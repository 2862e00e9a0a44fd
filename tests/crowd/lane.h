/*
 * Lanes: what a client does, one operation after another, at random.
 *
 * A lane has an aim, and asks for what brings it nearer. When the connection goes, what was asked
 * and not answered is asked again: the same id with the same content, so it is the same operation.
 * Nothing is given up before the daemon has said how it ended.
 */
#ifndef CROWD_LANE_H
#define CROWD_LANE_H

#include "link.h"

/* Asks for the next thing, if its time has come. */
void lane_tend(struct lane *lane, uint64_t now_us);
bool lane_is_at_rest(const struct lane *lane);

void lane_on_up(struct lane *lane);
void lane_on_down(struct lane *lane);
/* What was tied to the session is on its own. */
void lane_on_session_lost(struct lane *lane);

void lane_on_answer(struct lane *lane, const struct slot *slot, const struct wire_answer *answer);
/* A push; or an answer that nobody waits for any more. */
void lanes_on_push(struct link *link, const struct wire_answer *answer);

/* Writes down what is asked, before it is sent, and what was heard; slot: of the question, or NULL
 * (lane_note.c). */
void lane_note_ask(const struct lane *lane, const struct wire_request *request, uint16_t flags);
void lane_note_hear(const struct link *link, enum history_method method, uint64_t op,
                    const struct slot *slot, const struct wire_answer *answer);

/* Draws what the next operation is to be (work.c). */
void work_draw(struct lane *lane);
/* Under the grant: begins with what it holds, and ends it (work.c). */
void work_begin(struct lane *lane);
void work_end(struct lane *lane);
/* The grant is over: the registers must not take its token, if somebody came after it. */
void work_try_late(struct lane *lane);

#endif
