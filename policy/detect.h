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
/* Where something was found, for the record: in this field of the header, or here, or, if both are
 * NULL, in the part that is being visited. Caller frees. */
char *found_where(const struct policy_facts *facts, const char *where, const char *field);

#endif
