/* Whether a new password is hard to guess. */
#ifndef POSTSEAL_PORTAL_PASSWORD_H
#define POSTSEAL_PORTAL_PASSWORD_H

/* Of cracklib-runtime; without the ending of its files. If it is missing, words of a dictionary are
 * taken for passwords, and `postseal check` says so. */
#define PASSWORD_DICTIONARY "/var/cache/cracklib/cracklib_dict"

/* What is wrong with the password for the account with this address, in English, or NULL. `name`:
 * what its owner is called, or NULL. */
const char *password_fault(const char *password, const char *address, const char *name);

#endif
