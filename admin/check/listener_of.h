/*
 * Which program listens at an address, as the kernel tells root.
 */
#ifndef POSTSEAL_ADMIN_CHECK_LISTENER_OF_H
#define POSTSEAL_ADMIN_CHECK_LISTENER_OF_H

/* "opendkim", or NULL where nobody listens on this machine or it cannot be seen. Caller frees. */
char *listener_of_path(const char *path);
char *listener_of_port(unsigned port);

#endif
