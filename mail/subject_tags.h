/*
 * Tags in the subject, such as "[secure]", by which senders ask for something. Before the message
 * goes out they are taken away again, from every Subject field that it has, and all else of it
 * stays as it is: its folding, and encoded words (RFC 2047) that no tag is in.
 */
#ifndef POSTSEAL_MAIL_SUBJECT_TAGS_H
#define POSTSEAL_MAIL_SUBJECT_TAGS_H

#include "mail/message.h"

/* The value of a Subject field without the tags, which end with NULL and are compared without
 * regard to case. Caller frees; NULL: none of them is in it. */
char *subject_tags_remove(const char *value, const char *const *tags);
/* The subject without the tags as it is shown, decoded to UTF-8, on one line; "" where there is
 * none. Caller frees. */
char *subject_tags_shown(const struct message *message, const char *const *tags);
/* Does the text of a subject hold the tag? With `leads`, only where nothing but other tags in
 * brackets stands before it: there the sender wrote it, while in "Re: Offer [plain]" it may be of a
 * stranger whom they answer. */
bool subject_tags_has(const char *subject, const char *tag, bool leads);
/* The tag such as "[sms:+41791234567]" that leads the subject, and the number in it (E.164). Caller
 * frees both; NULL: there is none. */
char *subject_tags_phone(const struct message *message, char **number_r);

#endif
