/*
 * Which program listens at an address, according to the kernel, which tells only root.
 */
#ifndef POSTSEAL_ADMIN_CHECK_LISTENER_OF_H
#define POSTSEAL_ADMIN_CHECK_LISTENER_OF_H

/* The process, or 0 if nothing listens there on this machine or it cannot be seen. */
int listener_of_path(const char *path);
int listener_of_port(unsigned port);

/* "opendkim", or NULL if it cannot be seen. Caller frees. */
char *listener_name(int process);
/* What stands after an option of its command line, such as "-x", or NULL. Caller frees. */
char *listener_option(int process, const char *option);

#endif
