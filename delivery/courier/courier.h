/*
 * A worker of the courier: it takes mails from the outbox and hands them to the MTA, over one
 * connection for as long as there is something to do.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_COURIER_H
#define POSTSEAL_DELIVERY_COURIER_COURIER_H

#include "core/seal/wrap.h"
#include "core/settings.h"
#include "delivery/courier/links_and_codes.h"
#include "delivery/courier/smtp.h"

struct courier {
	const struct settings *settings;
	struct database *database;
	const char *name; /* "machine/process", for the rows it has in hand */
	const char *host; /* the machine */
	struct seal_key public_key, private_key;
};

/* The MTA's services, which differ in what it does with a mail. */
enum courier_service {
	SERVICE_COPIES,	  /* takes addresses as the milter decided on them */
	SERVICE_VERIFIED, /* the same, over verified TLS only */
	SERVICE_MAPPED,	  /* first looks them up in its aliases, as for any mail of an employee */
	SERVICE_COUNT
};

/* What a worker has from round to round. */
struct courier_hands {
	struct smtp *smtp[SERVICE_COUNT];    /* connections to the MTA */
	struct fault trouble[SERVICE_COUNT]; /* in this round: nobody could be reached there */
	GPtrArray *left; /* struct queued_mail: what was claimed on a connection that is gone */
};
/* Closes the connections to the MTA: when idle, after trouble. */
void courier_hang_up(struct courier_hands *hands);
/* At the end, with all that it has. */
void courier_hands_clear(struct courier_hands *hands);

struct issuer courier_issuer(const struct courier *courier);

/* Makes links and codes for a parcel that waits for it, mails of receipts, and handles the mails
 * that are due, a bounded number. *count_r: how many there were of all. False when the database or
 * the MTA cannot be reached: wait a while. */
bool courier_round(const struct courier *courier, struct courier_hands *hands, unsigned *count_r,
		   struct fault *fault);

#endif
