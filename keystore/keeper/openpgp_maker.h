/*
 * Makes OpenPGP keys for employees, with gpg: the primary key certifies and signs (Ed25519), a
 * subkey encrypts (Curve25519); both expire. Each call has a home of its own below `keeper home`,
 * in memory, which is removed at its end.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_OPENPGP_MAKER_H
#define POSTSEAL_KEYSTORE_KEEPER_OPENPGP_MAKER_H

#include <glib.h>

#include "core/fault.h"
#include "core/settings.h"

struct made_openpgp {
	char *fingerprint;  /* upper-case hexadecimal */
	GBytes *public_key; /* binary */
	GBytes *secret;	    /* binary; wiped when it is freed */
};
void made_openpgp_clear(struct made_openpgp *made);
typedef struct made_openpgp made_openpgp_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(made_openpgp_auto, made_openpgp_clear)

/* For an address, its only user ID; valid for `seconds` from now. */
bool openpgp_make(const struct settings *settings, const char *address, gint64 seconds,
		  struct made_openpgp *made_r, struct fault *fault);
/* Makes an existing key valid for `seconds` from now: it stays the same key. Replaces the public
 * half in `made`, of which everything is given. */
bool openpgp_extend(const struct settings *settings, struct made_openpgp *made, gint64 seconds,
		    struct fault *fault);
/* Revokes it. `reason`: of the table ca_issued; OpenPGP knows fewer (RFC 9580 §5.2.3.31). */
bool openpgp_revoke(const struct settings *settings, struct made_openpgp *made, const char *reason,
		    struct fault *fault);

#endif
