#include "portal/portal.h"

#include <string.h>

#include "portal/join.h"
#include "portal/signin.h"
#include "portal/second_factor.h"
#include "portal/reading.h"
#include "portal/unlock.h"
#include "portal/settings_page.h"
#include "portal/sender_page.h"
#include "portal/writing.h"

enum {
	THREADS = 8,
	CONNECTIONS_MAX = 2000,
	CONNECTION_BYTES = 24 * 1024, /* header fields and the like of one connection */
	IDLE_SECONDS = 60,
	SPOOL_MEMORY = 256 * 1024,
};

/* --- files --- */

static enum MHD_Result
answer_asset(struct request *request, const char *name, const char *type)
{
	GBytes *bytes = page_asset(name);
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "public, max-age=3600");
	request->cookie_is_new = false;
	return answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result
serve_style(struct request *request)
{
	return answer_asset(request, "style.css", "text/css; charset=utf-8");
}

static enum MHD_Result
serve_logo(struct request *request)
{
	return answer_asset(request, "logo.svg", "image/svg+xml");
}

static enum MHD_Result
serve_script(struct request *request)
{
	return answer_asset(request, "passkey.js", "text/javascript; charset=utf-8");
}

/* --- routes --- */

static const struct route routes[] = {
	{"GET", "/", serve_front, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/style.css", serve_style, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/logo.svg", serve_logo, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/passkey.js", serve_script, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/m/", serve_code_form, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/m/", serve_code, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/signin", serve_signin_form, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/signin", serve_signin, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/signout", serve_signout, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/factor", serve_factor_form, ACCESS_HALF, FORM_SMALL},
	{"POST", "/factor", serve_factor_code, ACCESS_HALF, FORM_SMALL},
	{"POST", "/factor/passkey", serve_factor_passkey, ACCESS_HALF, FORM_SMALL},
	{"GET", "/join", serve_join_form, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/join", serve_join, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/proof/", serve_proof_form, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/proof/", serve_proof, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/enrol", serve_enrol_form, ACCESS_GUEST, FORM_SMALL},
	{"POST", "/enrol", serve_enrol, ACCESS_ANYBODY, FORM_SMALL},
	{"GET", "/inbox", serve_inbox, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/sent", serve_sent, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/drafts", serve_drafts, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/message/", serve_message, ACCESS_GUEST, FORM_SMALL},
	{"GET", "/html/", serve_html, ACCESS_GUEST, FORM_SMALL},
	{"GET", "/source/", serve_source, ACCESS_GUEST, FORM_SMALL},
	{"GET", "/attachment/", serve_attachment, ACCESS_GUEST, FORM_SMALL},
	{"GET", "/zip/", serve_zip, ACCESS_GUEST, FORM_SMALL},
	{"POST", "/delete/", serve_delete, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/write", serve_write, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/reply/", serve_reply, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/replyall/", serve_reply_all, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/forward/", serve_forward, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/draft/", serve_draft, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/send", serve_send, ACCESS_MEMBER, FORM_FILES},
	{"GET", "/settings", serve_settings, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/language", serve_set_language, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/wish", serve_set_wish, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/password", serve_set_password, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/recovery", serve_new_recovery, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/key", serve_give_key, ACCESS_MEMBER, FORM_FILES},
	{"POST", "/settings/key/remove", serve_take_key_back, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/settings/totp", serve_totp_form, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/totp", serve_totp_add, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/totp/remove", serve_totp_remove, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/settings/passkey", serve_passkey_form, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/passkey", serve_passkey_add, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/passkey/remove", serve_passkey_remove, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/session", serve_end_session, ACCESS_MEMBER, FORM_SMALL},
	{"POST", "/settings/sessions", serve_end_other_sessions, ACCESS_MEMBER, FORM_SMALL},
	{"GET", "/track/", serve_track, ACCESS_ANYBODY, FORM_SMALL},
	{"POST", "/track/", serve_track_deed, ACCESS_ANYBODY, FORM_SMALL},
};

static bool
fits(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	if (length > 1 && route->path[length - 1] == '/')
		return strncmp(path, route->path, length) == 0 && path[length] != '\0';
	return strcmp(path, route->path) == 0;
}

const struct route *
portal_route(const char *method, const char *path, bool *path_is_known_r)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	*path_is_known_r = false;
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (!fits(&routes[i], path))
			continue;
		*path_is_known_r = true;
		if (strcmp(method, routes[i].method) == 0)
			return &routes[i];
	}
	return NULL;
}

/* --- libmicrohttpd --- */

static enum MHD_Result
answer_no_route(struct request *request, bool path_is_known)
{
	request->cookie_is_new = false;
	if (!path_is_known)
		return answer_not_found(request);
	return answer_word(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Not possible",
			   "This page cannot be used that way.");
}

static enum MHD_Result
begin(struct portal *portal, struct MHD_Connection *mhd, const char *url, const char *method,
      void **request_r)
{
	struct request *request = request_new(portal, mhd, url);
	bool path_is_known;

	*request_r = request;
	request->route = portal_route(method, url, &path_is_known);
	if (request->route == NULL)
		return answer_no_route(request, path_is_known);
	if (g_str_has_suffix(request->route->path, "/"))
		request->tail =
			url + (strlen(request->route->path) > 1 ? strlen(request->route->path) : 0);
	if (request->route->form == FORM_FILES)
		request_admit(request);
	return MHD_YES;
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **request_r)
{
	struct request *request = *request_r;

	(void)version;
	if (request == NULL)
		return begin(context, mhd, url, method, request_r);
	if (*upload_size > 0) {
		if (!request_take(request, upload, *upload_size))
			return MHD_NO;
		*upload_size = 0;
		return MHD_YES;
	}
	/* MHD has its own copy of the path at each call. */
	request->tail = url + (request->tail - request->path);
	request->path = url;
	return request_serve(request);
}

static void
completed(void *context, struct MHD_Connection *mhd, void **request_r,
	  enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)mhd;
	(void)code;
	if (*request_r != NULL)
		request_free(*request_r);
	*request_r = NULL;
}

bool
portal_start(struct portal *portal, int listener, struct fault *fault)
{
	portal->is_secure = g_str_has_prefix(portal->settings->portal_url, "https:");
	portal->spool = (struct spool_settings){.directory = portal->settings->spool_directory,
						.memory_max = SPOOL_MEMORY};
	portal->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, portal,
		MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_END);
	return portal->daemon != NULL ||
	       fault_set(fault, FAULT_STORAGE, "starting the web server failed");
}

void
portal_stop(struct portal *portal)
{
	MHD_stop_daemon(portal->daemon);
}
