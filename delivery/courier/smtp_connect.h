/*
 * Connects to the MTA, at smtp://host[:port] or unix:/path. At a Unix socket the kernel says who
 * called listen(2), as the path alone proves nothing: nobody but the MTA's user or root is spoken
 * to.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMTP_CONNECT_H
#define POSTSEAL_DELIVERY_COURIER_SMTP_CONNECT_H

#include "delivery/courier/smtp.h"

/* A file descriptor that the caller closes; -1 with `fault` filled, which also happens when nobody
 * answers within the time for a reply. */
int smtp_connect(const struct smtp_peer *peer, struct fault *fault);

/* Is it a Unix socket, so that nobody else can pass for the MTA? */
bool smtp_is_local(const char *url);

#endif
