/*
 * A chore: what the courier does from time to time besides handing over mail. Each chore is one
 * file and one line in chores[] (chore.c), and has a thread of its own.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_CHORE_H
#define POSTSEAL_DELIVERY_COURIER_CHORE_H

#include "delivery/courier/courier.h"

struct chore {
	const char *name; /* "deleting what has expired": used in the log */
	unsigned seconds; /* between rounds */
	bool stands_back; /* pauses while mail is arriving */
	/* Does one round. *more_r: there is more to do at once. Safe to run at any time, and by
	 * several couriers at once. */
	bool (*run)(const struct courier *courier, bool *more_r, struct fault *fault);
};

extern const struct chore chore_doubt, chore_expire, chore_reminders, chore_mta_follow,
	chore_record, chore_keys, chore_revocation, chore_mailed_keys, chore_domain_tls,
	chore_approvals, chore_summaries, chore_new_clients, chore_large_files;
extern const struct chore *const chores[]; /* ends with NULL */

#endif
