/*
 * What content rules find in messages: for test_content_oracle.py.
 *
 * Reads messages from a file, each preceded by its length as a decimal number and a line end, and
 * prints a line for each, with a letter for every answer that is yes. N: a file is called *.dwg. T:
 * the text has "xyzzy". n, t: the message is opaque for names, for text. e: it is encrypted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mail/mime_stream.h"
#include "mail/names.h"
#include "mail/opaque.h"
#include "mail/protection.h"
#include "mail/text.h"
#include "message_of.h"

static bool
look_at_name(void *visitor, const char *name, const char *type)
{
	g_autofree char *lower = name == NULL ? NULL : g_ascii_strdown(name, -1);

	(void)type;
	*(bool *)visitor |= lower != NULL && g_str_has_suffix(lower, ".dwg");
	return true;
}

static bool
look_at_text(void *visitor, const char *text, size_t length)
{
	*(bool *)visitor |= memmem(text, length, "xyzzy", 5) != NULL;
	return true;
}

static void
print(const char *text, size_t length)
{
	g_autoptr(message_auto) message = message_of_bytes(text, length);
	g_autoptr(parts_auto) parts = parts_new(message, 1000);
	struct protection protection;
	struct opacity opaque;
	struct fault fault;
	bool has_name = false, has_text = false;

	if (!names_each(parts, look_at_name, &has_name, &fault) ||
	    !text_each(parts, look_at_text, &has_text, &fault) ||
	    !protection_find(parts, &protection, &fault) || !opaque_find(parts, &opaque, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	printf("%s%s%s%s%s %s\n", has_name ? "N" : "", has_text ? "T" : "", opaque.names ? "n" : "",
	       opaque.text ? "t" : "", protection.encrypted ? "e" : "", opaque.why);
}

int
main(int argc, char **argv)
{
	g_autofree char *content = NULL;
	char *at, *end;
	gsize length;

	if (argc != 2 || !g_file_get_contents(argv[1], &content, &length, NULL))
		return 1;
	mime_start();
	for (at = content; at < content + length; at = end) {
		size_t bytes = strtoul(at, &at, 10);

		at++;
		end = at + bytes;
		print(at, bytes);
	}
	return 0;
}
