/*
 * The condition `detect`: all detectors that rules name are asked in one go over the message, when
 * the first such condition is reached.
 */
#ifndef POSTSEAL_POLICY_DETECT_H
#define POSTSEAL_POLICY_DETECT_H

#include "policy/rule.h"

/* Matches if at least condition->size different ones are found. */
bool detect_match(struct policy_question *question, const struct condition *condition,
		  bool *matched_r, struct fault *fault);
/* What was found for the condition, for the record; NULL: nothing, or it is no such condition. */
json_t *detect_found(const struct policy_question *question, const struct condition *condition);

#endif
