/* html_probe [PICTURE.png]: reads HTML mail from standard input and writes the document that is
 * shown for it, as the portal does (mail/html.h), with postseal-reader's part in the same process.
 */
#include <stdio.h>
#include <unistd.h>

#include "core/reader/reader.h"
#include "core/reader/serve.h"
#include "mail/html.h"
#include "mail/html_mail.h"

GBytes *__wrap_reader_ask(struct reader *reader, const char *format, const void *document,
			  size_t length, struct fault *fault);

GBytes *
__wrap_reader_ask(struct reader *reader, const char *format, const void *document, size_t length,
		  struct fault *fault)
{
	GString *answer = g_string_new(NULL);

	(void)reader;
	(void)format;
	(void)fault;
	html_mail_clean(document, length, answer);
	return g_string_free_to_bytes(answer);
}

/* The file named on the command line is the picture for every cid. */
static bool
find_picture(void *context, const char *cid, GBytes **bytes_r, const char **type_r)
{
	char *bytes;
	gsize length;

	(void)cid;
	if (context == NULL || !g_file_get_contents(context, &bytes, &length, NULL))
		return false;
	*bytes_r = g_bytes_new_take(bytes, length);
	*type_r = "image/png";
	return true;
}

int
main(int argc, char **argv)
{
	static char html[HTML_MAX + 1];
	const struct html_pictures pictures = {.find = find_picture,
					       .context = argc > 1 ? argv[1] : NULL};
	struct html_piece piece = {.text = html, .is_html = true, .pictures = &pictures};
	g_autofree char *document = NULL;
	struct fault fault = {0};

	html[fread(html, 1, HTML_MAX, stdin)] = '\0';
	document = html_document(NULL, &piece, 1, "Message", "en", &fault);
	if (document == NULL) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	fputs(document, stdout);
	fflush(stdout);
	_exit(0); /* as postseal-reader ends: the parser's tree is never freed (mail/html_mail.c) */
}
