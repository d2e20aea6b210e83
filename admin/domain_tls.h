/*
 * Commands about domains with verified TLS: `postseal tls`.
 */
#ifndef POSTSEAL_ADMIN_DOMAIN_TLS_H
#define POSTSEAL_ADMIN_DOMAIN_TLS_H

#include "admin/command.h"

extern const struct command domain_tls_commands[];

#endif
