/*
 * Which program listens at an address, according to the kernel, which tells only root.
 */
#ifndef POSTSEAL_ADMIN_CHECK_LISTENER_OF_H
#define POSTSEAL_ADMIN_CHECK_LISTENER_OF_H

/* "opendkim", or NULL if nothing listens there on this machine or it cannot be seen. Caller frees.
 */
char *listener_of_path(const char *path);
char *listener_of_port(unsigned port);

#endif
