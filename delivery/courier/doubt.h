/*
 * Mail in doubt: a courier was sending it, and nobody knows whether the MTA has it. The log of the
 * MTA next to that courier tells, so couriers on the same machine settle it; others leave it alone
 * until `courier doubt` has passed, or the admin says that the machine will not come back. Then it
 * is sent again and may arrive twice, but nothing is lost.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_DOUBT_H
#define POSTSEAL_DELIVERY_COURIER_DOUBT_H

#include "delivery/courier/courier.h"
#include "delivery/courier/queue.h"

struct doubt {
	const struct courier *courier;
	struct connection *connection;
	struct queued_mail *mail; /* no longer in doubt once that is decided */
	bool is_mapped;		  /* the MTA expands its recipients' aliases */
};

/* *settled_r: the recipients' replies are filled in from the log; otherwise the mail is to be sent.
 * False: it must wait. */
bool doubt_settle(const struct doubt *doubt, struct smtp_recipient *recipients, bool *settled_r,
		  struct fault *fault);

#endif
