/*
 * `postseal check --probe ADDRESS`: sends one mail all the way from the MTA's port to the next hop,
 * and reports what each station did with it.
 */
#ifndef POSTSEAL_ADMIN_CHECK_PROBE_H
#define POSTSEAL_ADMIN_CHECK_PROBE_H

#include "admin/check/check.h"
#include "admin/check/findings.h"

enum { PROBE_SECONDS = 60, PROBE_SECONDS_MAX = 86400 };

struct probe {
	const char *to;
	const char *from; /* NULL: postmaster at the first of our domains */
	const char *via;  /* smtp://host:port; NULL: where Postfix accepts mail on this machine */
	unsigned seconds; /* how long to wait for the last station, from the start */
};

/* Reports the stations up to the first that fails. What waits in the portal is recalled at the end.
 */
void probe_run(const struct probe *probe, const struct check *check, struct findings *findings);

#endif
