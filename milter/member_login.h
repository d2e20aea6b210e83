/*
 * The logins that Postfix learns from our SASL socket (submission/sasl_dialogue.h):
 * "member:PASSWORD:ADDRESS", with the identifier of the application password and the member's
 * folded address. Names in the password files of Dovecot and Cyrus cannot have a colon, so that
 * such a login is never taken for one of the organisation's, whichever milter Postfix asks about
 * the message: a member must not get what an employee may send.
 */
#ifndef POSTSEAL_MILTER_MEMBER_LOGIN_H
#define POSTSEAL_MILTER_MEMBER_LOGIN_H

#include "core/identifier.h"

/* Caller frees. */
char *member_login_make(const struct identifier *password, const char *address);
/* Also true where the rest of it is not as above. NULL: nobody has logged in. */
bool member_login_is(const char *login);
/* *address_r is within the login. False: it is none. */
bool member_login_read(const char *login, struct identifier *password_r, const char **address_r);

#endif
