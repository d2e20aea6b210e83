#include "portal/request.h"

#include <string.h>

#include "core/catalogue.h"
#include "core/log.h"
#include "portal/answer.h"
#include "portal/large_file.h"
#include "portal/sender_file_page.h"

enum { LARGE_FORM_BYTES = 8 * 1024 * 1024 };

static const char form_purpose[] = "postseal form";

struct request *
request_new(struct portal *portal, struct MHD_Connection *mhd, const char *path)
{
	struct request *request = g_new0(struct request, 1);

	request->portal = portal;
	web_request_init(&request->web, &portal->site, mhd, path);
	return request;
}

bool
request_count(struct request *request)
{
	request->is_counted = tally_add(request->portal->requests, request->web.network);
	return request->is_counted;
}

void
request_free(struct request *request)
{
	if (request->is_counted)
		tally_remove(request->portal->requests, request->web.network);
	if (request->uploader != NULL)
		tally_remove(request->portal->uploads, request->uploader);
	g_free(request->uploader);
	web_request_clear(&request->web);
	session_clear(&request->session);
	g_free(request);
}

const char *
request_field(const struct request *request, const char *name)
{
	return form_field(&request->web.form, name);
}

bool
request_address(const struct request *request, const char *name, struct address *address_r)
{
	g_autofree char *typed = g_strstrip(g_strdup(request_field(request, name)));
	struct fault fault;

	return address_parse(address_r, typed, &fault);
}

struct author
request_author(const struct request *request)
{
	const struct portal *portal = request->portal;

	return (struct author){.connection = request->connection,
			       .database = portal->database,
			       .settings = portal->settings,
			       .policy = portal->policy,
			       .courier = portal->courier,
			       .account = &request->session.account,
			       .keys = &request->session.keys,
			       .client = "portal",
			       .language = request->web.language};
}

const char *
request_query(const struct request *request, const char *name)
{
	return web_query(&request->web, name);
}

const char *
request_say(const struct request *request, const char *text)
{
	return translate(request->web.language, text);
}

char *
request_date(const struct request *request, gint64 at)
{
	return translate_date(request->web.language, at);
}

char *
request_size(const struct request *request, uint64_t bytes)
{
	if (bytes < 1000 * 1000)
		return g_strdup_printf(request_say(request, "%u kB"),
				       (unsigned)(bytes + 999) / 1000);
	if (bytes % (1000 * 1000) == 0)
		return g_strdup_printf(request_say(request, "%u MB"),
				       (unsigned)(bytes / (1000 * 1000)));
	return g_strdup_printf(request_say(request, "%.1f MB"), (double)bytes / 1e6);
}

/* The prefix prevents any other host from setting it (RFC 6265bis §4.1.3). */
const char *
request_cookie_name(const struct request *request)
{
	return request->web.site->is_secure ? "__Host-postseal" : "postseal";
}

void
request_form_token(const struct request *request, char text_r[SEAL_KEY_CHARACTERS + 1])
{
	struct seal_key token;

	seal_key_digest(token.bytes, &request->session.cookie, form_purpose);
	seal_key_show(text_r, &token);
	sodium_memzero(&token, sizeof token);
}

/* --- who comes --- */

/* A visitor without a cookie gets one: the forms need it. */
static void
take_cookie(struct request *request)
{
	request->cookie_is_new = !seal_key_read(
		&request->session.cookie, web_cookie(&request->web, request_cookie_name(request)));
	if (request->cookie_is_new)
		randombytes_buf(request->session.cookie.bytes, SEAL_KEY_BYTES);
}

static bool
find_session(struct request *request, struct fault *fault)
{
	struct seal_key cookie;
	bool found;

	take_cookie(request);
	if (request->cookie_is_new)
		return true;
	cookie = request->session.cookie;
	found = session_find(request->connection, &cookie,
			     request->portal->settings->pickup_session, &request->session, fault);
	sodium_memzero(&cookie, sizeof cookie);
	if (found && request->session.state == SESSION_MEMBER && !request->web.language_is_new)
		request->web.language = catalogue_language(request->session.account.language);
	if (request->web.language == NULL)
		request->web.language = "en";
	return found;
}

bool
request_begin_session(struct request *request, const GPtrArray *opened, struct fault *fault)
{
	const struct session_client client = {.browser = request->web.browser,
					      .network = request->web.network};

	request->cookie_is_new = true;
	return session_begin(request->connection, &request->session, &client,
			     request->portal->settings->pickup_session, opened, fault) &&
	       batch_commit(request->connection, fault);
}

/* It must contain the token, and if the browser says where it comes from, that must be our pages
 * (Fetch Metadata). */
bool
request_form_is_ours(const struct request *request)
{
	const char *given = request_field(request, "token");
	char token[SEAL_KEY_CHARACTERS + 1];

	request_form_token(request, token);
	return web_is_same_origin(&request->web) && strlen(given) == SEAL_KEY_CHARACTERS &&
	       sodium_memcmp(given, token, SEAL_KEY_CHARACTERS) == 0;
}

static bool
is_allowed(const struct request *request)
{
	enum session_state state = request->session.state;

	switch (request->route->access) {
	case ACCESS_ANYBODY:
		return true;
	case ACCESS_GUEST:
		return state == SESSION_GUEST || state == SESSION_MEMBER;
	case ACCESS_HALF:
		return state == SESSION_HALF;
	case ACCESS_MEMBER:
		return state == SESSION_MEMBER;
	}
	return false;
}

/* Shows the sign-in form; afterwards, the page that was requested. */
static enum MHD_Result
answer_signin(struct request *request)
{
	g_autofree char *place = NULL;
	struct identifier message;

	if (!g_str_has_prefix(request->web.path, "/message/") ||
	    !identifier_parse(&message, request->web.tail))
		return answer_see(request, "/signin");
	place = g_strconcat("/signin?message=", message.text, NULL);
	return answer_see(request, place);
}

static enum MHD_Result
answer_stranger(struct request *request)
{
	if (strcmp(request->route->method, "POST") == 0)
		return answer_refusal(request, REFUSED_SIGNED_OUT);
	if (request->route->access == ACCESS_HALF)
		return answer_see(request, "/signin");
	return answer_signin(request);
}

/* If a second factor is required, a member without one can only set it up. */
static bool
lacks_factor(const struct request *request)
{
	const struct session *session = &request->session;

	return session->state == SESSION_MEMBER && request->route->access != ACCESS_ANYBODY &&
	       !session->account.has_totp && !session->account.has_passkey &&
	       !g_str_has_prefix(request->web.path, "/settings") &&
	       request->portal->settings->portal_factor == PORTAL_FACTOR_REQUIRED;
}

/* Our cookie is not sent when a link on another site is followed, such as a notice's in webmail: a
 * member would seem to be a stranger, and the new cookie would end the session. The browser is
 * asked to come once more, from here; that it came that way already, `again` says. */
static bool
is_led_here(const struct request *request)
{
	const char *site = web_header(&request->web, "Sec-Fetch-Site");
	const char *mode = web_header(&request->web, "Sec-Fetch-Mode");

	return request->cookie_is_new && strcmp(request->route->method, "GET") == 0 &&
	       g_strcmp0(site, "cross-site") == 0 && g_strcmp0(mode, "navigate") == 0 &&
	       *request_query(request, "again") == '\0';
}

/* What a member chooses at the foot of a page holds for all further pages, and for mails. A link on
 * another site chooses nothing. */
static bool
remember_language(struct request *request, struct fault *fault)
{
	struct account *account = &request->session.account;

	if (request->session.state != SESSION_MEMBER || !request->web.language_is_new ||
	    strcmp(account->language, request->web.language) == 0 ||
	    !web_is_same_origin(&request->web) || *request_query(request, "again") != '\0')
		return true;
	g_free(account->language);
	account->language = g_strdup(request->web.language);
	return account_put_language(request->connection, account, fault);
}

static enum MHD_Result
serve_checked(struct request *request)
{
	const struct form *form = &request->web.form;

	if (form->is_too_large && is_allowed(request))
		return answer_refusal(request, REFUSED_TOO_LARGE);
	if (request->is_one_upload_too_many)
		return answer_refusal(request, REFUSED_UPLOADS);
	if (form->fault.cause != FAULT_NONE)
		return answer_fault(request, &form->fault);
	if (!is_allowed(request))
		return answer_stranger(request);
	if (lacks_factor(request))
		return request->route->give_back == NULL
			       ? answer_see(request, "/settings")
			       : answer_refusal(request, REFUSED_WITHOUT_FACTOR);
	if (strcmp(request->route->method, "POST") == 0 && !request_form_is_ours(request))
		return answer_refusal(request, REFUSED_OLD_FORM);
	/* The sender's page says itself why nothing was added. */
	if (form->has_dropped && request->route->form != FORM_TEXT &&
	    request->route->form != FORM_ADDED)
		return answer_refusal(request, REFUSED_FILES);
	return request->route->serve(request);
}

void
request_rest(struct request *request)
{
	if (request->connection != NULL)
		connection_give(g_steal_pointer(&request->connection));
}

bool
request_connect_again(struct request *request, struct fault *fault)
{
	request_rest(request);
	request->connection = database_take(request->portal->database, fault);
	return request->connection != NULL;
}

/* NULL: this visitor may send no files here. Caller frees. */
static char *
uploader_of(struct request *request)
{
	if (request->route->form == FORM_ADDED)
		return sender_file_page_uploader(request);
	return is_allowed(request) ? g_strdup(request->session.account.id.text) : NULL;
}

static bool
may_upload(struct request *request)
{
	g_autofree char *who = uploader_of(request);

	if (who == NULL)
		return false;
	request->is_one_upload_too_many = !tally_add(request->portal->uploads, who);
	if (!request->is_one_upload_too_many)
		request->uploader = g_steal_pointer(&who);
	return request->uploader != NULL;
}

/* Files from visitors who may not send any, or no more at the moment, are not kept. */
static void
admit_files(struct request *request)
{
	struct form *form = &request->web.form;
	struct fault fault; /* reported again when the form is served */

	request->connection = database_take(request->portal->database, &fault);
	form->is_without_files = request->connection == NULL || !find_session(request, &fault) ||
				 !may_upload(request);
	request_rest(request);
	session_clear(&request->session);
}

void
request_expect_form(struct request *request)
{
	if (request->route->form == FORM_FIELDS) {
		form_expect_fields(&request->web.form);
		return;
	}
	form_expect_files(&request->web.form,
			  request->route->form == FORM_PIECE
				  ? LARGE_FILE_PIECE_BYTES
				  : request->portal->settings->portal_upload,
			  &request->portal->upload_spool);
	if (request->route->form == FORM_TEXT)
		request->web.form.is_without_files = true;
	else
		admit_files(request);
}

enum MHD_Result
request_serve(struct request *request)
{
	struct fault fault = {0};
	enum MHD_Result queued;

	if (request->route->serving == SERVED_HERE)
		return request->route->serve(request);
	request->connection = database_take(request->portal->database, &fault);
	if (request->connection == NULL || !find_session(request, &fault)) {
		session_clear(&request->session);
		take_cookie(request); /* identifies a form that is given back */
		queued = answer_fault(request, &fault);
	} else if (is_led_here(request)) {
		queued = answer_once_more(request);
	} else {
		queued = remember_language(request, &fault) ? serve_checked(request)
							    : answer_fault(request, &fault);
	}
	request_rest(request);
	return queued;
}

/* --- apart --- */

/* The account, however many sessions the member has, or the sender on whose page files were
 * added; visitors without one count as their network: whatever they have, they could get
 * again by asking once more. */
static char *
find_member(void *context)
{
	struct request *request = context;
	const struct session *session = &request->session;
	struct fault fault = {0};
	char *who = NULL;

	/* A whole company may be one network. */
	if (request->uploader != NULL)
		return g_strdup(request->uploader);
	request->connection = database_take(request->portal->database, &fault);
	if (request->connection == NULL || !find_session(request, &fault))
		log_error("%s: finding out who asks: %s", request->route->path, fault.text);
	else if (session->state == SESSION_MEMBER || session->state == SESSION_HALF)
		who = g_strdup(session->account.id.text);
	request_rest(request);
	session_clear(&request->session);
	return who;
}

static void
find_answer(void *request)
{
	request_serve(request);
}

enum MHD_Result
request_turn_away(struct request *request)
{
	take_cookie(request); /* identifies a form that is given back */
	return answer_refusal(request, REFUSED_BUSY);
}

static void
turn_away(void *request)
{
	request_turn_away(request);
}

const struct apart_work request_apart_work = {find_member, find_answer, turn_away};

static enum apart_kind
kind_of(const struct request *request)
{
	const struct form *form = &request->web.form;

	if (form->bytes > LARGE_FORM_BYTES && !form->is_without_files && !form->is_too_large)
		return APART_FILES;
	switch (request->route->serving) {
	case SERVED_LAST:
		return APART_LONG;
	case SERVED_PICTURE:
		return APART_PICTURE;
	default:
		return APART_PAGE;
	}
}

enum MHD_Result
request_serve_apart(struct request *request)
{
	request->web.is_apart = true;
	apart_serve(request->portal->apart, request->web.mhd, request->web.network,
		    kind_of(request), request);
	return MHD_YES;
}

bool
request_ask(struct request *request, const struct statement *statement, const char *about,
	    PGresult **result_r, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, about);
	return connection_execute(request->connection, statement, &parameters, result_r, fault);
}
