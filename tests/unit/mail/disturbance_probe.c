/*
 * Which MIME entities look as if somebody had changed them while they were encrypted: for
 * test_disturbance_oracle.py.
 *
 * Reads entities from a file, each preceded by its length as a decimal number and a line end, and
 * prints a character for each. o: it is opened; d: it is disturbed; n: it is no entity.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mail/entity_sink.h"
#include "mail/mime_stream.h"

enum { PIECE = 1000, HEADER_MAX = 100000 };

static void
print(const char *text, size_t length)
{
	static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 26};
	struct message *message = message_new(&in_memory);
	struct entity_sink entity;
	struct fault fault;
	bool good = true;

	entity_sink_init(&entity, message, HEADER_MAX);
	entity.is_suspect = true;
	for (size_t at = 0; at < length && good; at += PIECE)
		good = sink_write(&entity.sink, text + at, MIN(PIECE, length - at), &fault);
	good = good && sink_finish(&entity.sink, &fault);
	putchar(!good ? 'n' : entity_sink_is_disturbed(&entity) ? 'd' : 'o');
	entity_sink_clear(&entity);
	message_free(message);
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
	putchar('\n');
	return 0;
}
