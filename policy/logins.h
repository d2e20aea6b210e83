/*
 * Who may send as whom: a file of lines `login address-or-domain ...`, with `#` before comments. A
 * login is what the client said to the MTA when it authenticated; it is compared without regard to
 * case.
 */
#ifndef POSTSEAL_POLICY_LOGINS_H
#define POSTSEAL_POLICY_LOGINS_H

#include "core/fault.h"
#include <glib.h>

struct logins;

/* `path` "": nobody is listed. NULL with `fault` filled where the file cannot be read or a line is
 * wrong. */
struct logins *logins_load(const char *path, struct fault *fault);
void logins_free(struct logins *logins);
/* What the file holds, for the policy's digest. */
const char *logins_text(const struct logins *logins);

/* May it send as this folded address? Its own address, where the login is one, needs no line. */
bool logins_may_send_as(const struct logins *logins, const char *login, const char *address);

#endif
