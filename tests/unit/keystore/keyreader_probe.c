/*
 * Has postseal-keyreader read files as if a source in the network had returned them, for
 * test_bad_keys.py: keyreader_probe smime|pgp ADDRESS FILE... Prints one line of JSON for each
 * file: the keys, or why there are none; seconds; and the kilobytes of the largest process so far.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "keystore/found.h"
#include "keystore/found_reader.h"

enum { PATIENCE_SECONDS = 60 };

/* Of processes that have ended. */
static double
seconds_used(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static void
print(const GPtrArray *keys, const char *why, const struct fault *fault, double before)
{
	struct rusage usage;
	g_autoptr(json_t) line = NULL;
	json_t *list = json_array();

	getrusage(RUSAGE_CHILDREN, &usage);
	for (guint i = 0; keys != NULL && i < keys->len; i++) {
		const struct key_facts *facts =
			((const struct found_key *)g_ptr_array_index(keys, i))->facts;

		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:I, s:I}", "fingerprint",
						facts->fingerprint, "cannot", facts->cannot_encrypt,
						"from", (json_int_t)facts->not_before, "until",
						(json_int_t)facts->not_after));
	}
	line = json_pack("{s:o, s:s, s:f, s:I}", "keys", list, "why",
			 keys == NULL  ? fault->text
			 : why == NULL ? ""
				       : why,
			 "seconds", seconds_used(&usage) - before, "kilobytes",
			 (json_int_t)usage.ru_maxrss);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
}

static void
read_file(struct found_reader *reader, enum key_kind kind, const char *address, const char *path)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new(), known = g_ptr_array_new();
	struct found_files files = {
		.kind = kind, .address = address, .items = items, .known = known};
	g_autoptr(GPtrArray) keys = NULL;
	g_autofree char *why = NULL;
	struct found_item item = {.bytes = NULL};
	struct fault fault = {0};
	struct rusage before;
	char *data;
	gsize length;

	if (!g_file_get_contents(path, &data, &length, NULL)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(EXIT_FAILURE);
	}
	item.bytes = g_bytes_new_take(data, length);
	g_ptr_array_add(items, &item);
	getrusage(RUSAGE_CHILDREN, &before);
	keys = found_read(reader, &files,
			  g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC, &why, &fault);
	print(keys, why, &fault, seconds_used(&before));
	g_bytes_unref(item.bytes);
}

int
main(int argc, char **argv)
{
	struct found_reader *reader;

	if (argc < 4) {
		fputs("usage: keyreader_probe smime|pgp ADDRESS FILE...\n", stderr);
		return 2;
	}
	reader = found_reader_new("/usr/bin/gpg");
	for (int i = 3; i < argc; i++)
		read_file(reader, strcmp(argv[1], "pgp") == 0 ? KEY_PGP : KEY_SMIME, argv[2],
			  argv[i]);
	found_reader_free(reader);
	return EXIT_SUCCESS;
}
