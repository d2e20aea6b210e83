/*
 * Tags in the subject, such as "[secure]", with which senders ask for something. They are removed
 * from every Subject field before the message is sent; everything else stays as it is: the folding,
 * and encoded words (RFC 2047) that do not contain a tag.
 */
#ifndef POSTSEAL_MAIL_SUBJECT_TAGS_H
#define POSTSEAL_MAIL_SUBJECT_TAGS_H

#include "mail/message.h"

/* The value of a Subject field without the tags, a list that ends with NULL; they are compared
 * without regard to case. Caller frees; NULL: the value contains none of them. */
char *subject_tags_remove(const char *value, const char *const *tags);
/* The subject without the tags as it is shown: decoded to UTF-8, on one line; "" if there is none.
 * Caller frees. */
char *subject_tags_shown(const struct message *message, const char *const *tags);
/* Does the subject contain the tag? With `leads`, only if nothing but other bracketed tags precedes
 * it: there the sender wrote it, while in "Re: Offer [plain]" it may have been written by the
 * stranger who is being answered. Of several subjects, each on a line, only the first counts. */
bool subject_tags_has(const char *subject, const char *tag, bool leads);
/* The tag at the beginning of the subject such as "[sms:+41791234567]", and the phone number in it
 * (E.164). Caller frees both; NULL: there is none. */
char *subject_tags_phone(const struct message *message, char **number_r);

#endif
