/*
 * The tag "[secure]" in generated Subject fields: for test_words_oracle.py.
 *
 * Reads values from a file, each preceded by its length as a decimal number and a line end, and
 * prints for each "T" if a reading has the tag, "-" if not, and the value after it was removed, in
 * hexadecimal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#include "mail/encoded_words.h"
#include "mail/mime_stream.h"
#include "mail/subject_tags.h"

static bool
look_at(void *visitor, const char *text)
{
	*(bool *)visitor |= subject_tags_has(text, "[secure]", false);
	return true;
}

static void
print(const char *value)
{
	static const char *const tags[] = {"[secure]", NULL};
	g_autofree char *removed = subject_tags_remove(value, tags);
	const char *left = removed == NULL ? value : removed;
	size_t length = strlen(left);
	g_autofree char *hex = g_malloc(2 * length + 1);
	bool has = false;

	encoded_words_each(value, NULL, look_at, &has);
	sodium_bin2hex(hex, 2 * length + 1, (const unsigned char *)left, length);
	printf("%s %s\n", has ? "T" : "-", hex);
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
		g_autofree char *value = g_strndup(at + 1, bytes);

		end = at + 1 + bytes;
		print(value);
	}
	return 0;
}
