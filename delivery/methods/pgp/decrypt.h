/*
 * What gpg reads of mail that comes in: decrypts it with one key of ours, and checks signatures
 * with given keys, each time in a home that is removed afterwards.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_DECRYPT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_DECRYPT_H

#include "core/settings.h"
#include "core/spool.h"
#include "keystore/key.h"

enum pgp_state {
	PGP_GOOD,
	PGP_BAD, /* of something else */
	PGP_EXPIRED,
	PGP_KEY_EXPIRED,
	PGP_KEY_REVOKED,
	PGP_KEY_UNKNOWN,
	PGP_UNREADABLE
};

/* A signature that gpg found. */
struct pgp_signature {
	enum pgp_state state;
	char *fingerprint; /* of the primary key, as in struct key; NULL: it is not known */
	bool is_weak;	   /* its digest is MD5, SHA-1 or RIPEMD-160 (RFC 9580 §9.5) */
};
void pgp_signature_free(struct pgp_signature *signature);

/* Decrypts what is in the spool, armored or binary, with our key and no other, and writes what was
 * encrypted. `authors`: keys (GBytes) of those who may have signed it; adds struct pgp_signature to
 * `signatures`, freed by the array. FAULT_INPUT or FAULT_TOO_BIG if the message is at fault. */
bool gpg_decrypt(const struct settings *settings, const struct key *key, const GPtrArray *authors,
		 const struct spool *sealed, struct sink *sink, GPtrArray *signatures,
		 struct fault *fault);
/* Checks a signature over everything in the spool; NULL: the text in it is signed in clear (RFC
 * 9580 §7). Otherwise as above. */
bool gpg_verify(const struct settings *settings, const GPtrArray *authors, const struct spool *text,
		GBytes *signature, GPtrArray *signatures, struct fault *fault);

#endif
