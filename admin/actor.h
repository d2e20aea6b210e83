/*
 * Who runs a command, for the record: the system user, and with sudo(8) or su(1) the user
 * who logged in.
 */
#ifndef POSTSEAL_ADMIN_ACTOR_H
#define POSTSEAL_ADMIN_ACTOR_H

/* "anna", or "anna as root". Caller frees. */
char *actor_name(void);

#endif
