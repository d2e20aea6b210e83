/*
 * The keys of an address that a sender may trust as far as a rule asks. Where several are claimed
 * for the address, the level decides, never which is newer: only those with the highest level are
 * used, and where nothing tells two of them apart, none is.
 */
#ifndef POSTSEAL_KEYSTORE_TRUSTED_H
#define POSTSEAL_KEYSTORE_TRUSTED_H

#include "keystore/keystore.h"
#include "keystore/trust.h"

struct trusted_question {
	enum key_kind kind;
	const char *address; /* folded */
	bool is_employee;    /* as in keystore_find() */
	const char *sender;  /* folded */
	enum trust_level asked;
	uint64_t colleagues; /* the setting `trust colleagues` */
};

struct trusted_answer {
	GPtrArray *keys; /* struct key *, usable now, at least as trusted as asked; may be empty */
	enum trust_level found; /* of these keys; without any, of the best key there is */
	char *passed_over;	/* as in struct keystore_answer */
	char *conflict; /* "1a2b… (domain), 3c4d… (seen)": other keys than those used are
			   claimed for the address; or NULL */
};

/* False only if the store or the database could not be queried. */
bool trusted_find(struct keystore *keystore, struct database *database,
		  const struct trusted_question *question, struct trusted_answer *answer_r,
		  struct fault *fault);
void trusted_answer_clear(struct trusted_answer *answer);

/* How far the sender may trust this key of the address. */
bool trusted_level(struct connection *connection, const struct trusted_question *question,
		   const struct key *key, enum trust_level *level_r, struct fault *fault);

#endif
