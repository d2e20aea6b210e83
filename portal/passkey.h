/*
 * Passkeys and security keys as a second factor (WebAuthn Level 2), checked with libfido2. The
 * browser's data arrives as base64url, as passkey.js puts it into the form.
 */
#ifndef POSTSEAL_PORTAL_PASSKEY_H
#define POSTSEAL_PORTAL_PASSKEY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { PASSKEY_CHALLENGE_BYTES = 32 };

/* Whom the key is for, and what it is asked to sign. */
struct passkey_place {
	const char *url;		/* of the portal: gives origin and host */
	const unsigned char *challenge; /* PASSKEY_CHALLENGE_BYTES */
};

struct passkey {
	GBytes *credential;
	GBytes *public_key;
	int algorithm; /* COSE */
	uint32_t counter;
};
void passkey_clear(struct passkey *passkey);

/* The host that keys are bound to; caller frees. */
char *passkey_host(const char *url);

/* Registers a new key: §7.1, with attestation "none". */
bool passkey_register(const struct passkey_place *place, const char *client_data,
		      const char *authenticator_data, struct passkey *passkey_r);
/* Signs in with a key: §7.2. `passkey` is as registered; its counter is updated. */
bool passkey_verify(const struct passkey_place *place, struct passkey *passkey,
		    const char *client_data, const char *authenticator_data, const char *signature);

#endif
