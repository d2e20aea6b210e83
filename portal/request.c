#include "portal/request.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/catalogue.h"
#include "core/log.h"
#include "core/metrics.h"

enum {
	SMALL_FORM_MAX = 32768, /* bytes */
	TEXT_MAX = 1024 * 1024, /* of all fields of a form with files */
	ENDLESS = 8,		/* times what a form may have: then the connection is cut */
	FIELDS_MAX = 200,
	FILES_MAX = 100,
	PROCESSOR_BYTES = 32768,
	BROWSER_CHARACTERS = 200,
	LANGUAGE_SECONDS = 31536000,
};

static const char policy_plain[] = "default-src 'none'; style-src 'self'; img-src 'self' data:; "
				   "frame-src 'self'; form-action 'self'; "
				   "script-src 'none'; frame-ancestors 'none'; base-uri 'none'";
static const char policy_script[] = "default-src 'none'; style-src 'self'; img-src 'self' data:; "
				    "form-action 'self'; script-src 'self'; "
				    "frame-ancestors 'none'; base-uri 'none'";
static const char form_purpose[] = "postseal form";

/* --- what it brings --- */

static const char *
header_of(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

const char *
request_field(const struct request *request, const char *name)
{
	const GString *value = g_hash_table_lookup(request->fields, name);

	return value == NULL ? "" : value->str;
}

const char *
request_query(const struct request *request, const char *name)
{
	const char *value = MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);

	return value == NULL || !g_utf8_validate(value, -1, NULL) ? "" : value;
}

/* The prefix keeps others than this very host from setting it (RFC 6265bis §4.1.3). */
static const char *
cookie_name(const struct portal *portal)
{
	return portal->is_secure ? "__Host-postseal" : "postseal";
}

static const char *
cookie_of(const struct request *request, const char *name)
{
	const char *cookie = MHD_lookup_connection_value(request->mhd, MHD_COOKIE_KIND, name);

	return cookie == NULL ? "" : cookie;
}

static const char *
find_language(struct request *request)
{
	const char *language = catalogue_language(request_query(request, "lang"));

	request->language_is_new = language != NULL;
	if (language == NULL)
		language = catalogue_language(cookie_of(request, "language"));
	if (language == NULL)
		language = catalogue_accepted(header_of(request, "Accept-Language"));
	return language == NULL ? request->portal->settings->language : language;
}

/* The last address is the one that our own web server added. */
static const char *
forwarded_for(const struct request *request)
{
	const char *list = header_of(request, "X-Forwarded-For");
	const char *comma = list == NULL ? NULL : strrchr(list, ',');

	return comma == NULL ? list : comma + 1 + strspn(comma + 1, " ");
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_UNIX)
		return true;
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* 24 bits of an IPv4 address, 64 of an IPv6 address: what one client can choose from. */
static char *
network_of(const char *address)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, address, bytes) == 1) {
		bytes[3] = 0;
		return g_strdup_printf("%s/24", inet_ntop(AF_INET, bytes, text, sizeof text));
	}
	if (inet_pton(AF_INET6, address, bytes) == 1) {
		memset(bytes + 8, 0, 8);
		return g_strdup_printf("%s/64", inet_ntop(AF_INET6, bytes, text, sizeof text));
	}
	return g_strdup("unknown");
}

static char *
find_network(const struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info == NULL ? NULL : info->client_addr;
	const char *forwarded = forwarded_for(request);
	char text[INET6_ADDRSTRLEN] = "";

	if (peer == NULL || (is_loopback(peer) && forwarded != NULL))
		return network_of(forwarded == NULL ? "" : forwarded);
	if (peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, text,
			  sizeof text);
	else if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, text,
			  sizeof text);
	return network_of(text);
}

static void
upload_free(struct upload *upload)
{
	g_free(upload->name);
	g_free(upload->type);
	spool_free(upload->content);
	g_free(upload);
}

static void
field_free(GString *value)
{
	sodium_memzero(value->str, value->len);
	g_string_free(value, TRUE);
}

struct request *
request_new(struct portal *portal, struct MHD_Connection *mhd, const char *url)
{
	struct request *request = g_new0(struct request, 1);
	const char *browser;

	request->portal = portal;
	request->mhd = mhd;
	request->path = request->tail = url;
	request->fields =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)field_free);
	request->uploads = g_ptr_array_new_with_free_func((GDestroyNotify)upload_free);
	request->language = find_language(request);
	request->network = find_network(request);
	browser = header_of(request, "User-Agent");
	request->browser = g_utf8_make_valid(
		browser == NULL ? "" : browser,
		browser == NULL ? 0 : (gssize)strnlen(browser, BROWSER_CHARACTERS));
	return request;
}

void
request_free(struct request *request)
{
	if (request->processor != NULL)
		MHD_destroy_post_processor(request->processor);
	g_hash_table_unref(request->fields);
	g_ptr_array_unref(request->uploads);
	session_clear(&request->session);
	g_free(request->network);
	g_free(request->browser);
	g_free(request);
}

/* --- the form --- */

static bool
take_text(struct request *request, const char *name, const char *data, size_t size)
{
	GString *value = g_hash_table_lookup(request->fields, name);

	if (value == NULL) {
		if (g_hash_table_size(request->fields) >= FIELDS_MAX)
			return false;
		value = g_string_new(NULL);
		g_hash_table_insert(request->fields, g_strdup(name), value);
	}
	g_string_append_len(value, data, (gssize)size);
	return value->len <= TEXT_MAX && strlen(value->str) == value->len;
}

static bool
take_file(struct request *request, const char *name, const char *type, const char *data,
	  uint64_t offset, size_t size)
{
	struct upload *upload;

	if (*name == '\0')
		return true;
	if (offset == 0) {
		if (request->uploads->len >= FILES_MAX)
			return false;
		upload = g_new(struct upload, 1);
		upload->name = g_utf8_make_valid(name, -1);
		upload->type = g_strdup(type == NULL ? "application/octet-stream" : type);
		upload->content = spool_new(&request->portal->spool);
		g_ptr_array_add(request->uploads, upload);
	}
	if (request->uploads->len == 0)
		return false;
	upload = g_ptr_array_index(request->uploads, request->uploads->len - 1);
	return spool_append(upload->content, data, size, &request->fault);
}

static enum MHD_Result
take_field(void *context, enum MHD_ValueKind kind, const char *name, const char *file_name,
	   const char *type, const char *encoding, const char *data, uint64_t offset, size_t size)
{
	struct request *request = context;
	bool taken;

	(void)kind;
	(void)encoding;
	/* Browsers name every field; libmicrohttpd hands over a part without a name as well. */
	if (name == NULL)
		return MHD_YES;
	if (file_name != NULL && request->route->form == FORM_FILES)
		taken = take_file(request, file_name, type, data, offset, size);
	else
		taken = take_text(request, name, data, size);
	if (!taken && request->fault.cause == FAULT_NONE)
		request->form_is_too_large = true;
	return taken ? MHD_YES : MHD_NO;
}

static uint64_t
form_max(const struct request *request)
{
	return request->route->form == FORM_FILES ? request->portal->settings->portal_upload + TEXT_MAX
						  : SMALL_FORM_MAX;
}

bool
request_take(struct request *request, const char *data, size_t size)
{
	request->form_bytes += size;
	if (request->form_bytes > form_max(request))
		request->form_is_too_large = true;
	if (request->form_is_too_large || request->form_is_ignored ||
	    request->fault.cause != FAULT_NONE)
		return request->form_bytes <= ENDLESS * form_max(request);
	if (request->processor == NULL)
		request->processor = MHD_create_post_processor(request->mhd, PROCESSOR_BYTES,
							       take_field, request);
	if (request->processor != NULL)
		MHD_post_process(request->processor, data, size);
	return true;
}

/* --- what is said --- */

const char *
request_say(const struct request *request, const char *text)
{
	return translate(request->language, text);
}

char *
request_date(const struct request *request, gint64 at)
{
	return translate_date(request->language, at);
}

char *
request_size(const struct request *request, uint64_t bytes)
{
	if (bytes < 1000 * 1000)
		return g_strdup_printf(request_say(request, "%u kB"),
				       (unsigned)(bytes + 999) / 1000);
	return g_strdup_printf(request_say(request, "%.1f MB"), (double)bytes / 1e6);
}

/* --- answers --- */

static void
form_token(const struct request *request, char text_r[SEAL_KEY_CHARACTERS + 1])
{
	struct seal_key token;

	seal_key_digest(token.bytes, &request->session.cookie, form_purpose);
	seal_key_show(text_r, &token);
	sodium_memzero(&token, sizeof token);
}

static void
set_cookie(const struct request *request, struct MHD_Response *response, const char *name,
	   const char *value, unsigned seconds)
{
	g_autofree char *age =
		seconds == 0 ? g_strdup("") : g_strdup_printf("; Max-Age=%u", seconds);
	g_autofree char *text =
		g_strdup_printf("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, value, age,
				request->portal->is_secure ? "; Secure" : "");

	MHD_add_response_header(response, "Set-Cookie", text);
	sodium_memzero(text, strlen(text));
}

static void
set_cookies(const struct request *request, struct MHD_Response *response)
{
	char value[SEAL_KEY_CHARACTERS + 1];

	if (request->cookie_is_new) {
		seal_key_show(value, &request->session.cookie);
		set_cookie(request, response, cookie_name(request->portal), value, 0);
		sodium_memzero(value, sizeof value);
	}
	if (request->language_is_new)
		set_cookie(request, response, "language", request->language, LANGUAGE_SECONDS);
}

static void
add_default(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_get_response_header(response, name) == NULL)
		MHD_add_response_header(response, name, value);
}

enum MHD_Result
answer(struct request *request, unsigned status, struct MHD_Response *response)
{
	g_autofree char *labels = g_strdup_printf("status=\"%u\"", status);
	enum MHD_Result queued;

	add_default(response, "Content-Security-Policy", policy_plain);
	add_default(response, "X-Frame-Options", "DENY");
	add_default(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	MHD_add_response_header(response, "Permissions-Policy",
				"camera=(), microphone=(), geolocation=()");
	set_cookies(request, response);
	metrics_count("postseal_portal_answers_total", labels, 1);
	queued = MHD_queue_response(request->mhd, status, response);
	MHD_destroy_response(response);
	return queued;
}

struct page *
request_page(const struct request *request, const char *name)
{
	return page_new(name, request->language);
}

static struct MHD_Response *
finish_page(struct request *request, struct page *page)
{
	struct MHD_Response *response;
	char token[SEAL_KEY_CHARACTERS + 1];
	size_t length;
	char *html;

	page_text(page, "organisation", request->portal->settings->organisation);
	if (request->session.state != SESSION_MEMBER)
		page_remove(page, "navigation");
	else
		page_text(page, "member", request->session.account.shown);
	/* A form of a page of ours has a token that only this browser's cookie gives. */
	if (page_has(page, "token")) {
		form_token(request, token);
		page_attribute(page, "token", "value", token);
	} else {
		request->cookie_is_new = false;
	}
	html = page_html(page, &length);
	response = MHD_create_response_from_buffer(length, html, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	return response;
}

enum MHD_Result
answer_page(struct request *request, unsigned status, struct page *page)
{
	return answer(request, status, finish_page(request, page));
}

enum MHD_Result
answer_page_with_script(struct request *request, struct page *page)
{
	struct MHD_Response *response = finish_page(request, page);

	MHD_add_response_header(response, "Content-Security-Policy", policy_script);
	return answer(request, MHD_HTTP_OK, response);
}

enum MHD_Result
answer_word(struct request *request, unsigned status, const char *title, const char *text)
{
	g_autoptr(page_auto) page = request_page(request, "outcome.html");

	page_text(page, "title", request_say(request, title));
	page_text(page, "text", request_say(request, text));
	return answer_page(request, status, page);
}

enum MHD_Result
answer_fault(struct request *request, const struct fault *fault)
{
	log_error("answering %s: %s", request->route == NULL ? "a browser" : request->route->path,
		  fault->text);
	return answer_word(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Not possible at the moment",
			   "Something on our side does not work just now. Your messages are safe. "
			   "Please try again "
			   "in a few minutes.");
}

enum MHD_Result
answer_too_often(struct request *request, const char *text)
{
	return answer_word(request, MHD_HTTP_TOO_MANY_REQUESTS, "Too many tries", text);
}

enum MHD_Result
answer_not_found(struct request *request)
{
	return answer_word(request, MHD_HTTP_NOT_FOUND, "Not found",
			   "There is no such page, or it is not yours to see. Please use the link "
			   "in the mail as it "
			   "stands there.");
}

enum MHD_Result
answer_see(struct request *request, const char *place)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Location", place);
	return answer(request, MHD_HTTP_SEE_OTHER, response);
}

/* The form to sign in; afterwards what was asked for is shown. */
static enum MHD_Result
answer_signin(struct request *request)
{
	g_autofree char *place = NULL;

	if (!g_str_has_prefix(request->path, "/message/"))
		return answer_see(request, "/signin");
	place = g_strconcat("/signin?message=", request->tail, NULL);
	return answer_see(request, place);
}

/* --- who comes --- */

/* One who has no cookie yet gets one: the forms need it. */
static bool
find_session(struct request *request, struct fault *fault)
{
	struct seal_key cookie;
	bool found = seal_key_read(&cookie, cookie_of(request, cookie_name(request->portal)));

	if (!found) {
		randombytes_buf(request->session.cookie.bytes, SEAL_KEY_BYTES);
		request->cookie_is_new = true;
		return true;
	}
	found = session_find(request->connection, &cookie,
			     request->portal->settings->pickup_session, &request->session, fault);
	sodium_memzero(&cookie, sizeof cookie);
	if (found && request->session.state == SESSION_MEMBER && !request->language_is_new)
		request->language = catalogue_language(request->session.account.language);
	if (request->language == NULL)
		request->language = "en";
	return found;
}

bool
request_begin_session(struct request *request, const GPtrArray *opened, struct fault *fault)
{
	const struct session_client client = {.browser = request->browser,
					      .network = request->network};

	request->cookie_is_new = true;
	return session_begin(request->connection, &request->session, &client,
			     request->portal->settings->pickup_session, opened, fault) &&
	       batch_commit(request->connection, fault);
}

/* The form is of a page that this browser had from us: it holds the token, and browsers that say so
 * say that it comes from our pages (Fetch Metadata). */
static bool
form_is_ours(const struct request *request)
{
	const char *site = header_of(request, "Sec-Fetch-Site");
	const char *given = request_field(request, "token");
	char token[SEAL_KEY_CHARACTERS + 1];

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return false;
	form_token(request, token);
	return strlen(given) == SEAL_KEY_CHARACTERS &&
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

static enum MHD_Result
answer_stranger(struct request *request)
{
	if (strcmp(request->route->method, "POST") == 0)
		return answer_word(request, MHD_HTTP_FORBIDDEN, "You are signed out",
				   "You were signed out, because nothing happened for some time or "
				   "in another window. "
				   "Please sign in again. Nothing was sent.");
	if (request->route->access == ACCESS_HALF)
		return answer_see(request, "/signin");
	return answer_signin(request);
}

/* Where a second factor is required, a member without one can do nothing but set it up. */
static bool
lacks_factor(const struct request *request)
{
	const struct session *session = &request->session;

	return session->state == SESSION_MEMBER && request->route->access != ACCESS_ANYBODY &&
	       !session->account.has_totp && !session->account.has_passkey &&
	       !g_str_has_prefix(request->path, "/settings") &&
	       request->portal->settings->portal_factor == PORTAL_FACTOR_REQUIRED;
}

static enum MHD_Result
serve_checked(struct request *request)
{
	if (request->form_is_too_large && is_allowed(request))
		return answer_word(
			request, MHD_HTTP_CONTENT_TOO_LARGE, "Too large",
			"The form or its files hold more than they may. Nothing was sent.");
	if (request->fault.cause != FAULT_NONE)
		return answer_fault(request, &request->fault);
	if (!is_allowed(request))
		return answer_stranger(request);
	if (lacks_factor(request))
		return answer_see(request, "/settings");
	if (strcmp(request->route->method, "POST") == 0 && !form_is_ours(request))
		return answer_word(
			request, MHD_HTTP_FORBIDDEN, "The form has expired",
			"This form was opened before you signed in or out, or your browser keeps "
			"no "
			"cookies. Please go back, load the page again, and try once more.");
	return request->route->serve(request);
}

void
request_admit(struct request *request)
{
	struct fault fault = {0};

	request->connection = database_take(request->portal->database, &fault);
	request->form_is_ignored = request->connection == NULL || !find_session(request, &fault) ||
				   !is_allowed(request);
	if (request->connection != NULL)
		connection_give(g_steal_pointer(&request->connection));
	session_clear(&request->session);
}

enum MHD_Result
request_serve(struct request *request)
{
	struct fault fault = {0};
	enum MHD_Result queued;

	request->connection = database_take(request->portal->database, &fault);
	if (request->connection == NULL || !find_session(request, &fault)) {
		session_clear(&request->session);
		queued = answer_fault(request, &fault);
	} else {
		queued = serve_checked(request);
	}
	if (request->connection != NULL)
		connection_give(g_steal_pointer(&request->connection));
	return queued;
}
