/*
 * An SMTP client (RFC 5321) for handing mail to the MTA at a service without milters. With the
 * extensions that copies need: PIPELINING (RFC 2920), DSN (RFC 3461), 8BITMIME (RFC 6152) and
 * SMTPUTF8 (RFC 6531). Several messages go over one connection.
 *
 * Not libESMTP: it has no SMTPUTF8, rewrites header fields, and wants a connection a queue.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMTP_H
#define POSTSEAL_DELIVERY_COURIER_SMTP_H

#include <glib.h>

#include "core/sink.h"

enum { SMTP_REPLY_MAX = 1024 };

struct smtp_reply {
	int code;		   /* 250; 0: none came */
	char text[SMTP_REPLY_MAX]; /* "250 2.1.5 Ok", lines joined by blanks */
};

struct smtp_recipient {
	const char *address;
	const char *notify; /* DSN parameters (RFC 3461), or NULL */
	const char *orcpt;
	struct smtp_reply reply; /* filled: to RCPT, or what kept it from being asked */
};

struct smtp_mail {
	const char
		*ident; /* our name for the mail, told to a Postfix that wants to know (XFORWARD) */
	const char *sender; /* "" for the null sender */
	const char *ret;
	const char *envid;
	bool smtputf8;
	struct smtp_recipient *recipients;
	size_t recipient_count;
	/* Writes header and body, lines ending with CRLF. */
	bool (*write)(void *context, struct sink *sink, struct fault *fault);
	void *context;
};

struct smtp;

/* Where the MTA is, and how it is spoken to. */
struct smtp_peer {
	const char *url;	  /* smtp://host[:port] or unix:/path */
	const char *user;	  /* system user that, beside root, may listen at a Unix socket */
	const char *hostname;	  /* ours */
	unsigned timeout_seconds; /* for the connection, and for each reply */
};
/* NULL with `fault` filled. */
struct smtp *smtp_open(const struct smtp_peer *peer, struct fault *fault);
/* Says QUIT where that is still possible. */
void smtp_close(struct smtp *smtp);
typedef struct smtp smtp_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(smtp_auto, smtp_close)

bool smtp_offers(const struct smtp *smtp, const char *extension);
/* The mail was sent when *reply_r is 2xx; for which recipients, their replies say. False when
 * the connection broke or `write` failed: then it must not be used again. If that was after
 * the last byte, *in_doubt_r says that the MTA may have taken the mail. */
bool smtp_send(struct smtp *smtp, struct smtp_mail *mail, struct smtp_reply *reply_r,
	       bool *in_doubt_r, struct fault *fault);

#endif
