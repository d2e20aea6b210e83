/* Whether a new password is hard to guess. */
#ifndef POSTSEAL_PORTAL_PASSWORD_H
#define POSTSEAL_PORTAL_PASSWORD_H

/* What is wrong with the password for the account with this address, in English, or NULL. */
const char *password_fault(const char *password, const char *address);

#endif
