/*
 * The people whom the header of a message names (RFC 5322 §3.4, §3.6).
 */
#ifndef POSTSEAL_MAIL_ADDRESSES_H
#define POSTSEAL_MAIL_ADDRESSES_H

#include "mail/message.h"

/* Who wrote it, as a list of messages shows it: the name, else the address. Caller frees. */
char *addresses_author(const struct message *message);
/* The folded address in From; NULL where there is none, or several. Caller frees. */
char *addresses_from(const struct message *message);
/* Folded addresses that a reader of the message sees: To, Cc and their Resent- forms. Caller
 * unrefs. */
GHashTable *addresses_visible(const struct message *message);

#endif
