/*
 * Maps of Postfix that cannot be listed, because they answer for one address at a time (LDAP,
 * databases, programs) or compute their answers (expressions). All that can be done is to ask.
 */
#ifndef POSTSEAL_ADMIN_CHECK_MAPS_H
#define POSTSEAL_ADMIN_CHECK_MAPS_H

#include "admin/check/check.h"

/* Asks the map for postmaster and abuse in our domains, and for employees who wrote lately (postmap
 * -q). Lines "address<TAB>answer" for those that it knows; *asked_r: how many were asked. NULL with
 * `fault` if it cannot be asked, so that mail waits. Caller frees. */
char *maps_answers(const struct check *check, const char *map, unsigned *asked_r,
		   struct fault *fault);
/* Why a map of this type cannot be seen through, as half a sentence. */
const char *maps_doubt(const char *map);

#endif
