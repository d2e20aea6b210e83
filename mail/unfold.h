/*
 * Content lines of iCalendar and vCard (RFC 5545 §3.1, RFC 6350 §3.2): folded at 75 octets, even
 * within a word, and with some characters escaped.
 */
#ifndef POSTSEAL_MAIL_UNFOLD_H
#define POSTSEAL_MAIL_UNFOLD_H

#include <glib.h>
#include <stdbool.h>

/* Initialise to zero. */
struct unfold {
	enum { UNFOLD_TEXT, UNFOLD_CR, UNFOLD_LINE_END } state;
	bool is_escaped; /* the next character */
};

/* Does a file that begins like this have such lines? */
bool unfold_is_for(const char *beginning, size_t length);
/* Appends to `out` what the next bytes, in a superset of ASCII, contribute: lines unfolded, "\," as
 * a comma and "\n" as a line end (RFC 5545 §3.3.11). Lines end with LF. */
void unfold_step(struct unfold *unfold, const char *data, size_t length, GString *out);
void unfold_end(struct unfold *unfold, GString *out);

#endif
