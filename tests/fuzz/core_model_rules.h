/*
 * The model's rules, for its events.
 */
#ifndef FUZZ_CORE_MODEL_RULES_H
#define FUZZ_CORE_MODEL_RULES_H

#include "core_model.h"

/* Whether they may not both hold, families aside. */
bool model_conflict(const struct model_op *a, const struct model_op *b);
bool model_is_blocked(const struct model *m, uint32_t op);
bool model_has_children(const struct model *m, uint32_t op);
/* Whoever knows the token, and without one the session of a tied operation. */
enum lockq_status model_owns(const struct event *event, const struct model_op *op);
/* Whether one of its keys changed since the seq that it named. */
bool model_any_changed(const struct model *m, const struct model_op *op);
/* core_model_changes.c: a key changes, at the latest seq; when all that one operation changes at
 * once are noted, the oldest are forgotten. */
void model_note_change(struct model *m, uint8_t ns, uint8_t path);
void model_forget_changes(struct model *m);

void model_add_effect(struct model *m, struct model_outcome *out, enum effect_type type,
                      uint32_t op);
/* With those below it, the youngest first. */
void model_end(struct model *m, const struct event *event, uint32_t op, enum op_end how,
               struct model_outcome *out);
/* Whoever is free: ends if it is stale, else is granted. */
void model_grant(struct model *m, const struct event *event, struct model_outcome *out);

/* core_model_submit.c: what model_step does for a submit; the outcome is empty before. */
void model_submit(struct model *m, const struct event *event, const struct model_key *keys,
                  uint32_t n_keys, struct model_outcome *out);

#endif
