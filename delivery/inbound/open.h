/*
 * Opens what is encrypted for an employee, with a key that only the keeper has.
 *
 * EFAIL: a message is opened only if it is encrypted as a whole (mail/protection.h) and its cipher,
 * or what it opens to, shows that nobody changed it; what was encrypted is never joined with
 * anything that was not. A message that cannot be opened passes as it is, whatever the reason, and
 * nobody outside can tell one reason from another.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_OPEN_H
#define POSTSEAL_DELIVERY_INBOUND_OPEN_H

#include "delivery/method.h"
#include "mail/parts.h"

enum {
	OPEN_LAYERS_MAX = 4,
	OPEN_KEYS_MAX = 8,
	OPEN_TRIES_MAX = 8,
	OPEN_PGP_TRIES_MAX = 50,
	OPEN_PGP_BYTES_MAX = 1 << 30,
	CONTENT_KEY_MAX = 64
};

enum seal_kind { SEAL_UNKNOWN, SEAL_NONE, SEAL_SMIME, SEAL_PGP_MIME, SEAL_PGP_INLINE };

/* A message, or an entity that was inside one, that may be encrypted. */
struct sealed {
	const struct message *message;
	struct parts *parts;
	enum seal_kind kind;
	GPtrArray *openings; /* struct opening: one for each content key with which it opened */
	unsigned tries;	     /* how often it was decrypted in vain */
	unsigned opened;     /* how often with OpenPGP, whoever's key it was */
	/* OpenPGP signatures (struct pgp_signature): those that were encrypted together with it,
	 * over all of it; and those in its MIME structure, once they were looked for. Or NULL. */
	GPtrArray *signed_within;
	GPtrArray *signatures;
	bool is_harvested; /* inbound/harvest.h */
};

/* What an encrypted message opened to. */
struct opening {
	unsigned char content_key[CONTENT_KEY_MAX];
	size_t content_key_length;
	char *how; /* "S/MIME, AES-256-GCM" */
	struct spool_settings spool;
	struct message *entity; /* without an envelope */
	struct sealed inner;	/* the same, since it may be encrypted once more */
};

/* `message` must outlive it. */
void sealed_init(struct sealed *sealed, const struct message *message,
		 const struct settings *settings);
void sealed_clear(struct sealed *sealed);
/* How it is encrypted. False only if it could not be read. */
bool sealed_find_kind(struct sealed *sealed, struct fault *fault);
/* The opening with this content key, or NULL. */
struct opening *sealed_opening(const struct sealed *sealed, const void *content_key, size_t length);

struct open_request {
	const struct delivery_context *delivery;
	/* Folded: whose keys are used, and those of employees who have left and whose deputy this
	 * is; nobody else's */
	const char *address;
	bool old_ciphers; /* triple DES too */
	GPtrArray *keys;  /* gets struct key: those that opened it, outermost first */
};

/* Opens the message, layer by layer. *opening_r, owned by `sealed`, is the innermost layer that
 * opened, or NULL; *how_r or *why_r says how, or why not; caller frees. False only if that could
 * not be found out now. */
bool open_sealed(struct sealed *sealed, const struct open_request *request,
		 struct opening **opening_r, char **how_r, struct fault *fault);

/* --- one layer, of one kind --- */

/* The keys that may open it: struct key; caller unrefs. */
bool open_keys(const struct open_request *request, enum key_kind kind, GPtrArray **keys_r,
	       struct fault *fault);

/* *opening_r is NULL, with *why_r, if it does not open. */
bool open_smime(struct sealed *sealed, const struct open_request *request,
		struct opening **opening_r, char **why_r, struct fault *fault);
bool open_pgp(struct sealed *sealed, const struct open_request *request, struct opening **opening_r,
	      char **why_r, struct fault *fault);
/* Makes an opening that is still empty. */
struct opening *opening_new(const struct delivery_context *delivery);
void opening_free(struct opening *opening);
void opening_keep(struct sealed *sealed, struct opening *opening,
		  const struct delivery_context *delivery);

#endif
