#include "delivery/portal/portal.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "delivery/portal/page.h"
#include "delivery/portal/reading.h"

enum {
	THREADS = 4,
	CONNECTIONS_MAX = 1000,
	IDLE_SECONDS = 30,
	FORM_BYTES_MAX = 4096,
	FIELD_BYTES_MAX = 100,
	PROCESSOR_BYTES = 1024,
	BLOCK_BYTES = 65536,
	SPOOL_MEMORY = 1024 * 1024,
};

struct portal {
	const struct session_context *context;
	struct MHD_Daemon *daemon;
	struct spool_settings spool;
	bool is_secure; /* the outside speaks HTTPS */
};

struct request {
	struct portal *portal;
	struct MHD_Connection *connection;
	const char *path;
	const char *tail; /* of the path, behind what the route names */
	struct MHD_PostProcessor *form;
	size_t form_bytes;
	bool too_large;
	char code[FIELD_BYTES_MAX + 1];
};

/* --- answers --- */

static enum MHD_Result
answer(struct request *request, unsigned status, struct MHD_Response *response)
{
	static const char *const fields[][2] = {
		{"Content-Security-Policy",
		 "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
		 "base-uri 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};
	g_autofree char *labels = NULL;
	enum MHD_Result queued;

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		MHD_add_response_header(response, fields[i][0], fields[i][1]);
	if (MHD_get_response_header(response, "Cache-Control") == NULL)
		MHD_add_response_header(response, "Cache-Control", "no-store");
	labels = g_strdup_printf("status=\"%u\"", status);
	metrics_count("postseal_portal_answers_total", labels, 1);
	queued = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result
answer_page(struct request *request, unsigned status, struct page *page)
{
	size_t length;
	char *html;
	struct MHD_Response *response;

	page_text(page, "organisation", request->portal->context->settings->organisation);
	html = page_html(page, &length);
	response = MHD_create_response_from_buffer(length, html, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	return answer(request, status, response);
}

static enum MHD_Result
answer_word(struct request *request, unsigned status, const char *title, const char *text)
{
	g_autoptr(page_auto) page = page_new("word.html");

	page_text(page, "title", title);
	page_text(page, "text", text);
	return answer_page(request, status, page);
}

/* What went wrong is in the log; the reader is told what to do. */
static enum MHD_Result
answer_fault(struct request *request, const struct fault *fault)
{
	log_error("answering a browser: %s", fault->text);
	return answer_word(request, MHD_HTTP_SERVICE_UNAVAILABLE, "Not possible at the moment",
			   "Something on our side does not work just now. Your message is safe. Please "
			   "try again in a few minutes.");
}

static enum MHD_Result
answer_to(struct request *request, const char *place, const char *cookie)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Location", place);
	if (cookie != NULL)
		MHD_add_response_header(response, "Set-Cookie", cookie);
	return answer(request, MHD_HTTP_SEE_OTHER, response);
}

static ssize_t
read_spool(void *context, uint64_t offset, char *buffer, size_t size)
{
	struct fault fault;
	size_t got;

	if (!spool_read(context, offset, buffer, size, &got, &fault)) {
		log_error("sending to a browser: %s", fault.text);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
}

static void
free_spool(void *context)
{
	spool_free(context);
}

/* Takes the spool. Always as a download: what came by mail is never shown as a page of ours. */
static enum MHD_Result
answer_download(struct request *request, struct spool *content, const char *type, const char *name)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		spool_size(content), BLOCK_BYTES, read_spool, content, free_spool);
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
	/* RFC 6266 §4.3 */
	g_autofree char *disposition = g_strconcat("attachment; filename*=UTF-8''", escaped, NULL);

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Content-Disposition", disposition);
	return answer(request, MHD_HTTP_OK, response);
}

/* --- the session --- */

/* The prefix keeps others than this very host from setting it (RFC 6265bis §4.1.3). */
static const char *
cookie_name(const struct portal *portal)
{
	return portal->is_secure ? "__Host-postseal" : "postseal";
}

static char *
cookie_text(const struct portal *portal, const char *value, uint64_t seconds)
{
	return g_strdup_printf("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%" G_GUINT64_FORMAT "%s",
			       cookie_name(portal), value, (guint64)seconds,
			       portal->is_secure ? "; Secure" : "");
}

static const char *
cookie_of(const struct request *request)
{
	const char *cookie =
		MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, cookie_name(request->portal));

	return cookie == NULL ? "" : cookie;
}

/* The message of the session; NULL where there is none, with *found_r false. The caller's. */
static struct spool *
open_message(const struct request *request, bool *found_r, struct fault *fault)
{
	const struct session_context *context = request->portal->context;
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(spool_auto) raw = NULL;
	struct session session;
	bool good;

	if (!session_find(context, cookie_of(request), &session, found_r, fault) || !*found_r)
		return NULL;
	raw = spool_new(&request->portal->spool);
	connection = database_take(context->database, fault);
	good = connection != NULL && parcel_read(connection, &session.parcel, &session.content,
						 spool_sink(raw), fault);
	sodium_memzero(&session, sizeof session);
	return good ? g_steal_pointer(&raw) : NULL;
}

static enum MHD_Result
answer_closed(struct request *request, bool found, const struct fault *fault)
{
	if (found || fault->cause != FAULT_NONE)
		return answer_fault(request, fault);
	return answer_word(request, MHD_HTTP_FORBIDDEN, "The message is closed",
			   "To open it again, follow the link in the mail that told you of it.");
}

/* --- pages --- */

static enum MHD_Result
show_front(struct request *request)
{
	g_autoptr(page_auto) page = page_new("front.html");

	return answer_page(request, MHD_HTTP_OK, page);
}

static enum MHD_Result
show_style(struct request *request)
{
	const char *text = page_asset("style.css");
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Type", "text/css; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "public, max-age=3600");
	return answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result
show_form(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = page_new("unlock.html");

	if (wrong == NULL)
		page_remove(page, "wrong");
	else
		page_text(page, "wrong", wrong);
	return answer_page(request, status, page);
}

static enum MHD_Result
ask_code(struct request *request)
{
	return show_form(request, MHD_HTTP_OK, NULL);
}

static enum MHD_Result
show_wrong(struct request *request, unsigned tries_left)
{
	g_autofree char *text = NULL;

	if (tries_left == 0)
		return show_form(request, MHD_HTTP_FORBIDDEN,
				 "This link and this code do not belong together. Is it the link from the "
				 "latest mail, and has its time not run out?");
	text = g_strdup_printf("That is not the code of this message. You can try %u more time%s.",
			       tries_left, tries_left == 1 ? "" : "s");
	return show_form(request, MHD_HTTP_FORBIDDEN, text);
}

static enum MHD_Result
show_locked(struct request *request)
{
	g_autoptr(page_auto) page = page_new("locked.html");

	return answer_page(request, MHD_HTTP_FORBIDDEN, page);
}

static enum MHD_Result
try_code(struct request *request)
{
	const struct session_context *context = request->portal->context;
	char cookie[SESSION_COOKIE_CHARACTERS + 1];
	enum unlock_result result;
	unsigned tries_left;
	struct fault fault = {0};
	g_autofree char *text = NULL;
	bool tried = session_unlock(context, request->tail, request->code, cookie, &result, &tries_left, &fault);

	sodium_memzero(request->code, sizeof request->code);
	if (!tried)
		return answer_fault(request, &fault);
	switch (result) {
	case UNLOCK_OPENED:
		text = cookie_text(request->portal, cookie, context->settings->session_seconds);
		return answer_to(request, "/message", text);
	case UNLOCK_MISTYPED:
		return show_form(request, MHD_HTTP_BAD_REQUEST,
				 "The code is not complete or has a typing mistake. Please look at it again; "
				 "this did not count as a try.");
	case UNLOCK_WRONG:
		return show_wrong(request, tries_left);
	case UNLOCK_LOCKED:
		break;
	}
	return show_locked(request);
}

static void
list_attachments(struct page *page, const GPtrArray *attachments)
{
	if (attachments->len == 0) {
		page_remove(page, "attachments");
		return;
	}
	for (guint i = 0; i < attachments->len; i++) {
		const struct reading_attachment *attachment = g_ptr_array_index(attachments, i);
		g_autofree char *place = g_strdup_printf("/attachment/%u", i);

		page_repeat(page, "attachment");
		page_text(page, "attachment-link", attachment->name);
		page_attribute(page, "attachment-link", "href", place);
		page_attribute(page, "attachment-link", "download", attachment->name);
	}
	page_repeat_end(page, "attachment");
}

static enum MHD_Result
show_message(struct request *request)
{
	struct fault fault = {0};
	bool found;
	g_autoptr(spool_auto) raw = open_message(request, &found, &fault);
	g_autoptr(reading_auto) reading = raw == NULL ? NULL : reading_new(raw, &fault);
	g_autoptr(page_auto) page = NULL;
	g_autofree char *text = NULL;

	if (reading == NULL)
		return answer_closed(request, found, &fault);
	page = page_new("message.html");
	text = reading_text(reading);
	page_text(page, "subject", *reading_subject(reading) == '\0' ? "(no subject)" : reading_subject(reading));
	page_text(page, "from", reading_from(reading));
	page_text(page, "to", reading_to(reading));
	page_text(page, "date", reading_date(reading));
	page_text(page, "text", text);
	list_attachments(page, reading_attachments(reading));
	return answer_page(request, MHD_HTTP_OK, page);
}

static enum MHD_Result
download_message(struct request *request)
{
	struct fault fault = {0};
	bool found;
	struct spool *raw = open_message(request, &found, &fault);

	if (raw == NULL)
		return answer_closed(request, found, &fault);
	return answer_download(request, raw, "application/octet-stream", "message.eml");
}

static enum MHD_Result
download_attachment(struct request *request)
{
	struct fault fault = {0};
	bool found;
	g_autoptr(spool_auto) raw = open_message(request, &found, &fault);
	g_autoptr(reading_auto) reading = raw == NULL ? NULL : reading_new(raw, &fault);
	g_autoptr(spool_auto) content = NULL;
	const struct reading_attachment *attachment;
	guint64 number;

	if (reading == NULL)
		return answer_closed(request, found, &fault);
	if (!g_ascii_string_to_unsigned(request->tail, 10, 0, G_MAXUINT, &number, NULL) ||
	    number >= reading_attachments(reading)->len)
		return answer_word(request, MHD_HTTP_NOT_FOUND, "Not found", "There is no such attachment.");
	content = spool_new(&request->portal->spool);
	if (!reading_attachment(reading, (guint)number, spool_sink(content), &fault))
		return answer_fault(request, &fault);
	attachment = g_ptr_array_index(reading_attachments(reading), number);
	return answer_download(request, g_steal_pointer(&content), attachment->type, attachment->name);
}

static enum MHD_Result
leave(struct request *request)
{
	g_autofree char *gone = cookie_text(request->portal, "", 0);
	struct fault fault = {0};

	if (!session_end(request->portal->context, cookie_of(request), &fault))
		return answer_fault(request, &fault);
	return answer_to(request, "/", gone);
}

/* --- routes --- */

static const struct route {
	const char *method;
	const char *path; /* a path that ends with "/" takes something behind it */
	enum MHD_Result (*serve)(struct request *request);
} routes[] = {
	{"GET", "/", show_front},
	{"GET", "/style.css", show_style},
	{"GET", "/m/", ask_code},
	{"POST", "/m/", try_code},
	{"GET", "/message", show_message},
	{"GET", "/message.eml", download_message},
	{"GET", "/attachment/", download_attachment},
	{"POST", "/leave", leave},
};

static bool
fits(const struct route *route, struct request *request)
{
	size_t length = strlen(route->path);

	if (length > 1 && route->path[length - 1] == '/') {
		request->tail = request->path + length;
		return strncmp(request->path, route->path, length) == 0 && *request->tail != '\0';
	}
	return strcmp(request->path, route->path) == 0;
}

static enum MHD_Result
serve(struct request *request, const char *method)
{
	bool path_is_known = false;

	if (request->too_large)
		return answer_word(request, MHD_HTTP_CONTENT_TOO_LARGE, "Too large",
				   "The form holds more than it may.");
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (!fits(&routes[i], request))
			continue;
		path_is_known = true;
		if (strcmp(method, routes[i].method) == 0)
			return routes[i].serve(request);
	}
	if (path_is_known)
		return answer_word(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Not possible",
				   "This page cannot be used that way.");
	return answer_word(request, MHD_HTTP_NOT_FOUND, "Not found",
			   "There is no such page. Please use the link in the mail as it stands there.");
}

/* --- libmicrohttpd --- */

static enum MHD_Result
take_field(void *context, enum MHD_ValueKind kind, const char *name, const char *file_name,
	   const char *type, const char *encoding, const char *data, uint64_t offset, size_t size)
{
	struct request *request = context;

	(void)kind;
	(void)file_name;
	(void)type;
	(void)encoding;
	if (strcmp(name, "code") != 0)
		return MHD_YES;
	if (offset + size > FIELD_BYTES_MAX) {
		request->too_large = true;
		return MHD_NO;
	}
	memcpy(request->code + offset, data, size);
	request->code[offset + size] = '\0';
	return MHD_YES;
}

static void
take_upload(struct request *request, const char *data, size_t size)
{
	request->form_bytes += size;
	if (request->form_bytes > FORM_BYTES_MAX)
		request->too_large = true;
	else if (request->form != NULL)
		MHD_post_process(request->form, data, size);
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **request_r)
{
	struct request *request = *request_r;

	(void)version;
	if (request == NULL) {
		request = g_new0(struct request, 1);
		request->portal = context;
		request->connection = connection;
		if (strcmp(method, "POST") == 0)
			request->form = MHD_create_post_processor(connection, PROCESSOR_BYTES, take_field, request);
		*request_r = request;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		take_upload(request, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	request->path = url;
	return serve(request, method);
}

static void
completed(void *context, struct MHD_Connection *connection, void **request_r,
	  enum MHD_RequestTerminationCode code)
{
	struct request *request = *request_r;

	(void)context;
	(void)connection;
	(void)code;
	if (request == NULL)
		return;
	if (request->form != NULL)
		MHD_destroy_post_processor(request->form);
	sodium_memzero(request, sizeof *request);
	g_free(request);
	*request_r = NULL;
}

struct portal *
portal_start(const struct session_context *context, int listener, struct fault *fault)
{
	struct portal *portal = g_new0(struct portal, 1);

	portal->context = context;
	portal->is_secure = g_str_has_prefix(context->settings->portal_url, "https:");
	portal->spool = (struct spool_settings){.directory = context->settings->spool_directory,
						.memory_max = SPOOL_MEMORY};
	portal->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, portal, MHD_OPTION_LISTEN_SOCKET,
		(MHD_socket)listener, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (portal->daemon == NULL) {
		g_free(portal);
		fault_set(fault, FAULT_STORAGE, "starting the web server failed");
		return NULL;
	}
	return portal;
}

void
portal_stop(struct portal *portal)
{
	MHD_stop_daemon(portal->daemon);
	g_free(portal);
}
