/*
 * How a browser is answered: every answer goes through here, so that none lacks its security
 * headers.
 */
#ifndef POSTSEAL_PORTAL_WEB_ANSWER_H
#define POSTSEAL_PORTAL_WEB_ANSWER_H

#include "portal/web/page.h"
#include "portal/web/request.h"

/* Sends the response and drops it; if the request is served apart, keeps it for web_send(). Headers
 * that the response already has are not changed. */
enum MHD_Result web_answer(struct web_request *web, unsigned status, struct MHD_Response *response);
/* Sends the response that was kept. Call only from libmicrohttpd's handler. */
enum MHD_Result web_send(struct web_request *web);

struct MHD_Response *web_page(struct page *page);
/* For a page that contains one of our scripts. */
void web_allow_script(struct MHD_Response *response);
/* The same for a script that sends forms to us. */
void web_allow_sending_script(struct MHD_Response *response);
/* Static bytes, such as a style sheet; browsers may cache them for an hour. */
struct MHD_Response *web_asset(const char *name, const char *type);
/* Redirects (303). `place` is a path on our site. */
struct MHD_Response *web_see(const char *place);
/* Makes it a download, never shown as one of our pages, whatever its type. `response` has its
 * bytes. */
void web_make_download(struct MHD_Response *response, const char *name);

/* seconds 0: until the browser ends. */
void web_set_cookie(const struct web_request *web, struct MHD_Response *response, const char *name,
		    const char *value, unsigned seconds);

#endif
