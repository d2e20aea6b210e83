/*
 * Files within a text, as written by uuencode(1) (POSIX), yEnc and BinHex: mail programs show them
 * as attachments.
 */
#ifndef POSTSEAL_MAIL_UUENCODE_H
#define POSTSEAL_MAIL_UUENCODE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* `name` is empty if the file has none, and NULL if it cannot be seen (BinHex). Returns false to
 * stop. */
typedef bool uuencode_visit(void *visitor, const char *name);

/* Visits each file. Reads to the end; a failed read looks like an end, so ask the
 * stream afterwards (mime_stream.h). */
void uuencode_each(GMimeStream *text, uuencode_visit *visit, void *visitor);

#endif
