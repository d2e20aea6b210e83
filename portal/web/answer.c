#include "portal/web/answer.h"

#include <sodium.h>
#include <string.h>

#include "core/metrics.h"

enum { LANGUAGE_SECONDS = 31536000 };

#define POLICY_OF_ALL                                                                              \
	"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "         \
	"manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
static const char policy_plain[] = POLICY_OF_ALL "frame-src 'self'; script-src 'none'";
static const char policy_script[] = POLICY_OF_ALL "script-src 'self'";
static const char policy_sending[] = POLICY_OF_ALL "script-src 'self'; connect-src 'self'";

void
web_set_cookie(const struct web_request *web, struct MHD_Response *response, const char *name,
	       const char *value, unsigned seconds)
{
	g_autofree char *age =
		seconds == 0 ? g_strdup("") : g_strdup_printf("; Max-Age=%u", seconds);
	g_autofree char *text =
		g_strdup_printf("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, value, age,
				web->site->is_secure ? "; Secure" : "");

	MHD_add_response_header(response, "Set-Cookie", text);
	sodium_memzero(text, strlen(text));
}

static void
add_default(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_get_response_header(response, name) == NULL)
		MHD_add_response_header(response, name, value);
}

enum MHD_Result
web_send(struct web_request *web)
{
	enum MHD_Result queued = MHD_queue_response(web->mhd, web->status, web->response);

	MHD_destroy_response(g_steal_pointer(&web->response));
	return queued;
}

enum MHD_Result
web_answer(struct web_request *web, unsigned status, struct MHD_Response *response)
{
	g_autofree char *labels = g_strdup_printf("status=\"%u\"", status);
	/* An answer that others may get from a cache must not set a cookie of theirs. */
	const bool is_for_all = MHD_get_response_header(response, "Cache-Control") != NULL;

	add_default(response, "Content-Security-Policy", policy_plain);
	add_default(response, "X-Frame-Options", "DENY");
	add_default(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	add_default(response, "Cross-Origin-Resource-Policy", "same-origin");
	MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	MHD_add_response_header(response, "Permissions-Policy",
				"camera=(), microphone=(), geolocation=()");
	if (web->language_is_new && !is_for_all)
		web_set_cookie(web, response, "language", web->language, LANGUAGE_SECONDS);
	metrics_count(METRIC_PORTAL_ANSWERS, labels, 1);
	web->status = status;
	web->response = response;
	return web->is_apart ? MHD_YES : web_send(web);
}

struct MHD_Response *
web_page(struct page *page)
{
	struct MHD_Response *response;
	size_t length;
	char *html = page_html(page, &length);

	response = MHD_create_response_from_buffer(length, html, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	return response;
}

void
web_allow_script(struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Security-Policy", policy_script);
}

void
web_allow_sending_script(struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Security-Policy", policy_sending);
}

struct MHD_Response *
web_asset(const char *name, const char *type)
{
	gsize length;
	const void *data = g_bytes_get_data(page_asset(name), &length);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "public, max-age=3600");
	return response;
}

struct MHD_Response *
web_see(const char *place)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Location", place);
	return response;
}

void
web_make_download(struct MHD_Response *response, const char *name)
{
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
	/* RFC 6266 §4.3 */
	g_autofree char *disposition = g_strconcat("attachment; filename*=UTF-8''", escaped, NULL);

	MHD_add_response_header(response, "Content-Type", "application/octet-stream");
	MHD_add_response_header(response, "Content-Disposition", disposition);
}
