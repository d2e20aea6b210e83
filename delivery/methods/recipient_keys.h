/*
 * What S/MIME and OpenPGP have in common: the keys a copy is sealed to, and who signs it.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_RECIPIENT_KEYS_H
#define POSTSEAL_DELIVERY_METHODS_RECIPIENT_KEYS_H

#include "delivery/method.h"

/* Adds the current keys of the copy's recipient to the copy: if the rule asks for a level of trust,
 * those that the sender may trust so far. *possible_r: there are some; otherwise
 * *why_r says why not, in words about `what` ("certificate"); caller frees. */
bool recipient_keys_take(const struct delivery_context *delivery, struct copy *copy,
			 enum key_kind kind, const char *what, bool *possible_r, char **why_r,
			 struct fault *fault);
/* For the record, after the reason for the method: ", trust domain (the rule asks for seen)";
 * caller frees. "" if the rule asks for none. */
char *recipient_keys_trust(const struct copy *copy);
/* The same, of what is known of revocations: ", not revoked (CRL http://… of …)"; "" if nobody was
 * to be asked. */
char *recipient_keys_checked(const struct copy *copy);
/* Are all keys of the group still usable, now that time has passed since they were looked up? */
bool recipient_keys_check(const struct group *group, const char *what, struct fault *fault);
/* Serves the metrics from now on, beginning at 0. */
void recipient_keys_expect(void);
/* The signer's key if it may sign: a signature must be the author's, whom readers see. NULL: nobody
 * signs. */
const struct key *author_key(const struct delivery_context *delivery,
			     const struct keystore_signer *signer);
/* For the record, after the reason for the method: ", signed by 1a2b…" or ", not signed: …"; caller
 * frees. "" if no signer was looked for. */
char *author_reason(const struct delivery_context *delivery, const struct keystore_signer *signer);

#endif
