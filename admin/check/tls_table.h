/*
 * How Postfix learns what domains have published about their TLS: from the table of the milter
 * (milter/tls_map.h).
 */
#ifndef POSTSEAL_ADMIN_CHECK_TLS_TABLE_H
#define POSTSEAL_ADMIN_CHECK_TLS_TABLE_H

#include "admin/check/check.h"

/* Does the transport, "postseal-verified/unix", ask our table, does it get an answer, as its user
 * and in its chroot, and can it do what the answer may say? */
bool tls_table_check(const struct check *check, const char *transport, struct fault *fault);

#endif
