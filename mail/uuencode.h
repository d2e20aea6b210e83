/*
 * Files within a text, as written by uuencode(1) (POSIX) and yEnc: mail programs show them as
 * attachments.
 */
#ifndef POSTSEAL_MAIL_UUENCODE_H
#define POSTSEAL_MAIL_UUENCODE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Returns false to stop. */
typedef bool uuencode_visit(void *visitor, const char *name);

/* Visits the name of each file. Reads to the end; a failed read looks like an end, so ask the
 * stream afterwards (mime_stream.h). */
void uuencode_each(GMimeStream *text, uuencode_visit *visit, void *visitor);

#endif
