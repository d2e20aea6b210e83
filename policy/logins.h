/*
 * Who may send as whom: a file with lines `login address-or-domain ...`, and comments after `#`. A
 * login is the name with which the client authenticated at the MTA; case does not matter.
 */
#ifndef POSTSEAL_POLICY_LOGINS_H
#define POSTSEAL_POLICY_LOGINS_H

#include "core/fault.h"
#include <glib.h>

struct logins;

/* `path` "": no logins are listed. NULL with `fault` filled if the file cannot be read or a line is
 * wrong. */
struct logins *logins_load(const char *path, struct fault *fault);
void logins_free(struct logins *logins);
/* The contents of the file without comments, for the record. */
const char *logins_text(const struct logins *logins);

/* May the login send as this folded address? A login that is an address needs no line for that
 * address. */
bool logins_may_send_as(const struct logins *logins, const char *login, const char *address);

#endif
