/*
 * The company's own authority, in the keeper: its key is made here, wrapped with the master key,
 * and opened only here. What it signs is made here as well (profile.h), never handed in: whoever
 * may ask the keeper cannot have it sign anything else.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_ISSUER_H
#define POSTSEAL_KEYSTORE_KEEPER_ISSUER_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/ring.h"
#include "core/settings.h"
#include "keystore/keeper.h"
#include "keystore/keeper/profile.h"

struct issuing {
	struct database *database;
	struct ring *master;
	const struct settings *settings;
};

/* An authority, ready to sign. */
struct issuer {
	char id[IDENTIFIER_LENGTH + 1];
	X509 *certificate;
	EVP_PKEY *key;
	char *crl_url, *certificate_url;
};
void issuer_clear(struct issuer *issuer);
typedef struct issuer issuer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(issuer_auto, issuer_clear)

/* `id` "": the one in use; if there is none, *found_r is false and nothing is filled in. Fails if
 * the private key does not belong to the certificate. */
bool issuer_load(const struct issuing *issuing, struct connection *connection, const char *id,
		 struct issuer *issuer_r, bool *found_r, struct fault *fault);
struct profile_issuer issuer_profile(const struct issuer *issuer);

/* Can this authority sign? Its key is used once, on nothing, also where it is in a token. */
bool issuer_try(const struct issuing *issuing, const char *id, struct fault *fault);

/* The private key, wrapped under the name `about`; NULL: it cannot be encoded. Caller frees. */
unsigned char *issuer_wrap(const struct issuing *issuing, const EVP_PKEY *key, const char *about,
			   size_t *length_r);

/* Makes an authority: self-signed, or only a request. Fails if there is one in use, unless the
 * order says that it is replaced; a request leaves it in use. */
bool issuer_make(const struct issuing *issuing, const struct keeper_order *order, bool is_request,
		 struct fault *fault);

#endif
