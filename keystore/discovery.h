/*
 * Discovery: keys that arrive by themselves. Before a decision, the sources in the network that the
 * setting `keys from` names are asked for a message's recipients, all at once and for a limited
 * time; every answer is kept (keystore/answers.h), also that there is no key, and whatever does not
 * come in time is left to the courier. The network itself is asked by postseal-finder alone, and
 * what it returns is parsed by postseal-keyreader alone.
 *
 * Nothing here fails a message: if the finder or a source is down, it has no key.
 */
#ifndef POSTSEAL_KEYSTORE_DISCOVERY_H
#define POSTSEAL_KEYSTORE_DISCOVERY_H

#include "core/database.h"
#include "keystore/keystore.h"

struct discovery;

struct discovery_settings {
	struct database *database;
	const char *finder;   /* socket of the finder */
	char *const *sources; /* the setting `keys from` */
	const char *gpg_program;
};

/* NULL if no source in the network is in use. Copies the settings. */
struct discovery *discovery_new(const struct discovery_settings *settings);
/* Waits for questions that are under way. Accepts NULL. */
void discovery_free(struct discovery *discovery);

/* Keys of one kind that a message needs. */
struct discovery_want {
	const char *address; /* folded */
	enum key_kind kind;
	bool is_employee;
	const struct key *known; /* used now; sources that come after its own are left to the
				    courier. NULL: none */
	bool awaited;		 /* result: not every source has answered in time */
};

/* Asks for what has no good answer yet, until `until` (g_get_monotonic_time()) at most. What comes
 * is in the database. True if anything was asked: the caller forgets what it has cached
 * (keystore_forget()). */
bool discovery_before(struct discovery *discovery, struct discovery_want *wants, size_t count,
		      gint64 until);

/* Serves the metrics from now on, beginning at 0. */
void discovery_expect(void);

/* For a courier: asks for a batch of what is due, and leaves the slow ones to be answered later: a
 * source that stands still keeps none of the others waiting. *more_r: there may be more. False if
 * the database failed. */
bool discovery_round(struct discovery *discovery, bool *more_r, struct fault *fault);

/* Asks all sources for an address now, whatever answers there are. */
bool discovery_ask(struct discovery *discovery, const char *address, bool is_employee, gint64 until,
		   struct fault *fault);

#endif
