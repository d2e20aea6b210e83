/*
 * Answers to mail that came in encrypted: such mail is on record with its Message-ID, and what
 * refers to it in In-Reply-To or References (RFC 5322 §3.6.4) answers it, or an answer to it.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_ANSWERED_H
#define POSTSEAL_DELIVERY_INBOUND_ANSWERED_H

#include "core/database.h"
#include "mail/message.h"

/* By which answers will know the message: a digest of its Message-ID, in hexadecimal; caller frees.
 * NULL if it has none. */
char *answered_identifier(const struct message *message);
/* Does the message answer one that came in encrypted? False only if the database could not be
 * queried. */
bool answered_find(const struct message *message, struct database *database, bool *answers_r,
		   struct fault *fault);

#endif
