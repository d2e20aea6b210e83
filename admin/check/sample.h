/*
 * A message that is given to another milter as Postfix would, to see what it does with such mail:
 * the milter is told everything, and the message goes nowhere.
 */
#ifndef POSTSEAL_ADMIN_CHECK_SAMPLE_H
#define POSTSEAL_ADMIN_CHECK_SAMPLE_H

#include "admin/check/check.h"

/* Where mail of our own comes from, as milters see it. */
#define SAMPLE_THIS_MACHINE "127.0.0.1"

enum { SAMPLE_REPLY_MAX = 200 };

struct sample_result {
	bool signs; /* it adds a DKIM-Signature */
	bool waits; /* it answers with a temporary failure: `reply`, cut to what fits */
	char reply[SAMPLE_REPLY_MAX];
};

struct sample {
	bool is_answered;
	struct sample_result result;
	struct fault fault; /* if it is not: "cannot be reached by the user postfix (…)" */
};

/* A mail to and from the postmaster of the first of our domains; `client` is where it comes from,
 * an IPv4 address. Given as the user of Postfix and in its chroot, if that service has one; once
 * for all looks. */
const struct sample *sample_give(const struct check *check, const char *service,
				 const char *address, const char *client);

#endif
