/*
 * Asks a web server, with limits on all that it can do: time, bytes, redirects, the addresses and
 * ports that are connected to, and the protocols spoken (HTTP and HTTPS, with libcurl; its TLS is
 * OpenSSL, as everywhere in Postseal, so that a machine has one set of trusted authorities).
 *
 * Certificates and host names are always verified, TLS is 1.2 or later. Nothing is kept between
 * requests: no cookies, connections or credentials. Content is taken as it comes: encodings such as
 * gzip are not asked for, and refused when they come nevertheless.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_HTTP_H
#define POSTSEAL_KEYSTORE_FINDER_HTTP_H

#include "keystore/finder/finders.h"

struct http_request {
	const char *url;
	bool plain_allowed;	  /* http:// too: what is asked for is signed */
	unsigned redirects;	  /* that are followed; never from https to http */
	bool other_hosts_allowed; /* redirects may lead to other hosts and ports */
	size_t most;		  /* bytes of content */
	const char *accept;	  /* a content type; NULL: any */
	GBytes *body;		  /* sent by POST; NULL: GET */
	const char *body_type;
};

struct http_reply {
	unsigned status;
	char *url;  /* of the last redirect */
	char *type; /* Content-Type; "" if there is none */
	bool secure;
	unsigned retry_after; /* seconds; 0: it does not say */
	GBytes *content;
};

/* For finder.begin: may be called more than once. */
bool http_begin(const struct settings *settings, struct fault *fault);

/* False if there is no complete reply; `answer` says so then. A reply may have any status. */
bool http_ask(const struct finder_task *task, const struct http_request *request,
	      struct http_reply *reply_r, struct finder_answer *answer);
void http_reply_clear(struct http_reply *reply);
typedef struct http_reply http_reply_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(http_reply_auto, http_reply_clear)

/* True for the status 200. Otherwise fills the answer: there is nothing (404, 410), or nobody
 * knows; in that case its lifetime is what the server asks for before it is asked again. */
bool http_is_good(const struct http_reply *reply, struct finder_answer *answer);
/* The content is what was found, there and over that way. */
void http_take(const struct http_reply *reply, struct finder_answer *answer);
/* Is it this media type, whatever its parameters (RFC 9110 §8.3.1)? */
bool http_is_type(const struct http_reply *reply, const char *type);

#endif
