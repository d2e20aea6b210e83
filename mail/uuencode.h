/*
 * Files within a text, as uuencode(1) puts them there (POSIX), and yEnc: mail programs show them as
 * attachments.
 */
#ifndef POSTSEAL_MAIL_UUENCODE_H
#define POSTSEAL_MAIL_UUENCODE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Returns false to see no more. */
typedef bool uuencode_visit(void *visitor, const char *name);

/* Visits the name of each. Reads to the end, where a failed read looks like an end: ask the stream
 * (mime_stream.h). */
void uuencode_each(GMimeStream *text, uuencode_visit *visit, void *visitor);

#endif
