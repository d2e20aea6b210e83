/*
 * A link with which a sender revokes trust in one recipient (/trust/TOKEN): in mails about a
 * message, for that sender and that recipient only; it works once, and for thirty days. The
 * database has only a digest of the token. Whoever is given such a mail can use it in the sender's
 * place: the harm is that the sender has to hand over a code again.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_TRUST_LINK_H
#define POSTSEAL_DELIVERY_OUTBOX_TRUST_LINK_H

#include "delivery/outbox/notice.h"

/* Adds the digest to the open batch; *url_r: the link. Caller frees. */
bool trust_link_make(const struct notice *notice, const char *recipient, char **url_r,
		     struct fault *fault);
/* The digest by which a token is found; false if the text is not a token. */
bool trust_link_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES]);

#endif
