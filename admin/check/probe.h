/*
 * `postseal check --probe ADDRESS`: one mail through all of it, from the MTA's port to the next
 * hop, and what each station on its way did.
 */
#ifndef POSTSEAL_ADMIN_CHECK_PROBE_H
#define POSTSEAL_ADMIN_CHECK_PROBE_H

#include "admin/check/check.h"
#include "admin/check/findings.h"

enum { PROBE_SECONDS = 60, PROBE_SECONDS_MAX = 86400 };

struct probe {
	const char *to;
	const char *from; /* NULL: postmaster at the first of our domains */
	const char *via;  /* smtp://host:port; NULL: where Postfix takes mail on this machine */
	unsigned seconds; /* to wait for the last station, from the first on */
};

/* The stations up to the first that fails. */
void probe_run(const struct probe *probe, const struct check *check, struct findings *findings);

#endif
