/*
 * Trust: statements that a key, a certificate or an account belongs to an address, each made by
 * someone (a sender whose unlock code was used, the owner while signed in, an admin, the domain) on
 * some ground; and revoked by them, by an admin or by the owner of the address. Both are only ever
 * added to the record (keystore/sql/125_facts_of_trust.sql).
 *
 * Anything that depends on a statement looks it up in the database each time, so that a revoked
 * statement no longer counts from that moment on, on any node.
 */
#ifndef POSTSEAL_KEYSTORE_TRUST_H
#define POSTSEAL_KEYSTORE_TRUST_H

#include "core/database.h"

struct attestation {
	const char *kind;    /* "account", "smime", "pgp" */
	const char *subject; /* fingerprint */
	const char *address; /* to whom it is said to belong; folded */
	const char *author;  /* who says so: a folded address, a domain or a system user */
	/* The ground: "unlock code", "signed in", "administrator", "wkd", "dane", "ldap",
	 * "servers", "domain key", "signed mail" (postseal.trust_ground has what each is worth). On
	 * any other, it is worth nothing. */
	const char *how;
	const char
		*since; /* when the grounds for it arose, as the database writes times; NULL: now */
	const char *evidence; /* what it rests on, for people; or NULL */
};

/* Both add to the open batch. Making the same statement again has no effect, nor does making one
 * that its author (or an admin, or a reset of the account) has revoked since its grounds arose. */
bool trust_attest(struct connection *connection, const struct attestation *attestation,
		  struct fault *fault);
/* Adds to the open batch. By its author; without one, by the owner of the address. `subject` or
 * `author` may be NULL: all of them. */
bool trust_revoke(struct connection *connection, const struct attestation *attestation,
		  const char *because, struct fault *fault);
/* By the owner of the address: the statement with this identifier, whoever made it. */
bool trust_disown(struct connection *connection, const char *statement, const char *address,
		  const char *because, struct fault *fault);
/* Adds to the open batch that a sender no longer trusts an address: everything the sender stated
 * about it is revoked, and what others state no longer counts for this sender, except for the
 * organisation's own word, until the sender has handed over a new code that was used. */
bool trust_doubt(struct connection *connection, const char *sender, const char *address,
		 const char *because, struct fault *fault);

/* How far a sender may trust that a key is an address's, weakest first. */
enum trust_level {
	TRUST_NONE,
	TRUST_SEEN,	 /* mail that it signed came in, or its owner reads mail at the address */
	TRUST_DOMAIN,	 /* the address's domain says so, or an authority trusted that far */
	TRUST_COLLEAGUE, /* enough colleagues handed over codes that were used */
	TRUST_ORGANISATION, /* an admin says so, or an authority trusted that far */
	TRUST_PERSONAL,	    /* this sender handed over a code that was used */
	TRUST_LEVELS
};

const char *trust_level_name(enum trust_level level);
/* The level with this name; TRUST_LEVELS: there is none. */
enum trust_level trust_level_named(const char *name);

struct trust_question {
	const char *sender;	       /* folded */
	const char *address;	       /* folded */
	const char *kind;	       /* "smime", "pgp" */
	const char *subject;	       /* fingerprint */
	uint64_t colleagues;	       /* how many must agree */
	enum trust_level by_authority; /* what its chain is worth (authority.h); TRUST_NONE: none */
};

/* What the database's statements and the authority's are worth between sender and key. */
bool trust_level_find(struct connection *connection, const struct trust_question *question,
		      enum trust_level *level_r, struct fault *fault);

/* Adds to the open batch that several keys were claimed for an address when this message was
 * decided; admins are told of each set of claims once. */
bool trust_note_conflict(struct connection *connection, const char *address, const char *claims,
			 const char *message, struct fault *fault);

#endif
