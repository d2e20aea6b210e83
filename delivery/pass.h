/*
 * A message that the first pass through the MTA hands to the second more than once, because its
 * SMTP client died or lost the connection before it learned that the message had been accepted.
 * Each message carries a note from the first pass that no other message has (milter/login.h). It
 * identifies what the second pass has decided, so that the same message is not taken for one that
 * somebody sent a second time.
 */
#ifndef POSTSEAL_DELIVERY_PASS_H
#define POSTSEAL_DELIVERY_PASS_H

#include "delivery/method.h"

/* Records, in the open batch, that these copies (struct copy) have been decided; does nothing if
 * around->pass is NULL. `lifetime`: seconds for which the MTA may have the message. */
bool pass_note(struct connection *connection, const struct delivery_context *delivery,
	       const GPtrArray *copies, uint64_t lifetime, struct fault *fault);
/* *taken_r: all of these have been decided, and the MTA has the result. `identity`
 * (AUDIT_IDENTITY_BYTES) of the message as recorded. False with a temporary fault if that is not
 * settled yet (delivery/offer.h). */
bool pass_is_taken(const struct delivery_context *delivery, const GPtrArray *copies,
		   const unsigned char *identity, bool *taken_r, struct fault *fault);

#endif
