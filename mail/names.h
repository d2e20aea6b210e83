/*
 * The names of everything that is attached to a message: its parts, files in a ZIP archive, also in
 * one within another (documents.h), and files in the text (uuencode).
 */
#ifndef POSTSEAL_MAIL_NAMES_H
#define POSTSEAL_MAIL_NAMES_H

#include "mail/message.h"
#include "mail/parts.h"

/* `type` is the type of the part, "application/pdf", in lower case; `name` is UTF-8, or NULL for a
 * part without a name. Returns false to stop. */
typedef bool names_visit(void *visitor, const char *name, const char *type);

/* Visits each part that is not a multipart, with each name that a mail program may give it
 * (file_names.h). */
bool names_each(struct parts *parts, names_visit *visit, void *visitor, struct fault *fault);

/* The first names in a message, UTF-8, for those who look for it: g_free()d by the array, which the
 * caller unrefs. If the message cannot be parsed, it is only found by less. */
GPtrArray *names_of_message(const struct message *message, uint64_t limit_parts);

#endif
