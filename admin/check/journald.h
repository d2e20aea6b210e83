/*
 * What journald.conf(5) says, of which journald tells nobody.
 */
#ifndef POSTSEAL_ADMIN_CHECK_JOURNALD_H
#define POSTSEAL_ADMIN_CHECK_JOURNALD_H

#include <stdbool.h>

/* False with Storage=none: what is logged is passed on at most. */
bool journald_keeps(void);

#endif
