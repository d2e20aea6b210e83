/*
 * The condition `text in`: words and phrases of a table, in the text and in what else of a message
 * people write.
 */
#ifndef POSTSEAL_POLICY_TEXT_WORDS_H
#define POSTSEAL_POLICY_TEXT_WORDS_H

#include "policy/rule.h"

/* Matches if so many different entries are found as the condition asks for, or one. */
bool text_words_match(struct policy_question *question, const struct condition *condition,
		      bool *matched_r, struct fault *fault);
/* {table, count, part} for the record, without the words: what was counted until there were enough,
 * and where the first is. NULL: nothing, or it is no such condition. */
json_t *text_words_found(const struct policy_question *question, const struct condition *condition);

#endif
