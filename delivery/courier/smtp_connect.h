/*
 * Connects to the MTA, at smtp://host[:port] or unix:/path. For a Unix socket, the path alone
 * proves nothing, so the kernel is asked who called listen(2): we talk only to the MTA's user or
 * root.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMTP_CONNECT_H
#define POSTSEAL_DELIVERY_COURIER_SMTP_CONNECT_H

#include "delivery/courier/smtp.h"

/* A file descriptor, which the caller closes; -1 with `fault` filled, also if nobody answers within
 * the time for a reply. */
int smtp_connect(const struct smtp_peer *peer, struct fault *fault);

/* Is it a Unix socket, at which nobody else can pose as the MTA? */
bool smtp_is_local(const char *url);

#endif
