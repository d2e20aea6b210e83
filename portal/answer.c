#include "portal/answer.h"

#include "core/catalogue.h"
#include "core/log.h"

struct page *
answer_begin(const struct request *request, const char *name)
{
	return page_new(name, request->web.language);
}

enum MHD_Result
answer_response(struct request *request, unsigned status, struct MHD_Response *response)
{
	char value[SEAL_KEY_CHARACTERS + 1];

	if (request->cookie_is_new) {
		seal_key_show(value, &request->session.cookie);
		web_set_cookie(&request->web, response, request_cookie_name(request), value, 0);
		sodium_memzero(value, sizeof value);
	}
	return web_answer(&request->web, status, response);
}

static struct MHD_Response *
finish_page(struct request *request, struct page *page)
{
	char token[SEAL_KEY_CHARACTERS + 1];

	page_text(page, "organisation", request->web.site->organisation);
	if (request->session.state != SESSION_MEMBER)
		page_remove(page, "navigation");
	else
		page_text(page, "member", request->session.account.shown);
	/* Who has no form to send needs no cookie for it. */
	if (page_has(page, "token")) {
		request_form_token(request, token);
		page_attribute(page, "token", "value", token);
	} else {
		request->cookie_is_new = false;
	}
	return web_page(page);
}

enum MHD_Result
answer_page(struct request *request, unsigned status, struct page *page)
{
	return answer_response(request, status, finish_page(request, page));
}

enum MHD_Result
answer_page_with_script(struct request *request, struct page *page)
{
	struct MHD_Response *response = finish_page(request, page);

	web_allow_script(response);
	return answer_response(request, MHD_HTTP_OK, response);
}

enum MHD_Result
answer_see(struct request *request, const char *place)
{
	return answer_response(request, MHD_HTTP_SEE_OTHER, web_see(place));
}

enum MHD_Result
answer_outcome(struct request *request, unsigned status, const char *title, const char *text)
{
	g_autoptr(page_auto) page = answer_begin(request, "outcome.html");

	page_text(page, "title", request_say(request, title));
	page_text(page, "text", request_say(request, text));
	return answer_page(request, status, page);
}

enum MHD_Result
answer_fault(struct request *request, const struct fault *fault)
{
	log_error("answering %s: %s", request->route == NULL ? "a browser" : request->route->path,
		  fault->text);
	return answer_outcome(
		request, MHD_HTTP_SERVICE_UNAVAILABLE, "Temporarily unavailable",
		"Something is not working on our side. Your messages are safe. Please try again "
		"in a few minutes.");
}

enum MHD_Result
answer_too_often(struct request *request, const char *text)
{
	return answer_outcome(request, MHD_HTTP_TOO_MANY_REQUESTS, "Too many attempts", text);
}

enum MHD_Result
answer_not_found(struct request *request)
{
	return answer_outcome(
		request, MHD_HTTP_NOT_FOUND, "Not found",
		"This page does not exist, or you do not have access to it. Please use the link "
		"in the email exactly as it is.");
}
