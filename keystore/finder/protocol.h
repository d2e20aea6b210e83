/*
 * The protocol of postseal-finder's socket (a stream). Over one connection an asker sends any
 * number of questions, each with a number of its own; answers come in any order. Both ends are on
 * one machine and come from the same build, so numbers are in the machine's byte order. Neither end
 * trusts the other: the finder talks to strangers, and its socket can be reached by other programs.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_PROTOCOL_H
#define POSTSEAL_KEYSTORE_FINDER_PROTOCOL_H

#include <stdint.h>

#include "keystore/finder.h"

enum {
	FINDER_PLACE_MAX = 2048, /* bytes */
	FINDER_WHY_MAX = 600,
};

enum finder_frame {
	FINDER_FRAME_INCOMPLETE, /* more bytes are to come */
	FINDER_FRAME_COMPLETE,
	FINDER_FRAME_MALFORMED, /* the connection is of no further use */
};

/* A question as it arrived. */
struct finder_asked {
	uint32_t number;
	uint32_t milliseconds; /* how long the asker waits for the answer */
	enum finder_wish wish;
	char *subject;
	GBytes *body; /* or NULL */
};
void finder_asked_clear(struct finder_asked *asked);

/* Can it be sent: is it within the limits? */
bool finder_question_fits(const struct finder_question *question);
/* Appends a question that fits. */
void finder_put_question(GByteArray *to, uint32_t number, const struct finder_question *question,
			 uint32_t milliseconds);
/* Appends an answer; one that is beyond the limits is sent as FINDER_FAILED. */
void finder_put_answer(GByteArray *to, uint32_t number, const struct finder_answer *answer);

/* Read one frame from the beginning of the bytes. *used_r is its length if it is complete. */
enum finder_frame finder_take_question(const void *bytes, size_t length,
				       struct finder_asked *asked_r, size_t *used_r);
enum finder_frame finder_take_answer(const void *bytes, size_t length, uint32_t *number_r,
				     struct finder_answer *answer_r, size_t *used_r);

#endif
