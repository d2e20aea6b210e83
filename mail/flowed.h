/*
 * Text of the form format=flowed (RFC 3676): lines that were only broken for the mail are joined
 * again, as a reader sees them.
 */
#ifndef POSTSEAL_MAIL_FLOWED_H
#define POSTSEAL_MAIL_FLOWED_H

#include <glib.h>
#include <stdbool.h>

struct flowed {
	bool deletes_space; /* delsp=yes: the blank at the end of such a line is no part of the text
			     */
	GString *line;	    /* that has not ended yet */
	bool is_open;	    /* the line before flows into this one */
	size_t depth;	    /* of quoting, of that line */
};

void flowed_init(struct flowed *flowed, bool deletes_space);
void flowed_clear(struct flowed *flowed);
/* Appends to `out` what the next bytes, in a superset of ASCII, add. Lines end with LF there. */
void flowed_step(struct flowed *flowed, const char *data, size_t length, GString *out);
void flowed_end(struct flowed *flowed, GString *out);

#endif
