/*
 * The names that a mail program may give to a part, or to a file in a part.
 */
#ifndef POSTSEAL_MAIL_FILE_NAMES_H
#define POSTSEAL_MAIL_FILE_NAMES_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "mail/reading_limit.h"

/* `name` is UTF-8. Returns false to stop. */
typedef bool file_name_visit(void *visitor, const char *name);

/* Visits a name as it is and as a file system would store it (without folders and streams, without
 * trailing blanks and dots, with letters composed), and once more without invisible characters
 * (text_as_seen()). */
bool file_name_forms(const char *name, file_name_visit *visit, void *visitor);
/* Visits all forms of all names in Content-Type and Content-Disposition (RFC 2183, RFC 2231, RFC
 * 2047 as encoded_words.h reads it), with and without what looks like a comment (RFC 2045 §5.1),
 * and what Content-Description and Content-Location say; if there are several names of which
 * programs show one or another, visits all of them. Stops when the limit is reached. */
bool file_names_of_part(GMimeObject *part, struct reading_limit *limit, file_name_visit *visit,
			void *visitor);

/* Does one of the names (char *, UTF-8) end in one of these, which are in lower case and end with
 * NULL? */
bool file_names_end(const GPtrArray *names, const char *const *endings);

#endif
