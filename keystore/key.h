/*
 * A certificate or OpenPGP key, as the key store knows it. Immutable once made; shared by reference
 * counting.
 */
#ifndef POSTSEAL_KEYSTORE_KEY_H
#define POSTSEAL_KEYSTORE_KEY_H

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

#include "keystore/trust.h"

enum key_kind { KEY_SMIME, KEY_PGP };

/* What a key is needed for: certificates often come in pairs, one for each use (RFC 8550 §4.4.2).
 */
enum key_use { KEY_ENCRYPTS, KEY_SIGNS };

struct key_source;

/* How `cannot_encrypt` begins if the owner revoked the key; the SQL knows it as well. */
#define KEY_REVOKED "revoked by its owner"

struct key {
	gint references;
	enum key_kind kind;
	char *fingerprint; /* hexadecimal: SHA-256 of a certificate in lower case; OpenPGP in upper
			      case */
	char *owner;
	char *cannot_encrypt; /* why mail can never be encrypted to it, or NULL */
	char *cannot_sign;    /* why it can never sign, or NULL */
	time_t not_before;    /* of the key and of everything it depends on; 0: no limit */
	time_t not_after;     /* excluded; for OpenPGP, of what encrypts */
	time_t signs_until;   /* excluded; the same for a certificate */
	bool was_in_time[2];  /* indexed by enum key_use: at the time of the look-up */
	const struct key_source *source; /* where it comes from */
	unsigned rank;			 /* of its source, in the order of preference */
	char *gateway; /* whose it is, if it is that of a whole domain (keystore/gateway.h); or NULL
			*/
	time_t seen_at; /* when its source in the network last had it; 0: it is not from there */
	bool attested;	/* by more than its owner: an authority, an admin, or its source */
	bool is_from_mail_only;	       /* nobody but the mail that it came with says whose it is;
					  authorities apart */
	bool pinned;		       /* an admin vouches for it: it needs no chain */
	enum trust_level by_authority; /* what its chain is worth; TRUST_NONE: it has none */
	char *authority;	       /* then: the root's fingerprint; or NULL */
	bool is_ours;		       /* the keeper has its private half */
	bool gcm;		       /* announces AES-256-GCM (RFC 5084) */
	bool oaep;		       /* announces RSAES-OAEP (RFC 3560) */
	GBytes *content;	       /* DER or binary OpenPGP */
	X509 *certificate;	       /* S/MIME */
	char *checked; /* of what its chain rests on: whether it was revoked, and who says so; NULL:
			  nobody was to be asked */
	bool is_unchecked; /* nobody has said so yet, and somebody can be asked */
	bool needs_check;  /* and it is not used before */
	bool is_revoked;   /* it, or an authority in its chain, by its issuer */
	STACK_OF(X509) *
		chain; /* S/MIME: from the certificate itself up to the root; NULL when pinned */
	EVP_PKEY *private_key; /* S/MIME, our own: signs by asking the keeper */
};

struct key *key_new(enum key_kind kind);
struct key *key_ref(struct key *key);
void key_unref(struct key *key);
typedef struct key key_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(key_auto, key_unref)

const char *key_kind_name(enum key_kind kind);
/* Is it within its validity period, for `use`? */
bool key_is_in_time(const struct key *key, enum key_use use, time_t now);
/* *why_r (may be NULL) is a text such as "expired on 2026-01-31"; caller frees. */
bool key_is_usable(const struct key *key, enum key_use use, time_t now, char **why_r);
/* Was it good once? "expired" or "revoked", for the record and for people; NULL: it is good, or
 * never was. */
const char *key_lapse(const struct key *key, time_t now);
/* Appends why the key is not used, for people: "1a2b…: expired on 2026-01-31". */
void key_pass_over(GString *passed_over, const struct key *key, const char *why);
/* Bytes that are wiped when the last reference is dropped. Takes ownership of the memory. */
GBytes *key_secret_bytes(unsigned char *bytes, size_t length);
/* "2026-01-31"; caller frees. */
char *key_date(time_t when);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

#endif
