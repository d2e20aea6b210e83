/*
 * Asks postseal-keeper(8), the only process that can open the company's private keys, to use one.
 * It signs; it never hands out a key. Each request and its reply have a connection of their own
 * (SOCK_SEQPACKET), between processes on one machine.
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
	KEEPER_WHY_MAX = 200
};

enum keeper_wish {
	KEEPER_PING,
	KEEPER_SIGN,	/* a digest, with an S/MIME key: RSA PKCS#1 v1.5 or ECDSA */
	KEEPER_PREPARE, /* an OpenPGP key: the keeper's gpg-agent will use it */
};

struct keeper_request {
	uint32_t wish;
	int32_t digest_nid; /* of OpenSSL */
	uint32_t length;
	char fingerprint[KEEPER_FINGERPRINT_MAX + 1];
	unsigned char digest[KEEPER_DIGEST_MAX];
};

struct keeper_reply {
	uint32_t granted;
	uint32_t length;
	unsigned char signature[KEEPER_SIGNATURE_MAX];
	char why[KEEPER_WHY_MAX]; /* not granted: one sentence */
};

/* `path` of the keeper's socket. False with `fault` filled if the keeper cannot be reached or
 * refuses. */
bool keeper_ask(const char *path, const struct keeper_request *request,
		struct keeper_reply *reply_r, struct fault *fault);
bool keeper_ping(const char *path, struct fault *fault);
bool keeper_prepare(const char *path, const char *fingerprint, struct fault *fault);

#endif
