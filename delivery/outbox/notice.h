/*
 * The mails about parcels and accounts, as rows of the outbox in the open batch: notices for
 * recipients, codes and receipts for senders, and notifications about changes to an account.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_NOTICE_H
#define POSTSEAL_DELIVERY_OUTBOX_NOTICE_H

#include "core/settings.h"
#include "delivery/outbox/outbox.h"

struct notice {
	const struct settings *settings;
	const struct seal_key *courier;
	struct connection *connection;
	const char *message; /* its identifier in the log, or NULL */
	const char *sender;  /* the sender's address */
	const char *name;    /* of the sender, as the message's author is named; or NULL */
	const char *deputy;  /* who is told instead of the sender, who has left; or NULL */
	bool smtputf8;	     /* required by the sender, the deputy or a recipient */
};

/* The language in which to write to this address: that of the account (or NULL), otherwise that of
 * the domain's country, otherwise that of the message (or NULL), otherwise the organisation's. */
const char *notice_language(const struct settings *settings, const char *address,
			    const char *account, const char *message);

/* --- to recipients --- */

enum notice_way {
	NOTICE_CODE,   /* opened with link and code */
	NOTICE_SMS,    /* the same, but the code came by SMS */
	NOTICE_SIGNIN, /* the reader has an account that the sender trusts */
};

struct notice_recipient {
	const char *address;
	const char *notify; /* DSN parameters (RFC 3461), or NULL */
	const char *orcpt;
	const char *copy; /* identifier in the log */
	const char *language;
	enum notice_way way;
	const char *link;  /* secret of the link; NOTICE_SIGNIN: identifier of the parcel key */
	uint64_t lifetime; /* seconds for which the message still waits */
	bool reminds;	   /* there was an earlier notice */
};
/* Bounces and answers go to the sender, or the deputy. */
bool notice_waiting(const struct notice *notice, const struct notice_recipient *recipient,
		    struct fault *fault);

/* Several messages that wait for a member, in one mail. */
struct notice_counted {
	const char *sender;
	unsigned long messages;
};
struct notice_summary {
	const char *address; /* of the member, as a sender wrote it */
	const char *language;
	const char *copies; /* as in struct outbox_mail */
	const struct notice_counted *senders;
	size_t sender_count;
	unsigned long messages; /* of all senders */
	uint64_t lifetime;	/* seconds for which the first to expire still waits */
};
/* It is not bounced, as it has several senders: the courier follows it, and tells each of them. */
bool notice_summary(const struct notice *notice, const struct notice_summary *summary,
		    struct fault *fault);

/* --- to senders; none of them is ever bounced --- */

struct notice_code {
	const char *recipient;
	const char *code; /* as people read it; NULL: not needed, or sent by SMS */
	enum notice_way way;
	bool sms_failed;    /* it should have gone by SMS */
	const char *lapsed; /* what became of the keys that would have been used instead: "expired",
			       "revoked"; or NULL */
};
struct notice_codes {
	const struct notice_code *codes;
	size_t count;
	const char *references; /* Message-ID of the sender's message, or NULL */
	const char *language;
	const char *track; /* secret in the link to the sender's page */
};
bool notice_codes(const struct notice *notice, const struct notice_codes *codes,
		  struct fault *fault);

/* What happened to a message: `text` consists of paragraphs (letter.h). Its first link is that of
 * the sender's page, a second one revokes trust (trust_link.h). */
struct notice_receipt {
	const char *subject, *text, *references, *language;
	const char *report_type, *report; /* or NULL */
};
bool notice_receipt(const struct notice *notice, const struct notice_receipt *receipt,
		    struct fault *fault);
/* To somebody who may approve a message: its link leads to a page that asks. */
bool notice_approver(const struct notice *notice, const char *address,
		     const struct notice_receipt *letter, struct fault *fault);
/* Something could not be delivered. No link leads to the message, so that this may go wherever its
 * reader's address leads. To the sender or the deputy, or to `address`, unless that is NULL. */
bool notice_undelivered(const struct notice *notice, const char *address,
			const struct notice_receipt *receipt, struct fault *fault);
/* The URL of the sender's page; caller frees. */
char *notice_track_url(const struct settings *settings, const char *track);

/* --- to members --- */

/* A link with which people prove that an address is theirs. */
bool notice_proof(const struct notice *notice, const char *address, const char *language,
		  const char *token, struct fault *fault);
/* The same where an admin ended their account. */
bool notice_reset(const struct notice *notice, const char *address, const char *language,
		  const char *token, struct fault *fault);
/* Where a request came from, as far as that is known. */
struct notice_client {
	const char *browser;
	const char *network;
};

/* A change to what opens an account. */
enum notice_change {
	CHANGE_KEY_ADDED,
	CHANGE_KEY_REMOVED,
	CHANGE_TRUST_REVOKED,
	CHANGE_APP_ADDED,
	CHANGE_APP_REMOVED,
	CHANGE_PASSKEY_ADDED,
	CHANGE_PASSKEY_REMOVED,
	CHANGE_APPLICATION_ADDED,
	CHANGE_APPLICATION_REVOKED,
	CHANGE_PASSWORD,
	CHANGE_RECOVERY,
};
/* `detail`: which key, or NULL; never a secret. */
bool notice_changed(const struct notice *notice, const char *address, const char *language,
		    enum notice_change change, const char *detail,
		    const struct notice_client *client, struct fault *fault);
/* The first use of an application password from a network. */
struct notice_use {
	const char *password; /* its name */
	const char *network;
	int64_t at; /* seconds since 1970, UTC */
};
bool notice_application_used(const struct notice *notice, const char *address, const char *language,
			     const struct notice_use *use, struct fault *fault);
bool notice_signed_in(const struct notice *notice, const char *address, const char *language,
		      const char *browser, const char *network, struct fault *fault);

#endif
