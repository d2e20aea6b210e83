/*
 * The Sendmail on this machine, according to its sendmail.cf. The environment variable SENDMAIL_CF
 * selects another file.
 */
#ifndef POSTSEAL_ADMIN_CHECK_SENDMAIL_H
#define POSTSEAL_ADMIN_CHECK_SENDMAIL_H

#include <glib.h>

#include "core/fault.h"

struct sendmail {
	GStrv lines;
};

struct sendmail *sendmail_read(struct fault *fault);
void sendmail_free(struct sendmail *sendmail);
typedef struct sendmail sendmail_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sendmail_auto, sendmail_free)

/* The values of an option, such as "DaemonPortOptions", which may occur several times. Caller
 * frees. */
GStrv sendmail_options(const struct sendmail *sendmail, const char *name);
/* The last of them; "" if there is none. Caller frees. */
char *sendmail_option(const struct sendmail *sendmail, const char *name);
/* The equates of the filter ("S=unix:/path, F=T"), or NULL. Caller frees. */
char *sendmail_filter(const struct sendmail *sendmail, const char *name);
/* Is there a map of this name? */
bool sendmail_has_map(const struct sendmail *sendmail, const char *name);
/* The value of an equate in "Name=MTA, Port=25", or NULL. Caller frees. */
char *sendmail_equate(const char *equates, const char *name);

#endif
