/*
 * What a browser sends, whoever is using it: path, query, form, cookies, language, and where it
 * comes from; and the texts to answer with in its language.
 */
#ifndef POSTSEAL_PORTAL_WEB_REQUEST_H
#define POSTSEAL_PORTAL_WEB_REQUEST_H

#include <microhttpd.h>

#include "portal/web/client.h"
#include "portal/web/form.h"

/* What all requests to a web server share. */
struct web_site {
	const char *organisation;
	const char *language; /* if the browser asks for none that we have */
	struct proxies *proxies;
	bool is_secure; /* the site is reached by HTTPS */
};

struct web_request {
	const struct web_site *site;
	struct MHD_Connection *mhd;
	const char *path;
	const char *tail; /* the rest of the path, after the route's own */
	bool is_head;	  /* only the header of the answer is sent */
	const char *language;
	bool language_is_new; /* just chosen: a cookie remembers it */
	char *network;	      /* what is throttled */
	char *browser;	      /* the name it gives itself: UTF-8, without invisible characters */
	struct form form;
	/* if the request is answered in another thread (apart.h) */
	bool is_apart;
	unsigned status;
	struct MHD_Response *response; /* waiting to be sent */
};

void web_request_init(struct web_request *web, const struct web_site *site,
		      struct MHD_Connection *mhd, const char *path);
void web_request_clear(struct web_request *web);

/* "" or NULL if there is none. */
const char *web_query(const struct web_request *web, const char *name);
const char *web_cookie(const struct web_request *web, const char *name);
const char *web_header(const struct web_request *web, const char *name);

/* Can the request be read in only one way? If a web server in front and libmicrohttpd disagree
 * about where a request ends, part of one visitor's request could become part of another's (RFC
 * 9112 §11.2). `version` is libmicrohttpd's, "HTTP/1.1". */
bool web_is_unambiguous(const struct web_request *web, const char *version);

/* Does it come from one of our pages, as far as the browser says (Fetch Metadata)? */
bool web_is_same_origin(const struct web_request *web);

#endif
