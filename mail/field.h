/*
 * A header field (RFC 5322 §2.2), with its exact bytes.
 */
#ifndef POSTSEAL_MAIL_FIELD_H
#define POSTSEAL_MAIL_FIELD_H

#include <glib.h>

#include "core/sink.h"

struct field {
	char *name;
	char *value; /* everything after the colon, with its leading blank; lines end with LF */
};

struct field *field_new(const char *name, const char *value);
void field_free(struct field *field);

/* Names are compared without regard to case. */
bool field_is(const struct field *field, const char *name);
bool field_is_one_of(const struct field *field, const char *const *names); /* end with NULL */
/* Does one of them, struct field, have its name? */
bool field_is_in(const struct field *field, const GPtrArray *fields);
/* Content-* fields, which describe the body and travel with it (RFC 2045). */
bool field_is_content(const struct field *field);
/* No variant of a message contains these: Bcc (RFC 5322 §3.6.3), and our own X-Postseal-* and
 * Postseal-* fields, which mean something only to us. */
bool field_is_never_sent(const struct field *field);
/* X-Postseal-* and Postseal-*. */
bool field_is_ours(const struct field *field);

/* Appends the field as it is sent: lines end with CRLF. */
void field_append(GString *text, const struct field *field);
bool field_write(const struct field *field, struct sink *sink, struct fault *fault);

/* Some programs take a lone CR for the end of a line, and what follows it in a value for a field:
 * the next one of that name, from *at on, which moves behind its beginning. NULL: there is none.
 * Caller frees. */
char *field_behind_cr(const char **at, const char *name);

/* The value unfolded, without surrounding blanks. Caller frees. */
char *field_text(const char *value);
/* The same, with encoded words (RFC 2047) decoded to UTF-8. Caller frees. */
char *field_shown(const char *value);

#endif
