/*
 * Reads the facts of the keys in a file: everything that keystore/blocks.h finds, certificates with
 * their private halves (PKCS#7 and CMS, RFC 5652 §5; PKCS#8, RFC 5958; PKCS#12, RFC 7292), and
 * OpenPGP. Whatever cannot be read is listed along with what can.
 */
#ifndef POSTSEAL_KEYSTORE_READING_H
#define POSTSEAL_KEYSTORE_READING_H

#include "core/fault.h"
#include "keystore/facts.h"
#include "keystore/openpgp.h"

struct reading_settings {
	const char *gpg_program;
	/* Asks for the password of `what`; false if there is none. NULL: there is nobody to ask. */
	bool (*ask_password)(void *context, const char *what, char *password_r, size_t size);
	void *context;
	const struct openpgp_known *known; /* merged with what is read; NULL: none */
	/* From a stranger: PKCS#12 is not opened, as the file itself says how much work that is. */
	bool is_foreign;
};

struct reading {
	GPtrArray *keys;   /* struct key_facts */
	GPtrArray *broken; /* char *: "CERTIFICATE: why", with the clause */
};

/* False, with `fault` filled, if nothing at all was found, a password is missing or wrong, or gpg
 * could not be run. `name` of the file is for messages. */
bool reading_take(struct reading *reading_r, const struct reading_settings *settings,
		  const char *name, const void *bytes, size_t length, struct fault *fault);
void reading_clear(struct reading *reading);

#endif
