/*
 * The mails that go with a parcel, as rows of the outbox in the open batch: the notice with
 * the link for a recipient, the unlock codes for the sender, and word of trouble.
 */
#ifndef POSTSEAL_DELIVERY_NOTICE_H
#define POSTSEAL_DELIVERY_NOTICE_H

#include "core/settings.h"
#include "delivery/outbox.h"

struct notice {
	const struct settings *settings;
	const struct seal_key *courier;
	struct connection *connection;
	const char *message; /* its identifier in the log */
	const char *sender;  /* who sent it: address */
	bool smtputf8;       /* sender or a recipient needs it */
};

struct notice_recipient {
	const char *address;
	const char *notify; /* DSN parameters (RFC 3461), or NULL */
	const char *orcpt;
	const char *copy;   /* identifier in the log */
};
/* To the recipient of a copy. Bounces go to the sender. */
bool notice_link(const struct notice *notice, const struct notice_recipient *recipient,
		 const char *link, uint64_t lifetime, struct fault *fault);

struct notice_code {
	const char *recipient;
	const char *code; /* as people read it */
};
/* To the sender; `references` is the Message-ID of their message, or NULL. */
bool notice_codes(const struct notice *notice, const struct notice_code *codes, size_t count,
		  const char *references, struct fault *fault);
/* To the sender: too many wrong codes were typed for the message to `recipient`. */
bool notice_locked(const struct notice *notice, const char *recipient, struct fault *fault);

#endif
