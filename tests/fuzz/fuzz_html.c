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
	static const char *const pictures[] = {"cid:", NULL};

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

/* The name, and attributes in quotes; the text between tags may say anything. */
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
	g_autofree char *html = g_utf8_make_valid((const char *)data, (gssize)size);
	g_autofree char *clean = made_of(html_mail_clean, html);

	g_free(made_of(html_mail_text, html));
	for (const char *tag = clean; tag != NULL && (tag = strchr(tag, '<')) != NULL; tag++) {
		const char *end = strchr(tag, '>');
		g_autofree char *one = end == NULL ? NULL : g_strndup(tag, (gsize)(end - tag));

		if (one == NULL)
			abort();
		check_tag(one);
	}
	return 0;
}
