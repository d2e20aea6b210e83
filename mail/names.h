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

/* Visits each part that is no multipart with each name that a mail program may give it
 * (file_names.h). */
bool names_each(struct parts *parts, names_visit *visit, void *visitor, struct fault *fault);

#endif
