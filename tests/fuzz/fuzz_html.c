/* HTML mail: what comes out of cleaning has nothing that runs or loads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/html_mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
find(void *context, const char *cid, GBytes **bytes_r, const char **type_r)
{
	(void)context;
	*bytes_r = g_bytes_new_static("x", 1);
	*type_r = strlen(cid) % 2 == 0 ? "image/png" : "image/svg+xml";
	return true;
}

static bool
begins_with_any(const char *text, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (g_ascii_strncasecmp(text, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static void
check_attribute(const char *name, const char *value)
{
	static const char *const links[] = {"http://", "https://", "mailto:", "tel:", NULL};
	static const char *const pictures[] = {"data:image/png;base64,", NULL};

	if (strcmp(name, "href") == 0 && !begins_with_any(value, links))
		abort();
	if (strcmp(name, "src") == 0 && !begins_with_any(value, pictures))
		abort();
	if (strcmp(name, "style") == 0 &&
	    (strcasestr(value, "url(") != NULL || strchr(value, '\\') != NULL))
		abort();
	if (g_str_has_prefix(name, "on") || strcmp(name, "srcset") == 0 ||
	    strcmp(name, "action") == 0 || strcmp(name, "id") == 0 || strcmp(name, "name") == 0)
		abort();
}

/* Name, and attributes in quotes; text between tags may say what it likes. */
static void
check_tag(const char *tag)
{
	static const char *const never[] = {"<script", "<style", "<iframe", "<object", "<embed",
					    "<form",   "<svg",	 "<math",   "<link",   "<base",
					    "<meta",   "<input", "<button", "<!",      NULL};
	g_autofree char *text = g_strdup(tag);
	char *at = strchr(text, ' ');

	if (begins_with_any(text, never))
		abort();
	while (at != NULL && *at != '\0') {
		char *name = at + 1, *equals = strstr(name, "=\""), *end;

		if (equals == NULL)
			abort();
		*equals = '\0';
		end = strchr(equals + 2, '"');
		if (end == NULL)
			abort();
		*end = '\0';
		check_attribute(name, equals + 2);
		at = end + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct html_mail_images images = {.find = find};
	g_autofree char *html = g_utf8_make_valid((const char *)data, (gssize)size);
	g_autofree char *text = html_mail_text(html, strlen(html));
	g_autofree char *clean = NULL;
	const char *tag;
	bool left_out;

	clean = html_mail_clean(html, strlen(html), &images, "en", &left_out);
	if (clean == NULL)
		return 0;
	for (tag = strstr(clean, "<body>"); (tag = strchr(tag, '<')) != NULL; tag++) {
		const char *end = strchr(tag, '>');

		if (end == NULL)
			abort();
		{
			g_autofree char *one = g_strndup(tag, (gsize)(end - tag));

			check_tag(one);
		}
	}
	return text == NULL;
}
