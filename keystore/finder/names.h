/*
 * Addresses of hosts, from the system's resolver, as any program of the machine finds them. Unlike
 * getaddrinfo(3), it does not take longer than its caller has.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_NAMES_H
#define POSTSEAL_KEYSTORE_FINDER_NAMES_H

#include <glib.h>

enum names_outcome {
	NAMES_FOUND,
	NAMES_NONE,   /* the resolver says that there is no such host, or that it has no address */
	NAMES_FAILED, /* not known now */
};

/* Names are complete as they are: the search list of resolv.conf(5) does not apply. Before there
 * are threads. */
void names_begin(void);

/* The addresses, in the order in which they should be tried: struct network_address. Caller frees
 * *addresses_r; it is NULL unless there are some. `until`: g_get_monotonic_time(). */
enum names_outcome names_find(const char *host, gint64 until, GArray **addresses_r);

#endif
