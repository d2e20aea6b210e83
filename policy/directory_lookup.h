/*
 * Tables in directories: an address or domain is in such a table if the directory has an entry that
 * matches the table's filter. postseal-finder(8) asks; answers are remembered for the table's
 * lifetime, in memory. If the directory cannot be asked, that is a fault, and the message waits.
 */
#ifndef POSTSEAL_POLICY_DIRECTORY_LOOKUP_H
#define POSTSEAL_POLICY_DIRECTORY_LOOKUP_H

#include <glib.h>
#include <stdint.h>

#include "core/fault.h"

struct directory_lookup;

/* `filter` (RFC 4515) with "%s" in place of the address or domain; `lifetime` in seconds. */
struct directory_lookup *directory_lookup_new(const char *directory, const char *filter,
					      uint64_t lifetime);
void directory_lookup_free(struct directory_lookup *lookup);

const char *directory_lookup_directory(const struct directory_lookup *lookup);
/* To be told before the first question. */
void directory_lookup_connect(struct directory_lookup *lookup, const char *finder);

/* `key`: a folded address, or a domain. From any thread; waits some seconds at most. */
bool directory_lookup_has(struct directory_lookup *lookup, const char *key, bool *has_r,
			  struct fault *fault);
/* The same without what is remembered. */
bool directory_lookup_ask(struct directory_lookup *lookup, const char *key, bool *has_r,
			  struct fault *fault);

#endif
