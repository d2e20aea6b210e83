/*
 * Fields of a header whose text mail programs show to readers, whatever else they are for: of a
 * message, and of one that is attached to it.
 */
#ifndef POSTSEAL_MAIL_SHOWN_FIELDS_H
#define POSTSEAL_MAIL_SHOWN_FIELDS_H

#include <stddef.h>

enum { SHOWN_FIELDS = 13 };
extern const char *const shown_fields[SHOWN_FIELDS];

/* What such a field says to its reader: its value, decoded, or of a date what is behind it
 * (comments, RFC 5322 3.3), since every message has one. It lies within `text`. */
const char *shown_field_text(const char *name, const char *text);

#endif
