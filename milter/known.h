/*
 * What was decided on before and comes into the second pass all the same. Postfix sends a message
 * that is requeued (postsuper -r) past all milters to the main content_filter, with addresses
 * mapped and copies for archives added once more; and what Postseal writes to employees comes there
 * when their aliases are expanded. By its imprint (mail/imprint.h) it is known which of the
 * recipients it was decided for.
 */
#ifndef POSTSEAL_MILTER_KNOWN_H
#define POSTSEAL_MILTER_KNOWN_H

#include "core/seal/wrap.h"
#include "core/settings.h"
#include "mail/message.h"

struct database;

/* Recipients of the message, which owns them. */
struct known {
	GPtrArray *passed;   /* it goes on to them as it is */
	GPtrArray *verified; /* the same, but only over verified TLS */
	GPtrArray *others;   /* nobody has decided for them */
	bool is_secret; /* a link or an unlock code: it is for whom it was written, and nobody else
			 */
};

/* False: the database could not say. known_clear() is needed whatever it returned. */
bool known_find(struct known *known, const struct message *message, const struct settings *settings,
		struct database *database, struct fault *fault);
void known_clear(struct known *known);

/* Puts what only verified TLS may take into the outbox again, in a transaction of its own. */
bool known_send_again(const struct known *known, const struct message *message,
		      const struct settings *settings, const struct seal_key *courier,
		      struct database *database, struct fault *fault);

#endif
