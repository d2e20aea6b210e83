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

/* It is shown to people, and stands in mails: nothing turns or breaks the line. */
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
