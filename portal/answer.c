#include "portal/answer.h"

#include <string.h>

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
	/* In another language there would be another page: the answer to a form has no address. */
	if (request->route == NULL || strcmp(request->route->method, "GET") != 0)
		page_remove(page, "languages");
	/* A page without a form needs no cookie. */
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
answer_page_that_saves(struct request *request, unsigned status, struct page *page)
{
	struct MHD_Response *response = finish_page(request, page);

	web_allow_sending_script(response);
	return answer_response(request, status, response);
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

/* Browsers that send no Fetch Metadata give the origin; without a referrer, some send "null". */
static bool
is_of_another_site(const struct request *request)
{
	const char *origin = web_header(&request->web, "Origin");

	return !web_is_same_origin(&request->web) ||
	       (web_header(&request->web, "Sec-Fetch-Site") == NULL && origin != NULL &&
		strcmp(origin, "null") != 0 &&
		strcmp(origin, request->portal->settings->portal_url) != 0);
}

static bool
can_give_back(const struct request *request)
{
	return request->route != NULL && request->route->give_back != NULL &&
	       !request->is_given_back && !is_of_another_site(request);
}

static enum MHD_Result
give_back(struct request *request, unsigned status, const char *why)
{
	request->is_given_back = true;
	return request->route->give_back(request, status, request_say(request, why));
}

static const struct {
	unsigned status;
	const char *title, *text;
	const char *given_back; /* shown with what was typed */
} refusals[] = {
	[REFUSED_SIGNED_OUT] =
		{MHD_HTTP_FORBIDDEN, N_("You have been signed out"),
		 N_("You were signed out because nothing happened for some time, or because you "
		    "signed out in another window. Please sign in again. Nothing was sent."),
		 N_("You were signed out because nothing happened for some time, or because you "
		    "signed out in another window. Nothing was sent, and your text is still "
		    "here. Please sign in again, then press the button again.")},
	[REFUSED_OLD_FORM] =
		{MHD_HTTP_FORBIDDEN, N_("The form has expired"),
		 N_("You signed in or out after this form was opened, or your browser does not "
		    "accept cookies. Please go back, reload the page and try again."),
		 N_("You signed in or out after this form was opened, or your browser does not "
		    "accept cookies. Nothing was sent, and your text is still here. Please check "
		    "it and press the button again.")},
	[REFUSED_TOO_LARGE] =
		{MHD_HTTP_CONTENT_TOO_LARGE, N_("Too large"),
		 N_("The form or its files are larger than allowed. Nothing was sent."),
		 N_("The form or its files are larger than allowed. Nothing was sent, and your text "
		    "is still here. Please shorten it, or choose fewer or smaller files, and press "
		    "the button again.")},
	[REFUSED_WITHOUT_FACTOR] =
		{MHD_HTTP_FORBIDDEN, N_("A second step is required"),
		 N_("A second step is required here. Please set it up under Settings."),
		 N_("A second step is required here. Nothing was sent, and your text is still "
		    "here. Please set it up under Settings in another tab, then come back and "
		    "press the button again.")},
	[REFUSED_UPLOADS] =
		{MHD_HTTP_TOO_MANY_REQUESTS, N_("Temporarily unavailable"),
		 N_("You are sending files in several windows at once. Please wait until they "
		    "have arrived, then send this form again. Nothing from this form was sent."),
		 N_("You are sending files in several windows at once. Nothing was sent, and your "
		    "text is still here. Please wait until they have arrived, then press the "
		    "button again.")},
	[REFUSED_FILES] = {MHD_HTTP_FORBIDDEN, N_("The files could not be accepted"),
			   N_("Your files could not be accepted just now. Nothing was sent. Please "
			      "try again."),
			   N_("Your files could not be accepted just now. Nothing was sent, and "
			      "your text is still here. Please press the button again.")},
	[REFUSED_BUSY] =
		{MHD_HTTP_SERVICE_UNAVAILABLE, N_("Temporarily unavailable"),
		 N_("You requested many pages at once. Please wait a moment, then reload the "
		    "page."),
		 N_("You requested many pages at once. Nothing was sent, and your text is still "
		    "here. Please wait a moment, then press the button again.")},
	[REFUSED_FAULT] =
		{MHD_HTTP_SERVICE_UNAVAILABLE, N_("Temporarily unavailable"),
		 N_("Something is not working on our side. Your messages are safe. Please try again "
		    "in a few minutes."),
		 N_("Something is not working on our side. Your text is still here. Please press "
		    "the button again in a few minutes. Nothing will be sent twice.")},
};

enum MHD_Result
answer_refusal(struct request *request, enum refusal refusal)
{
	unsigned status = refusals[refusal].status;

	if (can_give_back(request))
		return give_back(request, status, refusals[refusal].given_back);
	return answer_outcome(request, status, refusals[refusal].title, refusals[refusal].text);
}

enum MHD_Result
answer_fault(struct request *request, const struct fault *fault)
{
	log_error("answering %s: %s", request->route == NULL ? "a browser" : request->route->path,
		  fault->text);
	return answer_refusal(request, REFUSED_FAULT);
}

enum MHD_Result
answer_too_often(struct request *request, const char *text)
{
	if (can_give_back(request))
		return give_back(request, MHD_HTTP_TOO_MANY_REQUESTS, text);
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

static enum MHD_Result
add_to_query(void *query, enum MHD_ValueKind kind, const char *name, const char *value)
{
	g_autofree char *escaped_name = g_uri_escape_string(name, NULL, FALSE);
	g_autofree char *escaped = g_uri_escape_string(value == NULL ? "" : value, NULL, FALSE);

	(void)kind;
	g_string_append_printf(query, "&%s=%s", escaped_name, escaped);
	return MHD_YES;
}

enum MHD_Result
answer_once_more(struct request *request)
{
	g_autoptr(page_auto) page = answer_begin(request, "onwards.html");
	g_autofree char *path = g_uri_escape_string(request->web.path, "/", FALSE);
	g_autoptr(GString) place = g_string_new(path);
	g_autofree char *refresh = NULL;
	struct MHD_Response *response;

	g_string_append(place, "?again=yes");
	MHD_get_connection_values(request->web.mhd, MHD_GET_ARGUMENT_KIND, add_to_query, place);
	page_attribute(page, "onwards", "href", place->str);
	response = finish_page(request, page);
	refresh = g_strconcat("0; url=", place->str, NULL);
	MHD_add_response_header(response, "Refresh", refresh);
	return answer_response(request, MHD_HTTP_OK, response);
}

/* --- forms that are shown again --- */

void
answer_wrong(struct page *page, const char *why, const char *field)
{
	page_text_if_any(page, "wrong", why);
	if (why == NULL)
		return;
	page_attribute(page, field, "aria-invalid", "true");
	page_attribute(page, field, "aria-errormessage", "wrong");
	page_attribute(page, field, "autofocus", "autofocus");
}
