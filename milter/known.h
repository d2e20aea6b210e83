/*
 * Mail that was decided before and yet enters the second pass. Postfix sends a requeued message
 * (postsuper -r) past all milters to the main content_filter, with addresses mapped and archive
 * copies added once more; and Postseal's own mails to employees arrive there when their aliases are
 * expanded. The imprint of the mail (mail/imprint.h) tells for which of its recipients it was
 * decided.
 */
#ifndef POSTSEAL_MILTER_KNOWN_H
#define POSTSEAL_MILTER_KNOWN_H

#include "core/seal/wrap.h"
#include "core/settings.h"
#include "mail/message.h"

struct database;

/* Recipients of the message, owned by the message. */
struct known {
	GPtrArray *passed;	/* it goes on to them unchanged */
	GPtrArray *verified;	/* the same, but only over verified TLS */
	GPtrArray *others;	/* no decision was made for them */
	GPtrArray *verified_by; /* struct decided, for each of `verified`; owned by `decisions` */
	GPtrArray *decisions;
	bool is_secret; /* holds a link or an unlock code, meant only for the original recipient */
};

/* False: the database could not be asked. Call known_clear() in either case. */
bool known_find(struct known *known, const struct message *message, const struct settings *settings,
		struct database *database, struct fault *fault);
void known_clear(struct known *known);

/* Puts the mail for recipients that need verified TLS into the outbox again, as the copies that
 * they are, in a transaction of its own. */
bool known_send_again(const struct known *known, const struct message *message,
		      const struct settings *settings, const struct seal_key *courier,
		      struct database *database, struct fault *fault);

#endif
