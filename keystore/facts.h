/*
 * The facts of a key: what its bytes say, before anyone decides whether to believe them.
 */
#ifndef POSTSEAL_KEYSTORE_FACTS_H
#define POSTSEAL_KEYSTORE_FACTS_H

#include "keystore/key.h"

struct key_facts {
	enum key_kind kind;
	char *fingerprint;			   /* as in struct key */
	char *owner;				   /* subject or first user ID, in UTF-8 */
	GPtrArray *addresses;			   /* folded (char *) */
	time_t not_before, not_after, signs_until; /* as in struct key */
	char *cannot_encrypt, *cannot_sign;	   /* as in struct key */
	bool is_authority; /* a certificate that issues others (RFC 5280 §4.2.1.9) */
	bool is_self_issued;
	bool allows_mail; /* extended key usage (RFC 8550 §4.4.4) */
	bool gcm, oaep;
	GBytes *content; /* DER, or the public OpenPGP key, binary */
	GBytes *secret;	 /* the private half, or NULL */
};

void key_facts_free(struct key_facts *facts);
struct key_facts *key_facts_of_certificate(X509 *certificate);
/* What it announces, as a PostgreSQL array: "{gcm,oaep}". */
const char *key_facts_capabilities(bool gcm, bool oaep);
/* Converts text of unknown encoding to UTF-8: anything that is not valid UTF-8 is taken for
 * Latin-1. Caller frees. */
char *key_facts_text(const char *text, size_t length);

#endif
