/*
 * What a browser brings, whoever sits before it: path, query, form, cookies, language, and where it
 * comes from; and what is said to it in its language.
 */
#ifndef POSTSEAL_PORTAL_WEB_REQUEST_H
#define POSTSEAL_PORTAL_WEB_REQUEST_H

#include <microhttpd.h>

#include "portal/web/client.h"
#include "portal/web/form.h"

/* What all requests to one web server share. */
struct web_site {
	const char *organisation;
	const char *language; /* where the browser asks for none that we have */
	struct proxies *proxies;
	bool is_secure; /* the outside speaks HTTPS */
};

struct web_request {
	const struct web_site *site;
	struct MHD_Connection *mhd;
	const char *path;
	const char *tail; /* of the path, behind what the route names */
	const char *language;
	bool language_is_new; /* chosen just now: a cookie keeps it */
	char *network;	      /* what is throttled together */
	char *browser;	      /* as it names itself: UTF-8, nothing that cannot be seen */
	struct form form;
	/* where it is answered in another thread (apart.h) */
	bool is_apart;
	unsigned status;
	struct MHD_Response *response; /* that waits to be sent */
};

void web_request_init(struct web_request *web, const struct web_site *site,
		      struct MHD_Connection *mhd, const char *path);
void web_request_clear(struct web_request *web);

/* "" or NULL where it brings none. */
const char *web_query(const struct web_request *web, const char *name);
const char *web_cookie(const struct web_request *web, const char *name);
const char *web_header(const struct web_request *web, const char *name);

/* Can it be read in one way only? Where a web server in front and libmicrohttpd could disagree
 * where a request ends, somebody's request could become part of another's (RFC 9112 §11.2).
 * `version` is that of libmicrohttpd, "HTTP/1.1". */
bool web_is_unambiguous(const struct web_request *web, const char *version);

/* Does it come from a page of ours, as far as the browser says (Fetch Metadata)? */
bool web_is_same_origin(const struct web_request *web);

#endif
