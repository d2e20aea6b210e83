#include "portal/manifest.h"

#include <jansson.h>
#include <string.h>

#include "portal/answer.h"

/* As in style.css, in light colours. */
static const char paper[] = "#ffffff", action[] = "#0a5cc2";

static json_t *
icon(const char *path, const char *sizes, const char *type)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "src", path, "sizes", sizes, "type", type,
			 "purpose", "any maskable");
}

static json_t *
make_manifest(const char *organisation)
{
	/* "minimal-ui" keeps the address in sight, by which people tell the portal from an
	 * imitation. */
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[o, o]}", "name", organisation,
			 "id", "/", "start_url", "/", "scope", "/", "display", "minimal-ui",
			 "background_color", paper, "theme_color", action, "icons",
			 icon("/icon-192.png", "192x192", "image/png"),
			 icon("/icon-512.png", "512x512", "image/png"));
}

enum MHD_Result
manifest_show(struct request *request)
{
	g_autoptr(json_t) manifest = make_manifest(request->portal->settings->organisation);
	char *text = json_dumps(manifest, JSON_COMPACT);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);

	request->cookie_is_new = false;
	MHD_add_response_header(response, "Content-Type", "application/manifest+json");
	MHD_add_response_header(response, "Cache-Control", "public, max-age=3600");
	return answer_response(request, MHD_HTTP_OK, response);
}
