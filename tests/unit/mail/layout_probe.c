/* layout_probe: reads names of message files from standard input, one a line, and prints what the
 * portal would make of each: its layout as JSON (mail/layout.h), on one line. Pictures are sorted
 * by what postseal-reader's part, in this process, would show. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/reader/serve.h"
#include "mail/html_mail.h"
#include "mail/layout.h"
#include "mail/mime_stream.h"

static void
note_pictures(const char *clean, GHashTable *shown)
{
	static const char mark[] = " src=\"cid:";

	for (const char *at = clean; (at = strstr(at, mark)) != NULL;) {
		g_autofree char *escaped = NULL;

		at += strlen(mark);
		escaped = g_strndup(at, strcspn(at, "\""));
		g_hash_table_add(shown, g_uri_unescape_string(escaped, NULL));
	}
}

/* The tests write HTML without a transfer encoding. */
static void
ask(void *context, const struct layout *layout, GHashTable *shown)
{
	const struct layout_part *part;
	struct fault fault;

	for (guint i = 0; (part = layout_shown(layout, LAYOUT_IN_HTML, i)) != NULL; i++) {
		g_autofree char *html = g_malloc0(part->length + 1);
		GString *clean = g_string_new(NULL);
		size_t got;

		if (layout_is_html(part) &&
		    spool_read(context, part->offset, html, part->length, &got, &fault)) {
			html_mail_clean(html, got, clean);
			note_pictures(clean->str, shown);
		}
		g_string_free(clean, TRUE);
	}
}

static void
probe(const char *path)
{
	static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 26};
	g_autoptr(spool_auto) raw = spool_new(&in_memory);
	g_autoptr(layout_auto) layout = NULL;
	g_autofree char *bytes = NULL, *text = NULL;
	struct fault fault = {0};
	gsize length;

	if (!g_file_get_contents(path, &bytes, &length, NULL) ||
	    !spool_append(raw, bytes, length, &fault) ||
	    (layout = layout_new(raw, &fault)) == NULL) {
		puts("null");
		return;
	}
	layout_sort_pictures(layout, ask, raw);
	text = layout_print(layout);
	puts(text);
}

int
main(void)
{
	char line[4096];

	mime_start();
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		probe(line);
	}
	fflush(stdout);
	_exit(0); /* as postseal-reader ends: the parser's tree is never freed (mail/html_mail.c) */
}
