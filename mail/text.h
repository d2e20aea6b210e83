/*
 * The text of a message: what its text parts say, decoded to UTF-8.
 */
#ifndef POSTSEAL_MAIL_TEXT_H
#define POSTSEAL_MAIL_TEXT_H

#include "mail/parts.h"

/* A piece of text: valid UTF-8. Pieces of one part overlap by 64 kB. Returns false to see no more. */
typedef bool text_visit(void *visitor, const char *text, size_t length);

/* Shows the text of every part that is text, in pieces of up to 1 MB. */
bool text_each(struct parts *parts, text_visit *visit, void *visitor, struct fault *fault);

#endif
