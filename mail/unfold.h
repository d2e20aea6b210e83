/*
 * Content lines of iCalendar and vCard (RFC 5545 §3.1, RFC 6350 §3.2): folded at 75 octets, even
 * within a word, and with some characters escaped.
 */
#ifndef POSTSEAL_MAIL_UNFOLD_H
#define POSTSEAL_MAIL_UNFOLD_H

#include <glib.h>
#include <stdbool.h>

enum { UNFOLD_NAME_MAX = 256 };

/* Initialise to zero. */
struct unfold {
	enum { UNFOLD_TEXT, UNFOLD_CR, UNFOLD_LINE_END } state;
	bool is_escaped; /* the next character */
	/* What is before the colon of the line, as far as there is room. */
	char name[UNFOLD_NAME_MAX + 1];
	size_t name_length;
	bool is_value, is_quoted; /* behind the colon; and it is quoted-printable */
	char held[2];		  /* what "=" and the character behind it may begin */
	size_t held_length;
};

/* Does a file that begins like this have such lines? */
bool unfold_is_for(const char *beginning, size_t length);
/* Appends to `out` what the next bytes, in a superset of ASCII, contribute: lines unfolded, "\," as
 * a comma and "\n" as a line end (RFC 5545 §3.3.11); values that say so, of vCard 2.1 and vCalendar
 * 1.0, decoded from quoted-printable. Lines end with LF. */
void unfold_step(struct unfold *unfold, const char *data, size_t length, GString *out);
void unfold_end(struct unfold *unfold, GString *out);

#endif
