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

struct key {
	gint references;
	enum key_kind kind;
	char *fingerprint; /* hexadecimal */
	char *owner;
	char *role;
	char *problem;     /* why it can not be used at any time, or NULL */
	time_t not_before; /* of it and of what it rests on; 0: no bound */
	time_t not_after;
	bool was_in_time;  /* when it was looked up */
	bool pinned;
	bool gcm;  /* announces AES-256-GCM (RFC 5084) */
	bool oaep; /* announces RSAES-OAEP (RFC 3560) */
	GBytes *content;       /* DER or binary OpenPGP */
	X509 *certificate;     /* S/MIME */
	STACK_OF(X509) *chain; /* S/MIME: up to the root, itself first; NULL when pinned */
	bool can_sign;         /* our own: the keeper has its private half */
	EVP_PKEY *private_key; /* S/MIME, our own: signs by asking the keeper */
};

struct key *key_new(enum key_kind kind);
struct key *key_ref(struct key *key);
void key_unref(struct key *key);
typedef struct key key_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(key_auto, key_unref)

const char *key_kind_name(enum key_kind kind);
bool key_is_in_time(const struct key *key, time_t now);
/* *why_r (may be NULL) is a text such as "expired on 2026-01-31", owned by the caller. */
bool key_is_usable(const struct key *key, time_t now, char **why_r);
/* Bytes that are wiped when the last reference goes. Takes the memory. */
GBytes *key_secret_bytes(unsigned char *bytes, size_t length);
/* "2026-01-31", owned by the caller. */
char *key_date(time_t when);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

#endif
