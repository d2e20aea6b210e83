/*
 * What waits for approval because a rule says `hold`: a message as it was offered, with its
 * envelope and the recipients for whom that rule decided. It is encrypted once; its key is sealed
 * with login.key, so that the database alone opens nothing, and milters can read it again: once it
 * is released, they decide anew, without the rules for which it was approved.
 *
 * Decisions are made in the database (delivery/sql/302_approvals.sql): the first one counts.
 */
#ifndef POSTSEAL_DELIVERY_APPROVAL_APPROVAL_H
#define POSTSEAL_DELIVERY_APPROVAL_APPROVAL_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/content.h"
#include "core/seal/ring.h"
#include "mail/message.h"
#include "policy/policy.h"

/* --- holding --- */

struct approval_settings {
	const struct message *message;
	const char *record;	    /* its identifier in the log */
	const char *outside_client; /* as in struct delivery_context, or NULL */
	/* The rules for which it was approved before, ends with NULL, or NULL; the one that holds
	 * it now. */
	const char *const *approved;
	const char *rule;
	const struct policy_hold *hold;
	uint64_t lifetime;	    /* seconds for which it may be released */
	const struct seal_key *key; /* login.key */
};

/* Writes a message into the open batch: begin, recipients, links, the message. */
struct approval_writer {
	struct sealing_sink sealing;
	struct connection *connection;
	struct identifier id;
	unsigned recipients;
};

bool approval_begin(struct approval_writer *writer, struct connection *connection,
		    const struct approval_settings *settings, struct fault *fault);
/* `copy`: its identifier in the log. */
bool approval_add_recipient(struct approval_writer *writer, const struct recipient *recipient,
			    const char *copy, struct fault *fault);
/* A link for one person: a page shows the message's envelope, and asks. `person` is folded; the
 * sender may only recall the message, all others release or refuse it. *url_r: wipe it, and free
 * it. */
bool approval_add_link(struct approval_writer *writer, const struct settings *settings,
		       const char *person, bool is_sender, char **url_r, struct fault *fault);
bool approval_write(struct approval_writer *writer, const struct message *message,
		    struct fault *fault);
/* Call this whatever approval_begin() returned. */
void approval_clear(struct approval_writer *writer);

/* The digest by which a link is found; false if the text is no link. */
bool approval_link_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES]);

/* --- releasing --- */

struct approval {
	struct identifier id;
	struct identifier record; /* of the message in the log */
	unsigned offer;		  /* number of the decisions to come */
	char *outside_client;
	char *by;	 /* who approved it */
	char **approved; /* the texts of all rules for which it was approved; ends with NULL */
	struct message *message;
};
void approval_free(struct approval *approval);
typedef struct approval approval_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(approval_auto, approval_free)

/* The message that was released and is due first. No other milter takes it for the next half
 * minute. *approval_r: NULL if there is none; caller frees. If it cannot be read, that is noted,
 * and it is due again later. */
bool approval_take(struct database *database, struct ring *login,
		   const struct spool_settings *spool, struct approval **approval_r,
		   struct fault *fault);
/* Adds to the open batch that what was released is decided anew there; the batch fails if that has
 * been done already. */
bool approval_done(struct connection *connection, const char *approval, struct fault *fault);
/* It could not be decided now; it is due again in a minute. */
bool approval_put_off(struct database *database, const char *approval, const char *why,
		      struct fault *fault);

#endif
