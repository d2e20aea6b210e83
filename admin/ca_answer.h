/*
 * What another authority has sent back: does it answer a request of ours, and is it good for what
 * was asked for? Each refusal is one sentence.
 */
#ifndef POSTSEAL_ADMIN_CA_ANSWER_H
#define POSTSEAL_ADMIN_CA_ANSWER_H

#include "admin/command.h"
#include "keystore/authority.h"

struct ca_answer {
	const char *path;	/* of the file, for sentences */
	STACK_OF(X509) * all;	/* the certificates in it */
	STACK_OF(X509) * chain; /* of the one in question, up to a trusted root */
	time_t until;		/* as long as all of them are valid */
};
void ca_answer_clear(struct ca_answer *answer);
typedef struct ca_answer ca_answer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ca_answer_auto, ca_answer_clear)

/* PEM, DER or PKCS#7, in any order. `path` must outlive the answer. */
bool ca_answer_read(struct ca_answer *answer_r, const struct settings *settings, const char *path,
		    const void *bytes, size_t length, struct fault *fault);
/* The certificate for this key, borrowed; NULL: there is none. */
X509 *ca_answer_for(const struct ca_answer *answer, const EVP_PKEY *public_key);

/* Finds the chain, through what is in the file and in the key store, to a root that the
 * organisation trusts: only then do signatures carry what correspondents need to follow it. False
 * with a fault if there is none that is valid now. */
bool ca_answer_follow(struct ca_answer *answer, const struct admin *admin, X509 *certificate,
		      struct fault *fault);
/* May it, with the chain that was found, issue certificates to employees in one of the domains at
 * least? `name` is the common name that was asked for. Warns on standard error of those domains in
 * which it may not. */
bool ca_answer_is_authority(const struct ca_answer *answer, X509 *certificate, const char *name,
			    char *const *domains, struct fault *fault);
/* Is it for mail of this folded address? */
bool ca_answer_is_for(const struct ca_answer *answer, X509 *certificate, const char *address,
		      struct fault *fault);

#endif
