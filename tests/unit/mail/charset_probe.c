/*
 * What rules see of texts in character sets of all kinds: for test_charset_oracle.py.
 *
 * Reads messages from a file, each preceded by its length as a decimal number and a line end, and
 * prints for each "F" if the text that is searched for was found, "O" if the text is opaque, "-"
 * otherwise.
 *
 *	charset_probe FILE TEXT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mail/mime_stream.h"
#include "mail/opaque.h"
#include "mail/text.h"
#include "message_of.h"

struct search {
	const char *text;
	bool found;
};

static bool
look(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;

	search->found |= memmem(text, length, search->text, strlen(search->text)) != NULL;
	return !search->found;
}

static char
look_at(const char *bytes, size_t length, const char *text)
{
	g_autoptr(message_auto) message = message_of_bytes(bytes, length);
	g_autoptr(parts_auto) parts = parts_new(message, 100);
	struct search search = {.text = text};
	struct opacity opacity = {0};
	struct fault fault;

	if (!text_each(parts, look, &search, &fault) || !opaque_find(parts, &opacity, &fault))
		return '!';
	return search.found ? 'F' : opacity.text ? 'O' : '-';
}

int
main(int argc, char **argv)
{
	g_autofree char *all = NULL;
	gsize length;

	mime_start();
	if (argc != 3 || !g_file_get_contents(argv[1], &all, &length, NULL))
		return EXIT_FAILURE;
	for (char *at = all; at < all + length;) {
		size_t size = strtoul(at, &at, 10);

		at++;
		printf("%c\n", look_at(at, size, argv[2]));
		at += size;
	}
	return EXIT_SUCCESS;
}
