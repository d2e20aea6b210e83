/* seven_bit_probe: reads names of files from standard input, one a line, each an entity with its
 * header, and writes to the same name with ".out" what mail/seven_bit.h makes of it. Prints "as it
 * is", "written" or why not. */
#include <stdio.h>
#include <string.h>

#include "mail/mime_stream.h"
#include "mail/seven_bit.h"

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 26};

static bool
read_entity(const char *path, GString *header, struct spool *body)
{
	g_autofree char *bytes = NULL;
	const char *empty;
	struct fault fault;
	gsize length;

	if (!g_file_get_contents(path, &bytes, &length, NULL))
		return false;
	empty = length >= 2 && memcmp(bytes, "\r\n", 2) == 0
			? bytes
			: g_strstr_len(bytes, (gssize)length, "\r\n\r\n") + 2;
	g_string_append_len(header, bytes, empty + 2 - bytes);
	return spool_append(body, empty + 2, length - header->len, &fault);
}

/* In pieces, whose ends must not matter. */
static bool
save(const char *path, const struct spool *spool)
{
	g_autofree char *name = g_strconcat(path, ".out", NULL);
	g_autofree char *bytes = g_malloc(spool_size(spool) + 1);
	struct fault fault;
	size_t length = 0, got = 1;

	while (got > 0) {
		if (!spool_read(spool, length, bytes + length, spool_size(spool) - length, &got,
				&fault))
			return false;
		length += got;
	}
	return g_file_set_contents(name, bytes, (gssize)length, NULL);
}

static void
probe(const char *path)
{
	g_autoptr(GString) header = g_string_new(NULL);
	g_autoptr(spool_auto) body = spool_new(&in_memory), out = spool_new(&in_memory);
	const char *why_not = NULL;
	struct fault fault = {0};
	bool is_so = false;

	if (!read_entity(path, header, body) || !seven_bit_is(header, body, &is_so, &fault) ||
	    !seven_bit_write(header, body, spool_sink(out), &why_not, &fault) || !save(path, out))
		printf("failed: %s\n", fault.text);
	else
		puts(is_so ? "as it is" : why_not == NULL ? "written" : why_not);
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
	return 0;
}
