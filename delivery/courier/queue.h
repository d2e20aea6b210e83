/*
 * The courier's side of the outbox: rows are claimed for a time, opened, and settled according to
 * the MTA's reply for each recipient. Several couriers may claim at once.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_QUEUE_H
#define POSTSEAL_DELIVERY_COURIER_QUEUE_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/ring.h"
#include "core/sink.h"

struct queued_recipient {
	int number;
	char *address;
	char *notify; /* these may be NULL */
	char *orcpt;
	char *copy; /* identifier in the log */
};

struct queued_mail {
	struct identifier id;
	char *kind;
	char *message; /* these may be NULL */
	char *sender;
	char *ret;
	char *envid;
	bool smtputf8;
	bool verified;
	char *client;	   /* address of a client outside (struct outbox_mail), or NULL */
	unsigned attempts; /* including this one */
	bool expired;	   /* it has been tried for its whole lifetime */
	bool in_doubt;	   /* the MTA may already have it: nobody received its reply */
	bool is_overdue;   /* it has been in doubt for as long as is allowed */
	char *left_by;	   /* the courier on another machine that had claimed it, or NULL */
	bool is_tried;	   /* in this round */
	unsigned char *boxed_key;
	size_t boxed_length;
	unsigned char *header;
	size_t header_length;
	unsigned char *first; /* first chunk of the content, sealed; usually all of it */
	size_t first_length;
	GPtrArray *recipients; /* struct queued_recipient, still to be served */
};

/* Who claims mail. */
struct queue_claimant {
	const char *courier; /* "machine/process" */
	const char *host;    /* the machine */
	uint64_t lease;	     /* seconds for which a mail whose claim was lost is left alone */
	uint64_t patience; /* seconds for which mail in doubt is left to couriers on its machine */
};

/* Up to eight mails that are due, oldest first, as struct queued_mail, freed by the array. They are
 * claimed for as long as the connection lives, or until they are settled on it. Mails that the MTA
 * of another machine may have are included only when that machine's time is over. */
GPtrArray *queue_claim(struct connection *connection, const struct queue_claimant *claimant,
		       struct fault *fault);
/* Writes the mail: header and body. */
bool queue_read(struct connection *connection, const struct queued_mail *mail, struct ring *ring,
		struct sink *next, struct fault *fault);

/* Why a copy must not leave although it was decided: a key that it is sealed to is trusted less
 * than its rule asks. *why_r is NULL if it may; caller frees. */
bool queue_distrust(struct connection *connection, const struct queued_mail *mail, char **why_r,
		    struct fault *fault);

enum queue_result { QUEUE_SENT, QUEUE_LATER, QUEUE_FAILED };

/* The outcome for one recipient. */
struct queue_outcome {
	const struct queued_recipient *recipient;
	enum queue_result result;
	const char *reply;
};

/* Adds to the open batch: outcomes go to the log, recipients that are done leave the outbox, and
 * the mail leaves with the last of them. Otherwise it is due again in `seconds`, and stays in doubt
 * if mail->in_doubt is set. */
bool queue_settle(struct connection *connection, const struct queued_mail *mail,
		  const struct queue_outcome *outcomes, size_t count, uint64_t seconds,
		  struct fault *fault);

/* The mail cannot be handled, through no fault of the MTA: it is due again in `seconds`. Commits.
 */
bool queue_put_off(struct connection *connection, const struct queued_mail *mail, const char *why,
		   uint64_t seconds, struct fault *fault);

/* For a claim whose connection was lost, on another connection: unless someone else has claimed the
 * mail since, it is due again in `seconds`; a mail that was not tried is treated as if it had never
 * been claimed. Safe to repeat. */
bool queue_let_go(struct connection *connection, const struct queue_claimant *claimant,
		  const struct queued_mail *mail, uint64_t seconds, struct fault *fault);

/* Sends a mail in doubt again: this is recorded, and the mail now belongs to this courier. Commits.
 */
bool queue_send_again(struct connection *connection, struct queued_mail *mail, const char *courier,
		      const char *why, struct fault *fault);

#endif
