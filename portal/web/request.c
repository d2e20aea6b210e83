#include "portal/web/request.h"

#include <string.h>

#include "core/catalogue.h"

enum { BROWSER_CHARACTERS = 100 };

const char *
web_header(const struct web_request *web, const char *name)
{
	return MHD_lookup_connection_value(web->mhd, MHD_HEADER_KIND, name);
}

const char *
web_query(const struct web_request *web, const char *name)
{
	const char *value = MHD_lookup_connection_value(web->mhd, MHD_GET_ARGUMENT_KIND, name);

	return value == NULL || !g_utf8_validate(value, -1, NULL) ? "" : value;
}

const char *
web_cookie(const struct web_request *web, const char *name)
{
	const char *cookie = MHD_lookup_connection_value(web->mhd, MHD_COOKIE_KIND, name);

	return cookie == NULL ? "" : cookie;
}

/* --- one way to read it --- */

struct framing {
	unsigned lengths, codings, hosts;
	bool is_chunked, has_odd_name;
};

/* RFC 9110 §5.6.2 */
static bool
is_token(const char *name)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (const char *c = name; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr(others, *c) == NULL)
			return false;
	return *name != '\0';
}

static enum MHD_Result
note_framing(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = context;

	(void)kind;
	framing->has_odd_name |= !is_token(name);
	if (g_ascii_strcasecmp(name, "Content-Length") == 0)
		framing->lengths++;
	if (g_ascii_strcasecmp(name, "Host") == 0)
		framing->hosts++;
	if (g_ascii_strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->codings++;
		framing->is_chunked = value != NULL && g_ascii_strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

/* RFC 9112 §3.2: exactly one Host; §6.1: no coding except one, and none before HTTP/1.1; §6.3: one
 * length, and none together with a coding. */
bool
web_is_unambiguous(const struct web_request *web, const char *version)
{
	const bool is_old = strcmp(version, "HTTP/1.1") != 0;
	struct framing framing = {0};

	MHD_get_connection_values(web->mhd, MHD_HEADER_KIND, note_framing, &framing);
	return !framing.has_odd_name && framing.lengths + framing.codings <= 1 &&
	       (framing.codings == 0 || (framing.is_chunked && !is_old)) &&
	       (is_old ? framing.hosts <= 1 : framing.hosts == 1);
}

bool
web_is_same_origin(const struct web_request *web)
{
	const char *site = web_header(web, "Sec-Fetch-Site");

	return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

static const char *
find_language(struct web_request *web)
{
	const char *language = catalogue_language(web_query(web, "lang"));

	web->language_is_new = language != NULL;
	if (language == NULL)
		language = catalogue_language(web_cookie(web, "language"));
	if (language == NULL)
		language = catalogue_accepted(web_header(web, "Accept-Language"));
	return language == NULL ? web->site->language : language;
}

/* It is shown to people, also in mails: nothing in it may change the direction of text or break the
 * line. */
static char *
find_browser(const struct web_request *web)
{
	const char *said = web_header(web, "User-Agent");
	g_autofree char *valid = g_utf8_make_valid(said == NULL ? "" : said, -1);
	GString *browser = g_string_new(NULL);
	int characters = 0;

	for (const char *c = valid; *c != '\0' && characters < BROWSER_CHARACTERS;
	     c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (!g_unichar_isprint(character) || g_unichar_type(character) == G_UNICODE_FORMAT)
			continue;
		g_string_append_unichar(browser, character);
		characters++;
	}
	return g_string_free(browser, FALSE);
}

void
web_request_init(struct web_request *web, const struct web_site *site, struct MHD_Connection *mhd,
		 const char *path)
{
	web->site = site;
	web->mhd = mhd;
	web->path = web->tail = path;
	web->language = find_language(web);
	web->network = client_network(mhd, site->proxies);
	web->browser = find_browser(web);
	form_init(&web->form, mhd);
}

void
web_request_clear(struct web_request *web)
{
	form_clear(&web->form);
	if (web->response != NULL)
		MHD_destroy_response(web->response);
	g_free(web->network);
	g_free(web->browser);
}
