/*
 * What the signature of a message is worth. A signature counts only if it covers the whole message,
 * only for the bytes that it covers, and only for the one address in From.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_VERIFY_H
#define POSTSEAL_DELIVERY_INBOUND_VERIFY_H

#include "delivery/inbound/open.h"
#include "delivery/method.h"

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
	enum key_kind kind;
	bool is_of_nobody;	   /* verify_bytes(): nobody asks whose it is */
	char *why;		   /* not SIGNATURE_PASS */
	char *fingerprint;	   /* of the certificate or key that signed, or NULL */
	char *address;		   /* SIGNATURE_PASS: the author, folded */
	struct mailed_key *mailed; /* keystore/mailed.h: what it says about mail to the author, or
				      NULL */
};

/* Of the message or the entity that was encrypted, for the folded address of its reader, on whom it
 * may depend how far the author's key is trusted. S/MIME (RFC 8551): detached and opaque
 * signatures; OpenPGP: PGP/MIME (RFC 3156), text signed in clear, and what was signed and encrypted
 * in one. Call signature_clear() in either case. False only if that could not be found out now. */
bool verify_signature(struct sealed *sealed, const struct delivery_context *delivery,
		      const char *reader, struct signature *signature_r, struct fault *fault);
void signature_clear(struct signature *signature);
/* How far the signature holds for the bytes that it covers, without asking whose it is:
 * SIGNATURE_NONE, _POLICY if it does, _FAIL, _NEUTRAL; of OpenPGP signatures as above. */
bool verify_bytes(struct sealed *sealed, const struct delivery_context *delivery,
		  const char *reader, enum signature_worth *worth_r, struct fault *fault);
/* "pass", "policy", … */
const char *signature_worth_word(enum signature_worth worth);
/* Why such a signature is neutral. */
#define SIGNED_WITH_OTHERS "the message does not consist of what is signed and the signature"
/* Takes a copy of the text; returns true. */
bool signature_say(struct signature *signature, enum signature_worth worth, const char *why);

/* --- OpenPGP (verify_pgp.c) --- */

/* Is the part the signature of a multipart/signed? */
bool verify_pgp_is_signature(GMimeObject *part);
bool verify_pgp_detached(struct sealed *sealed, const struct delivery_context *delivery,
			 const char *reader, struct signature *signature_r, struct fault *fault);
/* Text; SIGNATURE_NONE if it is not signed in clear. */
bool verify_pgp_clear(struct sealed *sealed, const struct delivery_context *delivery,
		      const char *reader, struct signature *signature_r, struct fault *fault);
/* What signatures (struct pgp_signature) over the whole message are worth. */
bool verify_pgp_judge(const GPtrArray *signatures, const struct delivery_context *delivery,
		      const char *reader, struct signature *signature_r, struct fault *fault);
/* Keys (GBytes) that may have signed: those that are known of the author and those that the message
 * carries, in `parts` too unless NULL. *authors_r: caller unrefs. */
bool verify_pgp_authors(const struct delivery_context *delivery, struct parts *parts,
			GPtrArray **authors_r, struct fault *fault);
/* An empty array of struct pgp_signature. */
GPtrArray *verify_pgp_none(void);

#endif
