/*
 * Text in the form format=flowed (RFC 3676): lines that were broken only for sending are joined
 * again, as a reader sees them.
 */
#ifndef POSTSEAL_MAIL_FLOWED_H
#define POSTSEAL_MAIL_FLOWED_H

#include <glib.h>
#include <stdbool.h>

struct flowed {
	bool deletes_space; /* delsp=yes: the blank at the end of a flowed line is not part of the
			       text */
	GString *line;	    /* the line that has not ended yet */
	bool is_open;	    /* the previous line flows into this one */
	size_t depth;	    /* quoting depth of the previous line */
	bool is_behind_cr;  /* so that LF only ends the same line */
};

void flowed_init(struct flowed *flowed, bool deletes_space);
void flowed_clear(struct flowed *flowed);
/* A lone CR ends a line as well, as it does for Python and Thunderbird. Appends to `out` what the
 * next bytes, in a superset of ASCII, contribute. Its lines end with LF.
 */
void flowed_step(struct flowed *flowed, const char *data, size_t length, GString *out);
void flowed_end(struct flowed *flowed, GString *out);

#endif
