/*
 * How a browser is answered: every answer goes through here, so that none lacks its security
 * headers.
 */
#ifndef POSTSEAL_PORTAL_WEB_ANSWER_H
#define POSTSEAL_PORTAL_WEB_ANSWER_H

#include "portal/web/page.h"
#include "portal/web/request.h"

/* Sends it, and gives it up; where the request is served apart, it is kept to be sent. Headers that
 * it has already stay as they are. */
enum MHD_Result web_answer(struct web_request *web, unsigned status, struct MHD_Response *response);
/* Sends what was kept. Only from libmicrohttpd's handler. */
enum MHD_Result web_send(struct web_request *web);

struct MHD_Response *web_page(struct page *page);
/* A page that holds one of our scripts. */
void web_allow_script(struct MHD_Response *response);
/* Bytes that stay, such as a style sheet; browsers may keep them for an hour. */
struct MHD_Response *web_asset(const char *name, const char *type);
/* Look there (303). `place` is a path of ours. */
struct MHD_Response *web_see(const char *place);
/* A download, never shown as a page of ours, however it calls itself. `response` has its bytes. */
void web_make_download(struct MHD_Response *response, const char *name);

/* seconds 0: until the browser ends. */
void web_set_cookie(const struct web_request *web, struct MHD_Response *response, const char *name,
		    const char *value, unsigned seconds);

#endif
