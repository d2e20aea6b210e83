/*
 * What the signature of a message is worth. A signature counts only if it covers the whole message,
 * only for the bytes that it covers, and only for the one address in From.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_VERIFY_H
#define POSTSEAL_DELIVERY_INBOUND_VERIFY_H

#include "delivery/method.h"
#include "mail/parts.h"

/* As in RFC 8601 §2.7.1, and RFC 7281 §3. */
enum signature_worth {
	SIGNATURE_NONE,
	SIGNATURE_PASS,	   /* it is good, and whom it belongs to is the author */
	SIGNATURE_POLICY,  /* it is good, but proves nothing about the author */
	SIGNATURE_FAIL,	   /* the message is not what was signed */
	SIGNATURE_NEUTRAL, /* it could not be checked */
};

struct signature {
	enum signature_worth worth;
	char *why;	   /* not SIGNATURE_PASS */
	char *fingerprint; /* of the certificate that signed, or NULL */
	char *address;	   /* SIGNATURE_PASS: the author, folded */
};

/* `parts` are those of the message or of the entity that was encrypted. S/MIME (RFC 8551): detached
 * and opaque signatures. Call signature_clear() in either case. False only if that could not be
 * found out now. */
bool verify_signature(struct parts *parts, const struct surroundings *around,
		      struct signature *signature_r, struct fault *fault);
void signature_clear(struct signature *signature);
/* "pass", "policy", … */
const char *signature_worth_word(enum signature_worth worth);

#endif
