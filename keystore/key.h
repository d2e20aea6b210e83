/*
 * One certificate or OpenPGP key, as the key store knows it. Does not change once it is
 * made; shared by counting references.
 */
#ifndef POSTSEAL_KEYSTORE_KEY_H
#define POSTSEAL_KEYSTORE_KEY_H

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

enum key_kind { KEY_SMIME, KEY_PGP };

/* What somebody wants of a key: certificates often come in pairs, one for each (RFC 8550 §4.4.2).
 */
enum key_use { KEY_ENCRYPTS, KEY_SIGNS };

struct key {
	gint references;
	enum key_kind kind;
	char *fingerprint; /* hexadecimal: SHA-256 of a certificate, small; OpenPGP, capital */
	char *owner;
	char *cannot_encrypt;	/* why mail can never be encrypted to it, or NULL */
	char *cannot_sign;	/* why it can never sign, or NULL */
	time_t not_before;	/* of it and of what it rests on; 0: no bound */
	time_t not_after;	/* excluded; for OpenPGP, of what encrypts */
	time_t signs_until;	/* excluded; the same for a certificate */
	bool was_in_time[2];	/* by enum key_use: when it was looked up */
	bool attested;		/* by a certificate authority or an admin, not by its owner alone */
	bool pinned;		/* an admin vouches for it: needs no chain */
	bool is_ours;		/* the keeper has its private half */
	bool gcm;		/* announces AES-256-GCM (RFC 5084) */
	bool oaep;		/* announces RSAES-OAEP (RFC 3560) */
	GBytes *content;	/* DER or binary OpenPGP */
	X509 *certificate;	/* S/MIME */
	STACK_OF(X509) * chain; /* S/MIME: up to the root, itself first; NULL when pinned */
	EVP_PKEY *private_key;	/* S/MIME, our own: signs by asking the keeper */
};

struct key *key_new(enum key_kind kind);
struct key *key_ref(struct key *key);
void key_unref(struct key *key);
typedef struct key key_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(key_auto, key_unref)

const char *key_kind_name(enum key_kind kind);
/* Whether its time has come and is not over, for `use`. */
bool key_is_in_time(const struct key *key, enum key_use use, time_t now);
/* *why_r (may be NULL) is a text such as "expired on 2026-01-31"; caller frees. */
bool key_is_usable(const struct key *key, enum key_use use, time_t now, char **why_r);
/* Bytes that are wiped when the last reference goes. Takes the memory. */
GBytes *key_secret_bytes(unsigned char *bytes, size_t length);
/* "2026-01-31"; caller frees. */
char *key_date(time_t when);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

#endif
