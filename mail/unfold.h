/*
 * Content lines of iCalendar and vCard (RFC 5545 §3.1, RFC 6350 §3.2): folded at 75 octets, also
 * within a word, and with some characters escaped.
 */
#ifndef POSTSEAL_MAIL_UNFOLD_H
#define POSTSEAL_MAIL_UNFOLD_H

#include <glib.h>
#include <stdbool.h>

/* Zero before the first step. */
struct unfold {
	enum { UNFOLD_TEXT, UNFOLD_CR, UNFOLD_LINE_END } state;
	bool is_escaped; /* the next character */
};

/* Does a file that begins so have such lines? */
bool unfold_is_for(const char *beginning, size_t length);
/* Appends to `out` what the next bytes, in a superset of ASCII, add: lines unfolded, "\," as a
 * comma and "\n" as a line end (RFC 5545 §3.3.11). Lines end with LF there. */
void unfold_step(struct unfold *unfold, const char *data, size_t length, GString *out);
void unfold_end(struct unfold *unfold, GString *out);

#endif
