/*
 * Mail in doubt: a courier had it in hand, and nobody knows whether the MTA has it. The log of the
 * MTA beside that courier tells, so it is for couriers of the same machine; others leave it alone
 * until `courier doubt` has passed, or the admin says that the machine does not come back. Then it
 * is sent again, and may arrive twice: nothing is lost.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_DOUBT_H
#define POSTSEAL_DELIVERY_COURIER_DOUBT_H

#include "delivery/courier/courier.h"
#include "delivery/courier/queue.h"

struct doubt {
	const struct courier *courier;
	struct connection *connection;
	struct queued_mail *mail; /* not in doubt any more once that is decided */
	bool is_mapped;		  /* the MTA looks its recipients up in its aliases */
};

/* *settled_r: the recipients' replies are filled from the log; else the mail is to be sent. False:
 * it must wait. */
bool doubt_settle(const struct doubt *doubt, struct smtp_recipient *recipients, bool *settled_r,
		  struct fault *fault);

#endif
