/*
 * An SMTP client (RFC 5321) that hands mail to a service of the MTA without milters. It supports
 * the extensions that copies need: PIPELINING (RFC 2920), DSN (RFC 3461), 8BITMIME (RFC 6152) and
 * SMTPUTF8 (RFC 6531). Several messages share a connection.
 *
 * libESMTP was not used: it lacks SMTPUTF8, rewrites header fields, and needs a connection for each
 * queue.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMTP_H
#define POSTSEAL_DELIVERY_COURIER_SMTP_H

#include <glib.h>

#include "core/sink.h"

enum { SMTP_REPLY_MAX = 1024 };

struct smtp_reply {
	int code;		   /* 250; 0: no reply */
	char text[SMTP_REPLY_MAX]; /* "250 2.1.5 Ok", lines joined by blanks */
};

struct smtp_recipient {
	const char *address;
	const char *notify; /* DSN parameters (RFC 3461), or NULL */
	const char *orcpt;
	struct smtp_reply reply; /* filled in: the reply to RCPT, or the reason why there is none */
};

struct smtp_mail {
	const char *ident; /* our name for the mail, told to a Postfix that accepts it (XFORWARD) */
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

/* Where the MTA is, and how to talk to it. */
struct smtp_peer {
	const char *url;	  /* smtp://host[:port] or unix:/path */
	const char *user;	  /* system user that, besides root, may listen on a Unix socket */
	const char *hostname;	  /* our own */
	unsigned timeout_seconds; /* for connecting, and for each reply */
	/* The address of a client for whom we speak, if the MTA lets us (Postfix's XCLIENT), for as
	 * long as the connection lasts; or NULL. */
	const char *client;
};
/* NULL with `fault` filled. */
struct smtp *smtp_open(const struct smtp_peer *peer, struct fault *fault);
/* Sends QUIT if that is still possible. */
void smtp_close(struct smtp *smtp);
typedef struct smtp smtp_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(smtp_auto, smtp_close)

bool smtp_offers(const struct smtp *smtp, const char *extension);
/* The mail was sent if *reply_r is 2xx; the recipients' replies say to whom. False if the
 * connection broke or `write` failed: it must not be used again. If that was after the last byte,
 * *in_doubt_r says that the MTA may have accepted the mail. */
bool smtp_send(struct smtp *smtp, struct smtp_mail *mail, struct smtp_reply *reply_r,
	       bool *in_doubt_r, struct fault *fault);

#endif
