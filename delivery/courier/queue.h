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
	unsigned char *boxed_key;
	size_t boxed_length;
	unsigned char *header;
	size_t header_length;
	unsigned char *first; /* chunk of the content, sealed; mostly it is all of it */
	size_t first_length;
	GPtrArray *recipients; /* struct queued_recipient, still to be served */
};

/* Up to eight mails that are due, oldest first, ours as long as the connection lives or until
 * they are settled on it; for `lease` seconds after that nobody looks: struct queued_mail, freed by
 * the array. */
GPtrArray *queue_claim(struct connection *connection, const char *courier, unsigned lease,
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

#endif
