/*
 * What the network answered about keys, in the database: which answers are still good, which are to
 * be asked for (again), and what was found (sql/115_found_keys.sql). Several milters and couriers
 * work with it at once.
 */
#ifndef POSTSEAL_KEYSTORE_ANSWERS_H
#define POSTSEAL_KEYSTORE_ANSWERS_H

#include "core/database.h"
#include "keystore/finder.h"
#include "keystore/source/source.h"

/* A question for one source. Owned by whoever made it. */
struct key_asking {
	char *address; /* folded */
	const struct key_source *source;
	enum key_kind kind;
};
struct key_asking *key_asking_new(const char *address, const struct key_source *source,
				  enum key_kind kind);
void key_asking_free(struct key_asking *asking);

/* Removes from `askings` (struct key_asking, freed by the array) those whose answer is still good,
 * and notes that mail needs it. */
bool answers_drop_good(struct connection *connection, GPtrArray *askings, struct fault *fault);
/* Leaves them to the courier, from `seconds` from now on. */
bool answers_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
		  struct fault *fault);
/* The same in the open batch, and at once. */
bool answers_add_wanted(struct connection *connection, const GPtrArray *askings,
			struct fault *fault);
/* Adds a question for each source in the network that `sources`, the setting `keys from`, names. */
void answers_ask_all(char *const *sources, const char *address, enum key_kind kind,
		     GPtrArray *askings);
/* For a courier: adds up to `most` that are due to `askings`, and holds them for two minutes.
 * *more_r: there may be more. `sources`: the setting `keys from`; what belongs to others, or mail
 * has not needed for 30 days, is put aside. `busy`: sources to leave alone for now, one a line. */
bool answers_claim(struct connection *connection, char *const *sources, const char *busy,
		   unsigned most, GPtrArray *askings, bool *more_r, struct fault *fault);

/* OpenPGP keys of the address that are known already, whatever their source: adds GBytes. */
bool answers_known(struct connection *connection, const char *address, GPtrArray *known,
		   struct fault *fault);

/* What came of a question. */
struct key_outcome {
	const struct key_asking *asking;
	enum finder_outcome outcome;
	unsigned lifetime; /* seconds, as the source says; 0: it does not */
	bool secure;	   /* proves also that there is nothing */
	bool is_partial;   /* it may have more: nothing is withdrawn, and it is soon asked again */
	const char *place, *why;
	const GPtrArray *keys; /* struct found_key; NULL unless FINDER_FOUND */
};

/* Stores the answer in one transaction. Keys that the source no longer has are withdrawn, with the
 * statements about them, if the answer proves that; an answer that failed changes none. */
bool answers_put(struct connection *connection, const struct key_outcome *outcome,
		 struct fault *fault);
/* Stores, in the open transaction, a key that came in another way than by an answer, and the
 * statement that it is the address's. */
struct key_statement {
	const char *how, *evidence; /* as in struct attestation */
};
bool answers_put_key(struct connection *connection, const struct key_asking *asking,
		     const struct found_key *key, const struct key_statement *statement,
		     struct fault *fault);
/* Which sources contradict each other about the address: a sentence, or NULL if none do; caller
 * frees. */
bool answers_conflict(struct connection *connection, const struct key_asking *asking,
		      char **conflict_r, struct fault *fault);

#endif
