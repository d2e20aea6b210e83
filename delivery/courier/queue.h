/*
 * The courier's side of the outbox: rows are claimed for a time, opened, and settled with what
 * the MTA said of each recipient. Several couriers may claim at once.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_QUEUE_H
#define POSTSEAL_DELIVERY_COURIER_QUEUE_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/wrap.h"
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
	unsigned attempts; /* this one included */
	bool expired;	   /* it has been tried long enough */
	bool in_doubt;	   /* the MTA may have it already: nobody heard its answer */
	bool is_overdue;   /* it has been in doubt for as long as it may be */
	char *left_by;	   /* the courier of another machine that had it in hand, or NULL */
	bool is_tried;	   /* this time */
	unsigned char *boxed_key;
	size_t boxed_length;
	unsigned char *header;
	size_t header_length;
	unsigned char *first; /* chunk of the content, sealed; mostly it is all of it */
	size_t first_length;
	GPtrArray *recipients; /* struct queued_recipient, still to be served */
};

/* Whoever takes mail in hand. */
struct queue_claimant {
	const char *courier; /* "machine/process" */
	const char *host;    /* the machine */
	uint64_t lease;	     /* seconds: so long nobody looks at a mail whose claim was lost */
	uint64_t patience;   /* seconds: so long mail in doubt is left to couriers of its machine */
};

/* Up to eight mails that are due, oldest first, ours as long as the connection lives or until
 * they are settled on it: struct queued_mail, freed by the array. What may be with the MTA of
 * another machine is not among them before that machine's time is over. */
GPtrArray *queue_claim(struct connection *connection, const struct queue_claimant *claimant,
		       struct fault *fault);
/* Writes the mail: header and body. */
bool queue_read(struct connection *connection, const struct queued_mail *mail,
		const struct seal_key *public_key, const struct seal_key *private_key,
		struct sink *next, struct fault *fault);

enum queue_result { QUEUE_SENT, QUEUE_LATER, QUEUE_FAILED };

/* What became of a recipient. */
struct queue_outcome {
	const struct queued_recipient *recipient;
	enum queue_result result;
	const char *reply;
};

/* Adds to the open batch: outcomes go to the log, recipients that are served leave the outbox,
 * and so does the mail with the last of them; else it is due again in `seconds`, and stays in
 * doubt where mail->in_doubt says so. */
bool queue_settle(struct connection *connection, const struct queued_mail *mail,
		  const struct queue_outcome *outcomes, size_t count, uint64_t seconds,
		  struct fault *fault);

/* It cannot be handled, for no fault of the MTA's: it is due again in `seconds`. Commits. */
bool queue_put_off(struct connection *connection, const struct queued_mail *mail, const char *why,
		   uint64_t seconds, struct fault *fault);

/* The connection that the claim was made on is gone, and with it the claim. On another one: where
 * nobody else has the mail in hand, it is due again in `seconds`; one that was not tried as if it
 * had never been claimed. It may run twice. */
bool queue_let_go(struct connection *connection, const struct queue_claimant *claimant,
		  const struct queued_mail *mail, uint64_t seconds, struct fault *fault);

/* A mail in doubt is to be sent all the same: on record, and from now on the courier's own.
 * Commits. */
bool queue_send_again(struct connection *connection, struct queued_mail *mail, const char *courier,
		      const char *why, struct fault *fault);

#endif
