/*
 * A message as the body of a reply of several lines (RFC 1939 §3): each line ends with CRLF, and
 * one that begins with a dot gets another. A line feed alone ends a line here too, as it does for
 * many clients: otherwise a message could end its own reply, and go on with what a client takes for
 * our words. What an MTA hands over has CRLF throughout, and arrives as it is.
 */
#ifndef POSTSEAL_PORTAL_POP_MULTILINE_H
#define POSTSEAL_PORTAL_POP_MULTILINE_H

#include "core/sink.h"

/* finish() ends the last line, and writes the line with the dot. */
struct multiline_sink {
	struct sink sink;
	struct sink *next;
	bool is_limited; /* to the header and so many lines of the body (TOP) */
	unsigned long lines_left;
	bool in_body, is_full; /* full: the rest is left out */
	bool has_begun;	       /* the present line has */
	bool has_text;	       /* something other than the CR that may end it */
	bool after_cr;
};

/* `lines_max` NULL: the whole message. */
void multiline_sink_init(struct multiline_sink *multiline, struct sink *next,
			 const unsigned long *lines_max);

#endif
