/*
 * Asks postseal-keeper(8), the only process that can open the company's private keys, to use one.
 * It signs, and opens the content key of one message; it never hands out a key. Each request and
 * its reply have a connection of their own (SOCK_SEQPACKET), between processes on one machine.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_H
#define POSTSEAL_KEYSTORE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/fault.h"
#include "keystore/key.h"

enum {
	KEEPER_FINGERPRINT_MAX = 64,
	KEEPER_DIGEST_MAX = 64,
	KEEPER_SIGNATURE_MAX = 2048,
	KEEPER_WRAPPED_MAX = 2048,
	KEEPER_POINT_MAX = 160,
	KEEPER_INFO_MAX = 256,
	KEEPER_KEY_MAX = 32,
	KEEPER_WHY_MAX = 400,
	KEEPER_ORDER_MAX = 320
};

enum keeper_wish {
	KEEPER_PING,
	KEEPER_SIGN,	/* a digest, with an S/MIME key: RSA PKCS#1 v1.5 or ECDSA */
	KEEPER_PREPARE, /* an OpenPGP key: the keeper's gpg-agent will use it */
	KEEPER_UNWRAP,	/* the content key of a message, with an S/MIME key */
	/* Only for root and the keeper's own user: */
	KEEPER_CA_MAKE,	   /* a self-signed authority */
	KEEPER_CA_REQUEST, /* an authority that another one is to sign */
	KEEPER_ISSUE,	   /* keys of an employee */
	KEEPER_REQUEST,	   /* a key of an employee that another authority is to certify */
	KEEPER_CERTIFIED,  /* it has: the certificate is in the key store */
	KEEPER_CA_TRY,	   /* can an authority of ours sign? */
	KEEPER_WISHES
};

enum keeper_wrapping {
	KEEPER_RSA_PKCS1,
	KEEPER_RSA_OAEP,
	KEEPER_ECDH, /* RFC 5753: X9.63 key derivation, AES key wrap */
};

/* The encrypted key for one recipient, taken out of a message (RFC 5652 §6.2). The keeper is given
 * no more than it needs for it, and parses nothing. */
struct keeper_wrapped {
	uint32_t wrapping;
	uint32_t key_length; /* bytes that the message's cipher needs */
	int32_t digest_nid;  /* OAEP; key derivation */
	int32_t other_nid;   /* OAEP: digest of the mask; key agreement: the wrapping cipher */
	uint32_t length, point_length, info_length;
	unsigned char bytes[KEEPER_WRAPPED_MAX];
	unsigned char point[KEEPER_POINT_MAX]; /* key agreement: of the sender, encoded */
	unsigned char info[KEEPER_INFO_MAX];   /* key agreement: ECC-CMS-SharedInfo */
};

/* For the company's own authority. The results are in the database. */
struct keeper_order {
	/* The address; of an authority that is to be made, its name; KEEPER_CERTIFIED: the
	 * fingerprint; KEEPER_CA_TRY: the authority's identifier */
	char subject[KEEPER_ORDER_MAX + 1];
	char actor[KEEPER_ORDER_MAX + 1]; /* who asks, for the record */
	char algorithm[16]; /* of a key that is made: as for profile_make_key(), or "token" */
	uint32_t years;	    /* of a self-signed authority */
	uint32_t replaces;  /* it takes the place of the one in use */
};

struct keeper_request {
	uint32_t wish;
	int32_t digest_nid; /* of OpenSSL */
	uint32_t length;
	char fingerprint[KEEPER_FINGERPRINT_MAX + 1];
	unsigned char digest[KEEPER_DIGEST_MAX];
	struct keeper_wrapped wrapped; /* KEEPER_UNWRAP */
	struct keeper_order order;     /* KEEPER_CA_MAKE and what follows it */
};

struct keeper_reply {
	uint32_t granted;
	uint32_t length;
	unsigned char signature[KEEPER_SIGNATURE_MAX];
	unsigned char key[KEEPER_KEY_MAX];
	char why[KEEPER_WHY_MAX]; /* not granted: one sentence */
};

/* `path` of the keeper's socket. False with `fault` filled if the keeper cannot be reached or
 * refuses. */
bool keeper_ask(const char *path, const struct keeper_request *request,
		struct keeper_reply *reply_r, struct fault *fault);
bool keeper_ping(const char *path, struct fault *fault);
bool keeper_prepare(const char *path, const char *fingerprint, struct fault *fault);

/* Has the keeper do what the order says, which may take some seconds. */
bool keeper_order(const char *path, enum keeper_wish wish, const struct keeper_order *order,
		  struct fault *fault);

/* Opens the content key; `key_r` gets wrapped->key_length bytes. The wrong key, and a wrapped key
 * that somebody has changed, give random bytes, which open nothing: nobody can tell why (RFC 3218
 * §2.3.2). */
bool keeper_unwrap(const char *path, const char *fingerprint, const struct keeper_wrapped *wrapped,
		   unsigned char key_r[KEEPER_KEY_MAX], struct fault *fault);

#endif
