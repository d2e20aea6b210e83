/*
 * One directory, asked by LDAP (RFC 4511) over a connection that is always encrypted, by TLS or
 * StartTLS, to a server whose certificate is verified. Referrals are not followed. Neither
 * ldap.conf(5) nor the environment has a say.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_DIRECTORY_H
#define POSTSEAL_KEYSTORE_FINDER_DIRECTORY_H

#include <glib.h>

#include "core/fault.h"
#include "core/settings.h"

enum {
	DIRECTORY_ENTRIES_MAX = 20,		 /* that have one address */
	DIRECTORY_MESSAGE_MAX = 8 * 1024 * 1024, /* bytes of an entry */
};

/* What to search for: entries that match `filter`, and of them these attributes. */
struct directory_search {
	const char *filter;
	const char *const *attributes; /* ending with NULL; none: only whether there is an entry */
	gint64 until;		       /* g_get_monotonic_time() */
	/* Called for each value. False: no more values are wanted, and the search has failed.
	 * Without attributes, called once, for one entry, with neither attribute nor value. */
	bool (*found)(void *context, const char *entry, const char *attribute, GBytes *value);
	void *context;
};

/* Called before the first thread that searches. */
void directory_begin(void);
/* Are its settings such that it can be asked? */
bool directory_check(const struct directory *directory, struct fault *fault);

/* False, with `fault` filled, if the directory was not asked, or its answer is not complete. Waits
 * until `until` at most, except for the system's answer to where the server is. */
bool directory_search(const struct directory *directory, const struct directory_search *search,
		      struct fault *fault);

/* `filter`, with the address in place of each "%s", escaped as RFC 4515 §3 has it. Caller frees. */
char *directory_filter(const char *filter, const char *address);

#endif
