/*
 * HTML mail: what is left after cleaning contains nothing that runs or loads. It is cleaned in this
 * process, with a simulated postseal-reader around it: memory is freed after each document, and
 * after a refusal the fuzzer goes on with the next one.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/html_mail.h"

enum { ALLOCATIONS_MAX = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	GPtrArray *memory;
	jmp_buf refused;
} around;

void
reader_refuse(enum reader_outcome outcome)
{
	longjmp(around.refused, (int)outcome);
}

void *
reader_allocate(size_t size)
{
	void *memory;

	if (around.memory->len >= ALLOCATIONS_MAX)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	memory = g_malloc(size);
	g_ptr_array_add(around.memory, memory);
	return memory;
}

/* Frees everything at the end. */
void
reader_release(void *memory)
{
	(void)memory;
}

/* NULL if it is refused; caller frees. */
static char *
made_of(void (*make)(const char *, size_t, GString *), const char *html)
{
	GString *volatile answer = g_string_new(NULL);
	volatile bool done = false;

	around.memory = g_ptr_array_new_with_free_func(g_free);
	if (setjmp(around.refused) == 0) {
		make(html, strlen(html), answer);
		done = true;
	}
	g_ptr_array_unref(around.memory);
	return g_string_free(answer, !done);
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
	static const char *const pictures[] = {"cid:", "data:image/gif;base64,R0lGODlh", NULL};

	if (strcmp(name, "href") == 0 && !begins_with_any(value, links))
		abort();
	if (strcmp(name, "src") == 0 && !begins_with_any(value, pictures))
		abort();
	if (strcmp(name, "style") == 0 && strcasestr(value, "url(") != NULL)
		abort();
	if (g_str_has_prefix(name, "on") || strcmp(name, "srcset") == 0 ||
	    strcmp(name, "action") == 0 || strcmp(name, "name") == 0)
		abort();
}

/* The name, and attributes in quotes; the text between tags may say anything. */
static void
check_tag(const char *tag)
{
	static const char *const never[] = {"<script", "<iframe", "<object", "<embed", "<form",
					    "<svg",    "<math",	  "<link",   "<base",  "<meta",
					    "<input",  "<button", "<!",	     NULL};
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

/* Nothing is loaded by a sheet, and nothing holds outside the mail's own element. */
static void
check_sheet(const char *sheet)
{
	g_auto(GStrv) lines = g_strsplit(sheet, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *rule = *line;

		while (g_str_has_prefix(rule, "@media")) {
			rule = strchr(rule, '{');
			if (rule++ == NULL)
				abort();
		}
		if (strcasestr(rule, "url(") != NULL || strchr(rule, '@') != NULL ||
		    (*rule != '\0' && *rule != '}' && !g_str_has_prefix(rule, ".m")))
			abort();
	}
}

static void
check_page(const char *page)
{
	for (const char *tag = strchr(page, '<'); tag != NULL; tag = strchr(tag + 1, '<')) {
		const char *end = strchr(tag, '>'), *behind = end == NULL ? NULL : strchr(end, '<');
		g_autofree char *one = end == NULL ? NULL : g_strndup(tag, (gsize)(end - tag));

		if (one == NULL)
			abort();
		check_tag(one);
		if (strcmp(one, "<style") == 0) {
			g_autofree char *sheet = g_strndup(end + 1, (gsize)(behind - end) - 1);

			if (!g_str_has_prefix(behind, "</style>"))
				abort();
			check_sheet(sheet);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *html = g_utf8_make_valid((const char *)data, (gssize)size);
	g_autofree char *clean = made_of(html_mail_clean, html);
	const char *page = clean == NULL ? NULL : strchr(clean, '\n'); /* behind the doctype */

	g_free(made_of(html_mail_text, html));
	if (page != NULL)
		check_page(page);
	return 0;
}
