/*
 * What must hold of every request that was read, whatever bytes it came from.
 *
 * The judge reads the contract anew and shares nothing with what it judges. It ends the process
 * when something does not hold, so that a fuzzer notices.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "wire/request.h"

void judge_request(const struct request *request, const struct request_result *result,
                   const struct wire_limits *limits);

#endif
