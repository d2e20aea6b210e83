/*
 * The names of what is attached to a message: of its parts, of files in a ZIP archive, of files in
 * the text (uuencode).
 */
#ifndef POSTSEAL_MAIL_NAMES_H
#define POSTSEAL_MAIL_NAMES_H

#include "mail/parts.h"

/* `type` is of the part, "application/pdf", lower case; `name` UTF-8, or NULL for a part without
 * one. Returns false to see no more. */
typedef bool names_visit(void *visitor, const char *name, const char *type);

/* Visits each part that is no multipart with each name that a mail program may give it: those in
 * Content-Type and Content-Disposition (RFC 2183, RFC 2231, RFC 2047), as they are and as a file
 * system would have them: without folders, without the blanks and dots at the end, with letters
 * composed; and without what nobody sees in it (text_as_seen()). */
bool names_each(struct parts *parts, names_visit *visit, void *visitor, struct fault *fault);

#endif
