/*
 * A worker of the courier: takes mails from the outbox and hands them to the MTA, over one
 * connection for as long as there is something to do.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_COURIER_H
#define POSTSEAL_DELIVERY_COURIER_COURIER_H

#include "core/seal/ring.h"
#include "core/settings.h"
#include "delivery/courier/links_and_codes.h"
#include "delivery/courier/smtp.h"
#include "keystore/discovery.h"
#include "keystore/domain_tls_asking.h"
#include "keystore/revocation.h"

struct courier {
	const struct settings *settings;
	struct database *database;
	const char *name;  /* "machine/process", recorded in the rows it has claimed */
	const char *host;  /* the machine */
	struct ring *ring; /* of courier.key */
	struct revocation_inquiry *revocation;
	struct discovery *discovery; /* NULL: no source of keys in the network is in use */
	struct domain_tls_renewal *domain_tls; /* NULL: no domain is asked for its TLS */
};

/* The MTA's services, which treat mail differently. */
enum courier_service {
	SERVICE_COPIES,	  /* accepts addresses as the milter decided on them */
	SERVICE_VERIFIED, /* the same, over verified TLS only */
	SERVICE_MAPPED,	  /* first expands aliases, as for any mail from an employee */
	SERVICE_COUNT
};

/* What a worker keeps from round to round. */
struct courier_hands {
	struct smtp *smtp[SERVICE_COUNT];    /* connections to the MTA */
	struct fault trouble[SERVICE_COUNT]; /* services that could not be reached in this round */
	GPtrArray *left; /* struct queued_mail: claimed on a connection that has been lost */
};
/* Closes the connections to the MTA, when idle or after trouble. */
void courier_hang_up(struct courier_hands *hands);
/* Frees everything, at the end. */
void courier_hands_clear(struct courier_hands *hands);

struct issuer courier_issuer(const struct courier *courier);

/* Makes links and codes for waiting parcels and mails for receipts, and handles mails that are due,
 * up to a limit. *count_r: how many there were in total. False if the database or the MTA cannot be
 * reached: wait a while. */
bool courier_round(const struct courier *courier, struct courier_hands *hands, unsigned *count_r,
		   struct fault *fault);

#endif
