/*
 * The people named in the header of a message (RFC 5322 §3.4, §3.6).
 */
#ifndef POSTSEAL_MAIL_ADDRESSES_H
#define POSTSEAL_MAIL_ADDRESSES_H

#include "mail/message.h"

/* The author as a list of messages shows it: the display name, or else the address. Caller frees.
 */
char *addresses_author(const struct message *message);
/* The folded address in From; NULL if there is none, or more than one. Caller frees. */
char *addresses_from(const struct message *message);
/* All folded addresses in From, Sender and their Resent- forms. Caller unrefs. */
GHashTable *addresses_authors(const struct message *message);
/* The folded addresses that a reader of the message can see: To, Cc and their Resent- forms. Caller
 * unrefs. */
GHashTable *addresses_visible(const struct message *message);

#endif
