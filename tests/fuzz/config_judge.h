/*
 * A second reader of configuration files, made from docs/operations.md, to judge the first.
 *
 * It shares nothing with config.c but the table of limits, which is the contract. It knows which
 * line is the first wrong one, and what every setting is to be when none is.
 */
#ifndef CONFIG_JUDGE_H
#define CONFIG_JUDGE_H

#include "base/slice.h"
#include "server/config.h"

void config_judge_accepted(struct slice file, const struct config *config);
void config_judge_refused(struct slice file, const char *path, const char *why);
/* config_complete refused what config_read had accepted. */
void config_judge_incomplete(const struct config *config, const char *why);

#endif
