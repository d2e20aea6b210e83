#include "portal/portal.h"

#include <string.h>

#include "portal/added_file.h"
#include "portal/answer.h"
#include "portal/application_password_page.h"
#include "portal/approval_page.h"
#include "portal/confirm.h"
#include "portal/contacts_page.h"
#include "portal/folder_page.h"
#include "portal/join.h"
#include "portal/large_download.h"
#include "portal/large_link.h"
#include "portal/large_upload.h"
#include "portal/manifest.h"
#include "portal/message_page.h"
#include "portal/own_folder_page.h"
#include "portal/passkey_page.h"
#include "portal/preview.h"
#include "portal/print_page.h"
#include "portal/published.h"
#include "portal/reading.h"
#include "portal/revoke_page.h"
#include "portal/search_page.h"
#include "portal/second_factor.h"
#include "portal/security_page.h"
#include "portal/sender_file_page.h"
#include "portal/sender_page.h"
#include "portal/settings_page.h"
#include "portal/signin.h"
#include "portal/totp_page.h"
#include "portal/unlock.h"
#include "portal/vouching.h"
#include "portal/writing.h"

enum {
	THREADS = 8,
	CONNECTIONS_MAX = 2000,
	CONNECTION_BYTES = 24 * 1024, /* header fields and the like of one connection */
	SPOOL_MEMORY = 256 * 1024,
	UPLOAD_MEMORY = 64 * 1024, /* of each form; the rest of its files is in the spool */
	REQUESTS_MAX = 500,	   /* of one network at the same time */
	UPLOADS_MAX = 4,	   /* of one member: forms with files */
	ALL_UPLOADS_MAX = 200,
};

/* Times. We close an idle connection later than the web server in front does, which waits 60 s by
 * default: otherwise it might just be about to send a request. */
enum {
	SILENCE_SECONDS = 75,
	HEADER_SECONDS = 90, /* for the next request, until its header has arrived */
	FORM_SECONDS = 45,   /* for the form; one with files gets more: */
	FORM_BYTES_A_SECOND = 8192,
	ANSWER_SECONDS = 3600,
};

/* --- files --- */

static enum MHD_Result
answer_asset(struct request *request, const char *name, const char *type)
{
	request->cookie_is_new = false;
	return answer_response(request, MHD_HTTP_OK, web_asset(name, type));
}

static enum MHD_Result
asset_style(struct request *request)
{
	return answer_asset(request, "style.css", "text/css; charset=utf-8");
}

static enum MHD_Result
asset_logo(struct request *request)
{
	return answer_asset(request, "logo.svg", "image/svg+xml");
}

static enum MHD_Result
asset_icon(struct request *request)
{
	/* "/icon-192.png" */
	return answer_asset(request, request->route->path + 1, "image/png");
}

static enum MHD_Result
asset_script(struct request *request)
{
	return answer_asset(request, "passkey.js", "text/javascript; charset=utf-8");
}

static enum MHD_Result
asset_writing_script(struct request *request)
{
	return answer_asset(request, "write.js", "text/javascript; charset=utf-8");
}

/* --- routes --- */

/* Each route says where it is served (request.h), and the groups say why. A new route waits for
 * something, unless it resembles the first three. */
static const struct route routes[] = {
	/* From memory, whoever asks. */
	{"GET", "/style.css", asset_style, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/logo.svg", asset_logo, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/icon-180.png", asset_icon, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/icon-192.png", asset_icon, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/icon-512.png", asset_icon, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/manifest.webmanifest", manifest_show, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/passkey.js", asset_script, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},
	{"GET", "/write.js", asset_writing_script, ACCESS_ANYBODY, FORM_FIELDS, SERVED_HERE},

	/* A few rows: the session's, and what the page shows of an account, a link or a folder.
	   Rows can be locked, and the database can be slow. */
	{"GET", "/", signin_front, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/m/", unlock_form, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/signin", signin_form, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/signout", signin_end, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/factor", second_factor_form, ACCESS_HALF, FORM_FIELDS, SERVED_APART},
	{"GET", "/join", join_form, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/join", join_submit, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART, join_give_back},
	{"GET", "/proof/", join_proof_form, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/enrol", join_account_form, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"GET", "/write", writing_new, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/settings", settings_page_show, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/name", settings_page_name, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/language", settings_page_language, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/wish", settings_page_wish, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/notices", settings_page_notices, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"GET", "/settings/confirm", confirm_form, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/settings/security", security_page_show, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/recovery", security_page_recovery, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/key/remove", security_page_remove_key, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/trust", vouching_revoke, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/settings/totp", totp_page_form, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/totp", totp_page_add, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/totp/remove", totp_page_remove, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"GET", "/settings/passkey", passkey_page_form, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/passkey/remove", passkey_page_remove, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/application", application_password_page_add, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/application/remove", application_password_page_remove, ACCESS_MEMBER,
	 FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/session", settings_page_end_session, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/sessions", settings_page_end_other_sessions, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"GET", "/ca/", published_authority, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/.well-known/openpgpkey/", published_directory, ACCESS_ANYBODY, FORM_FIELDS,
	 SERVED_APART},
	{"GET", "/track/", sender_page_show, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/track/", sender_page_act, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/trust/", revoke_page_show, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/trust/", revoke_page_act, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"GET", "/approval/", approval_page_show, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/approval/", approval_page_act, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},

	/* Work for the processor: a password or a code (Argon2id), or a passkey's signature. */
	{"POST", "/m/", unlock_submit, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART, unlock_give_back},
	{"POST", "/signin", signin_submit, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART,
	 signin_give_back},
	{"POST", "/signin/writing", writing_signin, ACCESS_ANYBODY, FORM_TEXT, SERVED_APART,
	 writing_give_back},
	{"POST", "/factor", second_factor_code, ACCESS_HALF, FORM_FIELDS, SERVED_APART},
	{"POST", "/factor/passkey", second_factor_passkey, ACCESS_HALF, FORM_FIELDS, SERVED_APART},
	{"POST", "/proof/", join_proof_submit, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/enrol", join_account_submit, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/confirm", confirm_submit, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/settings/confirm/passkey", confirm_passkey, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/password", security_page_password, ACCESS_MEMBER, FORM_FIELDS,
	 SERVED_APART},
	{"POST", "/settings/passkey", passkey_page_add, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},

	/* Takes time in proportion to the mailbox, or to the message, which is read as a whole when
	   first opened. */
	{"GET", "/inbox", folder_page_inbox, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/sent", folder_page_sent, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/drafts", folder_page_drafts, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/inbox", folder_page_act_on_inbox, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/sent", folder_page_act_on_sent, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/drafts", folder_page_act_on_drafts, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/folder/", own_folder_page_show, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/folder/", own_folder_page_act, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/folders", own_folder_page_manage, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/folders", own_folder_page_change, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/contacts", contacts_page_show, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/write", writing_to, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/search", search_page_begin, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/search/", search_page_show, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/search/", search_page_act, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/unread/", folder_page_mark_unread, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/source/", reading_source, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"GET", "/attachment/", reading_attachment, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"GET", "/zip/", reading_zip, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"GET", "/added/", added_file_download, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"POST", "/delete/", reading_delete, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/discard/", writing_discard, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"GET", "/draft/", writing_draft, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/upload", large_upload_begin, ACCESS_MEMBER, FORM_FIELDS, SERVED_APART},
	{"POST", "/upload/", large_upload_take, ACCESS_MEMBER, FORM_PIECE, SERVED_APART},
	{"GET", "/large/", large_download_show, ACCESS_GUEST, FORM_FIELDS, SERVED_APART},
	{"GET", "/file/", large_link_show, ACCESS_ANYBODY, FORM_FIELDS, SERVED_APART},
	{"POST", "/send", writing_send, ACCESS_MEMBER, FORM_FILES, SERVED_APART, writing_give_back},
	{"POST", "/track-file/", sender_file_page_add, ACCESS_ANYBODY, FORM_ADDED, SERVED_APART},

	/* Untrusted content, parsed in a separate process: HTML, as HTML or as text; a key, by gpg.
	 */
	{"GET", "/message/", message_page_show, ACCESS_GUEST, FORM_FIELDS, SERVED_LAST},
	{"GET", "/html/", reading_html, ACCESS_GUEST, FORM_FIELDS, SERVED_LAST},
	{"GET", "/print/", print_page_show, ACCESS_GUEST, FORM_FIELDS, SERVED_LAST},
	{"GET", "/reply/", writing_reply, ACCESS_MEMBER, FORM_FIELDS, SERVED_LAST},
	{"GET", "/replyall/", writing_reply_all, ACCESS_MEMBER, FORM_FIELDS, SERVED_LAST},
	{"GET", "/forward/", writing_forward, ACCESS_MEMBER, FORM_FIELDS, SERVED_LAST},
	{"POST", "/settings/key", security_page_add_key, ACCESS_MEMBER, FORM_FILES, SERVED_LAST},

	/* The same for a picture, which nobody waits for. */
	{"GET", "/preview/", preview_show, ACCESS_GUEST, FORM_FIELDS, SERVED_PICTURE},
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
	return answer_outcome(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Not possible",
			      "This page cannot be used this way.");
}

static struct deadline *
deadline_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void
give_seconds(struct MHD_Connection *mhd, gint64 seconds)
{
	deadline_set(deadline_of(mhd),
		     g_get_monotonic_time() + seconds * (gint64)G_TIME_SPAN_SECOND);
}

static void
watch_connection(void *portal, struct MHD_Connection *mhd, void **context,
		 enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		deadline_remove(*context);
		return;
	}
	*context = deadline_add(((struct portal *)portal)->deadlines, info->connect_fd);
	give_seconds(mhd, HEADER_SECONDS);
}

/* Data that arrives in time earns time for more. */
static bool
take_form(struct request *request, const char *data, size_t size)
{
	struct form *form = &request->web.form;

	if (!form_take(form, data, size))
		return false;
	if (form->has_files)
		deadline_set(deadline_of(form->mhd),
			     request->begun +
				     (FORM_SECONDS + (gint64)(form->bytes / FORM_BYTES_A_SECOND)) *
					     (gint64)G_TIME_SPAN_SECOND);
	return true;
}

/* Whatever follows on this connection is not read. */
static enum MHD_Result
refuse_ambiguous(struct request *request)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Connection", "close");
	return answer_response(request, MHD_HTTP_BAD_REQUEST, response);
}

static enum MHD_Result
begin(struct portal *portal, struct MHD_Connection *mhd, const char *url, const char *method,
      const char *version, void **request_r)
{
	struct request *request = request_new(portal, mhd, url);
	bool path_is_known;

	*request_r = request;
	request->begun = g_get_monotonic_time();
	request->web.is_head = strcmp(method, "HEAD") == 0;
	give_seconds(mhd, FORM_SECONDS);
	if (!web_is_unambiguous(&request->web, version))
		return refuse_ambiguous(request);
	if (!request_count(request))
		return request_turn_away(request);
	request->route = portal_route(method, url, &path_is_known);
	if (request->route == NULL)
		return answer_no_route(request, path_is_known);
	if (g_str_has_suffix(request->route->path, "/"))
		request->web.tail =
			url + (strlen(request->route->path) > 1 ? strlen(request->route->path) : 0);
	request_expect_form(request);
	return MHD_YES;
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **request_r)
{
	struct request *request = *request_r;

	if (request == NULL)
		return begin(context, mhd, url, method, version, request_r);
	if (*upload_size > 0) {
		if (!take_form(request, upload, *upload_size))
			return MHD_NO;
		*upload_size = 0;
		return MHD_YES;
	}
	/* MHD has a new copy of the path at each call. */
	request->web.tail = url + (request->web.tail - request->web.path);
	request->web.path = url;
	give_seconds(mhd, ANSWER_SECONDS);
	if (request->web.response != NULL)
		return web_send(&request->web);
	if (request->route->serving != SERVED_HERE && request->portal->apart != NULL)
		return request_serve_apart(request);
	return request_serve(request);
}

static void
completed(void *context, struct MHD_Connection *mhd, void **request_r,
	  enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)code;
	give_seconds(mhd, HEADER_SECONDS);
	if (*request_r != NULL)
		request_free(*request_r);
	*request_r = NULL;
}

/* Its route could only fail. */
static bool
has_assets(struct fault *fault)
{
	static const char *const assets[] = {"style.css",    "logo.svg",     "icon-180.png",
					     "icon-192.png", "icon-512.png", "passkey.js",
					     "write.js"};

	for (size_t i = 0; i < G_N_ELEMENTS(assets); i++)
		if (page_asset(assets[i]) == NULL)
			return fault_set(fault, FAULT_BUG,
					 "starting the portal: %s is missing in the program "
					 "(portal/CMakeLists.txt names its pages)",
					 assets[i]);
	return true;
}

static bool
prepare_site(struct portal *portal, struct fault *fault)
{
	const struct settings *settings = portal->settings;

	portal->spool = (struct spool_settings){.directory = settings->portal_spool,
						.memory_max = SPOOL_MEMORY};
	portal->upload_spool = (struct spool_settings){.directory = settings->portal_spool,
						       .memory_max = UPLOAD_MEMORY,
						       .is_sealed = true};
	portal->counts = known_counts_new();
	portal->failed_previews = failed_previews_new();
	portal->requests = tally_new(REQUESTS_MAX, CONNECTIONS_MAX);
	portal->uploads = tally_new(UPLOADS_MAX, ALL_UPLOADS_MAX);
	portal->site = (struct web_site){
		.organisation = settings->organisation,
		.language = settings->language,
		.proxies = proxies_new((const char *const *)settings->portal_proxies, fault),
		.is_secure = g_str_has_prefix(settings->portal_url, "https:")};
	return portal->site.proxies != NULL && has_assets(fault);
}

bool
portal_start(struct portal *portal, int listener, struct fault *fault)
{
	if (!prepare_site(portal, fault))
		return false;
	portal->reader = reader_new(portal->settings);
	portal->preview_reader = reader_new(portal->settings);
	portal->upload_reader = upload_reader_new(portal->settings);
	portal->apart = apart_new(&request_apart_work);
	portal->deadlines = deadlines_new(METRIC_PORTAL_CUT);
	portal->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
		portal, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_SECONDS,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		watch_connection, portal, MHD_OPTION_END);
	return portal->daemon != NULL ||
	       fault_set(fault, FAULT_STORAGE, "starting the web server failed");
}

void
portal_stop(struct portal *portal)
{
	apart_close(portal->apart);
	MHD_stop_daemon(portal->daemon);
	apart_free(portal->apart);
	deadlines_free(portal->deadlines);
	known_counts_free(portal->counts);
	failed_previews_free(portal->failed_previews);
	tally_free(portal->requests);
	tally_free(portal->uploads);
	reader_free(portal->reader);
	reader_free(portal->preview_reader);
	upload_reader_free(portal->upload_reader);
	proxies_free(portal->site.proxies);
}
