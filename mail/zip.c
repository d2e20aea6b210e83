#include "mail/zip.h"

#include <stdint.h>
#include <string.h>

enum { PIECE_BYTES = 65536, FIELD_BYTES = 65535, RECORD_BYTES = 46, FLAG_ENCRYPTED = 1 };
enum { UNICODE_PATH = 0x7075, BEFORE_PATH = 5 }; /* 4.6.9: a version and a checksum precede it */

/* A kind of record: the offsets of its flags, name length and name (4.3.7, 4.3.12). The length of
 * the extra field follows that of the name, and the extra field the name. */
static const struct record {
	const char *mark;
	size_t flags, length, name;
} records[] = {{"PK\3\4", 6, 26, 30}, {"PK\1\2", 8, 28, 46}};

static const char end_mark[] = {'P', 'K', 5, 6};

struct scan {
	zip_visit *visit;
	void *visitor;
	struct reading_limit *limit;
	uint64_t processed; /* bytes of the archive */
	uint64_t names_end; /* where what follows no name that was seen begins */
	bool go_on;
};

static unsigned
number_at(const char *bytes)
{
	return (unsigned)(unsigned char)bytes[0] | (unsigned)(unsigned char)bytes[1] << 8;
}

/* Names in old archives are in the character set of the original IBM PC (appendix D.1). */
static char *
name_of(const char *bytes, size_t length)
{
	char *name = g_utf8_validate_len(bytes, length, NULL)
			     ? g_strndup(bytes, length)
			     : g_convert(bytes, (gssize)length, "UTF-8", "CP437", NULL, NULL, NULL);

	return name == NULL ? g_strdup("") : name;
}

/* Programs that know the Unicode path show it instead of the name. */
static bool
visit_unicode_paths(const char *extra, size_t length, bool is_encrypted, zip_visit *visit,
		    void *visitor)
{
	bool go_on = true;

	while (go_on && length >= 4) {
		size_t size = MIN(number_at(extra + 2), length - 4);

		if (number_at(extra) == UNICODE_PATH && size > BEFORE_PATH) {
			g_autofree char *path =
				name_of(extra + 4 + BEFORE_PATH, size - BEFORE_PATH);

			go_on = visit(visitor, path, is_encrypted);
		}
		extra += 4 + size;
		length -= 4 + size;
	}
	return go_on;
}

/* `place` is that of the record in the archive. */
static bool
take(struct scan *scan, uint64_t place, const struct record *record, size_t length)
{
	uint64_t name = place + record->name;
	bool overlaps = place < scan->names_end;

	scan->names_end = MAX(scan->names_end, name + length);
	return !overlaps || reading_limit_take(scan->limit, length);
}

static bool
visit_record(struct scan *scan, uint64_t place, const struct record *record, const char *at,
	     size_t left)
{
	size_t name_length = MIN(number_at(at + record->length), left - record->name);
	const char *extra = at + record->name + name_length;
	size_t extra_length =
		MIN(number_at(at + record->length + 2), left - record->name - name_length);
	bool is_encrypted = (number_at(at + record->flags) & FLAG_ENCRYPTED) != 0;
	g_autofree char *name = NULL;

	if (!take(scan, place, record, name_length + extra_length))
		return false;
	name = name_of(at + record->name, name_length);
	return scan->visit(scan->visitor, name, is_encrypted) &&
	       visit_unicode_paths(extra, extra_length, is_encrypted, scan->visit, scan->visitor);
}

/* Returns how many of the `bytes` were processed; the rest begins an incomplete record. */
static size_t
look(struct scan *scan, const char *bytes, size_t length, bool is_end)
{
	for (const char *at = bytes; scan->go_on; at++) {
		const struct record *record = NULL;
		size_t left;

		at = memchr(at, 'P', length - (size_t)(at - bytes));
		if (at == NULL)
			return length;
		left = length - (size_t)(at - bytes);
		if (left < RECORD_BYTES + 2 * FIELD_BYTES && !is_end)
			return (size_t)(at - bytes);
		for (size_t i = 0; i < G_N_ELEMENTS(records); i++)
			if (left >= records[i].name && memcmp(at, records[i].mark, 4) == 0)
				record = &records[i];
		if (record != NULL)
			scan->go_on = visit_record(scan, scan->processed + (uint64_t)(at - bytes),
						   record, at, left);
	}
	return length;
}

void
zip_each(GMimeStream *archive, struct reading_limit *limit, zip_visit *visit, void *visitor)
{
	struct scan scan = {.visit = visit, .visitor = visitor, .limit = limit, .go_on = true};
	g_autoptr(GString) held = g_string_new(NULL);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	size_t processed;
	ssize_t got;

	do {
		got = g_mime_stream_read(archive, piece, PIECE_BYTES);
		if (got > 0)
			g_string_append_len(held, piece, got);
		processed = look(&scan, held->str, held->len, got <= 0);
		scan.processed += processed;
		g_string_erase(held, 0, (gssize)processed);
	} while (got > 0 && scan.go_on);
}

/* memmem(3) looks at every byte for a mark as short as that; memchr(3) looks at many at once, for
 * the last byte of the mark, which is rare. */
bool
zip_end_is_in(const char *bytes, size_t length)
{
	const char *at = bytes + sizeof end_mark - 1, *end = bytes + length;

	while (at < end && (at = memchr(at, end_mark[sizeof end_mark - 1], (size_t)(end - at)))) {
		if (memcmp(at - (sizeof end_mark - 1), end_mark, sizeof end_mark - 1) == 0)
			return true;
		at++;
	}
	return false;
}

bool
zip_is_within(GMimeStream *file)
{
	g_autofree char *window = g_malloc(sizeof end_mark + PIECE_BYTES);
	bool found = false, is_first = true;
	size_t held = 0, kept;
	ssize_t got;

	while (!found && (got = g_mime_stream_read(file, window + held, PIECE_BYTES)) > 0) {
		held += (size_t)got;
		found = (is_first && held >= 2 && memcmp(window, "PK", 2) == 0) ||
			zip_end_is_in(window, held);
		is_first = false;
		kept = MIN(held, sizeof end_mark - 1);
		memmove(window, window + held - kept, kept);
		held = kept;
	}
	return found;
}
