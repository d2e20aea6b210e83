/*
 * Tells Postfix how to verify the mail servers of a domain: the table in smtp_tls_policy_maps of
 * the transport postseal-verified (contrib/postfix/wire), by Postfix's socketmap protocol
 * (socketmap_table(5)). Each answer comes from the evidence on which the milter decides
 * (keystore/domain_tls.h). If this table is lost, Postfix defers the mail; a domain of which
 * nothing is known, or that the table of `tls domains` has, is verified as the transport itself
 * says, by its own name.
 */
#ifndef POSTSEAL_MILTER_TLS_MAP_H
#define POSTSEAL_MILTER_TLS_MAP_H

#include "milter/service.h"

/* Listens beside the milter's socket, with the same permissions; does nothing where that is not a
 * Unix socket, or the MTA has no such tables. Call it while privileges still allow to. */
bool tls_map_open(const struct settings *settings, struct fault *fault);
/* Answers on a thread of its own, as long as the program runs. */
void tls_map_start(struct service *service);

#endif
