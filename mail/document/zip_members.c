#include "mail/document/zip_members.h"

#include <string.h>
#include <zlib.h>

#include "core/reader/serve.h"
#include "mail/document/charset_table.h"

enum {
	LOCAL_BYTES = 30,     /* 4.3.7, without name and extra field */
	ENTRY_BYTES = 46,     /* 4.3.12 */
	END_BYTES = 22,	      /* 4.3.16 */
	END64_BYTES = 56,     /* 4.3.14 */
	LOCATOR64_BYTES = 20, /* 4.3.15 */
	COMMENT_MAX = 65535,
	FLAG_ENCRYPTED = 1,
	FLAG_DESCRIPTOR = 8,
	STORED = 0,
	DEFLATED = 8,
	EXTRA_ZIP64 = 1,
	PIECE_BYTES = 64 * 1024,
};

static const char damaged[] = "is a damaged archive";
static const char unclear[] = "is an archive that programs read in different ways";

static uint32_t
number(const unsigned char *at, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static uint64_t
number64(const unsigned char *at)
{
	return (uint64_t)number(at + 4, 4) << 32 | number(at, 4);
}

static bool
has_mark(const unsigned char *at, const char *mark)
{
	return memcmp(at, mark, 4) == 0;
}

static void
note(struct zip_members *zip, const char *defect)
{
	if (zip->defect == NULL)
		zip->defect = defect;
}

/* --- the directory --- */

struct directory {
	uint64_t entries, bytes, offset; /* as the end says */
	uint64_t end;			 /* where it ends in the file */
};

static bool
is_end(const struct zip_members *zip, size_t at)
{
	return has_mark(zip->archive + at, "PK\5\6") &&
	       at + END_BYTES + number(zip->archive + at + 20, 2) <= zip->length;
}

/* 4.4.1.4: does the end have no room for the value, or the same? */
static bool
may_say(uint64_t value, uint32_t said, uint32_t no_room)
{
	return said == no_room || said == value;
}

/* Some programs read the shorter record, some the longer one. */
static bool
is_same_directory(const unsigned char *end, const struct directory *directory)
{
	return may_say(directory->entries, number(end + 10, 2), UINT16_MAX) &&
	       may_say(directory->bytes, number(end + 12, 4), UINT32_MAX) &&
	       may_say(directory->offset, number(end + 16, 4), UINT32_MAX);
}

/* 4.3.14 and 4.3.15: for archives of more than 4 GB, or of 65535 files, but allowed for any. */
static bool
find_end64(struct zip_members *zip, size_t end, struct directory *directory)
{
	const unsigned char *locator = zip->archive + end - LOCATOR64_BYTES, *record;
	uint64_t at;

	if (end < LOCATOR64_BYTES + END64_BYTES || !has_mark(locator, "PK\6\7"))
		return false;
	at = number64(locator + 8);
	if (at > end - LOCATOR64_BYTES - END64_BYTES)
		at = end - LOCATOR64_BYTES - END64_BYTES; /* something precedes the archive */
	record = zip->archive + at;
	if (!has_mark(record, "PK\6\6"))
		return false;
	directory->entries = number64(record + 32);
	directory->bytes = number64(record + 40);
	directory->offset = number64(record + 48);
	directory->end = at;
	if (!is_same_directory(zip->archive + end, directory))
		note(zip, unclear);
	return true;
}

/* What programs show beside the files (4.3.12) and the archive (4.3.16). */
static void
add_comment(struct zip_members *zip, const unsigned char *bytes, size_t length)
{
	const char *comment = (const char *)bytes;

	if (length == 0)
		return;
	if (g_utf8_validate_len(comment, length, NULL)) {
		g_string_append_len(zip->comments, comment, (gssize)length);
	} else {
		g_autofree char *converted = charset_table_convert(437, comment, length);

		g_string_append(zip->comments, converted);
	}
	g_string_append_c(zip->comments, '\n');
}

static bool
find_directory(struct zip_members *zip, struct directory *directory)
{
	size_t at = zip->length - END_BYTES,
	       first = zip->length > END_BYTES + COMMENT_MAX ? at - COMMENT_MAX : 0;
	const unsigned char *end;

	if (zip->length < END_BYTES)
		return false;
	while (!is_end(zip, at) && at > first)
		at--;
	if (!is_end(zip, at))
		return false;
	end = zip->archive + at;
	add_comment(zip, end + END_BYTES, number(end + 20, 2));
	if (number(end + 4, 2) != number(end + 6, 2)) /* split over several disks */
		return false;
	if (find_end64(zip, at, directory))
		return true;
	*directory = (struct directory){number(end + 10, 2), number(end + 12, 4),
					number(end + 16, 4), at};
	return true;
}

/* Names in old archives are in the character set of the original IBM PC (appendix D.1). */
static char *
name_of(const unsigned char *bytes, size_t length)
{
	const size_t most = MIN(length, (size_t)ZIP_NAME_MAX);
	const char *name = (const char *)bytes + (length - most);

	/* A name that is cut here may begin within a character: of it, less is told (tell_name.h).
	 */
	return g_utf8_validate_len((const char *)bytes, length, NULL)
		       ? g_strndup(name, most)
		       : charset_table_convert(437, name, most);
}

/* 4.5.3: each value is there only if its field has no room for it, in this order. */
static void
read_extra(const unsigned char *extra, size_t length, struct zip_member *member, uint64_t *offset)
{
	uint64_t *const values[] = {&member->size, &member->packed, offset};

	while (length >= 4) {
		const size_t size = MIN(number(extra + 2, 2), length - 4);
		const unsigned char *at = extra + 4, *end = at + size;

		for (size_t i = 0; number(extra, 2) == EXTRA_ZIP64 && i < G_N_ELEMENTS(values); i++)
			if (*values[i] == UINT32_MAX && end - at >= 8) {
				*values[i] = number64(at);
				at += 8;
			}
		extra += 4 + size;
		length -= 4 + size;
	}
}

/* With a descriptor, sizes and checksum are behind the file. */
static bool
says_the_same(const unsigned char *local, uint64_t name_length, const struct zip_member *member)
{
	struct zip_member said = {.packed = number(local + 18, 4), .size = number(local + 22, 4)};
	uint64_t offset = 0;

	read_extra(local + LOCAL_BYTES + name_length, number(local + 28, 2), &said, &offset);
	return said.packed == member->packed && said.size == member->size &&
	       number(local + 14, 4) == member->checksum;
}

/* The record before the file (4.3.7) must say what the directory says. */
static bool
read_local(struct zip_members *zip, const unsigned char *entry, uint64_t offset,
	   struct zip_member *member)
{
	const unsigned char *local = zip->archive + offset;
	uint64_t name_length, data;

	if (offset > zip->length - LOCAL_BYTES || !has_mark(local, "PK\3\4"))
		return false;
	name_length = number(local + 26, 2);
	data = offset + LOCAL_BYTES + name_length + number(local + 28, 2);
	if (data > zip->length || member->packed > zip->length - data)
		return false;
	member->begins = offset;
	member->ends = data + member->packed;
	member->data = zip->archive + data;
	if (name_length != number(entry + 28, 2) ||
	    memcmp(local + LOCAL_BYTES, entry + ENTRY_BYTES, name_length) != 0 ||
	    number(local + 8, 2) != member->method ||
	    ((number(local + 6, 2) ^ number(entry + 8, 2)) & FLAG_ENCRYPTED) != 0 ||
	    (!member->has_descriptor && !says_the_same(local, name_length, member)))
		note(zip, unclear);
	return true;
}

/* Returns the length of the entry; 0: it is not one. `base`: what precedes the archive. */
static size_t
read_entry(struct zip_members *zip, const unsigned char *entry, size_t left, uint64_t base)
{
	const unsigned flags = left < ENTRY_BYTES ? 0 : number(entry + 8, 2);
	struct zip_member member = {.name = NULL};
	size_t name_length, extra_length, length;
	uint64_t offset;

	if (left < ENTRY_BYTES || !has_mark(entry, "PK\1\2"))
		return 0;
	name_length = number(entry + 28, 2);
	extra_length = number(entry + 30, 2);
	length = ENTRY_BYTES + name_length + extra_length + number(entry + 32, 2);
	if (length > left)
		return 0;
	member.method = number(entry + 10, 2);
	member.checksum = number(entry + 16, 4);
	member.packed = number(entry + 20, 4);
	member.size = number(entry + 24, 4);
	member.is_encrypted = (flags & FLAG_ENCRYPTED) != 0;
	member.has_descriptor = (flags & FLAG_DESCRIPTOR) != 0;
	offset = number(entry + 42, 4);
	read_extra(entry + ENTRY_BYTES + name_length, extra_length, &member, &offset);
	if (offset > zip->length || !read_local(zip, entry, base + offset, &member))
		return 0;
	member.name = name_of(entry + ENTRY_BYTES, name_length);
	add_comment(zip, entry + ENTRY_BYTES + name_length + extra_length, number(entry + 32, 2));
	g_array_append_val(zip->members, member);
	return length;
}

static void
read_entries(struct zip_members *zip, const struct directory *directory)
{
	const uint64_t begin = directory->end - directory->bytes, base = begin - directory->offset;
	uint64_t at = begin;

	if (directory->entries > ZIP_MEMBERS_MAX)
		reader_refuse(READER_TOO_MANY);
	for (uint64_t i = 0; i < directory->entries; i++) {
		size_t length = read_entry(zip, zip->archive + at, directory->end - at, base);

		if (length == 0) {
			note(zip, damaged);
			return;
		}
		at += length;
	}
	if (at != directory->end)
		note(zip, unclear);
}

/* --- what is between the files --- */

static int
compare_places(gconstpointer a, gconstpointer b)
{
	const struct zip_member *one = *(const struct zip_member *const *)a,
				*other = *(const struct zip_member *const *)b;

	return one->begins < other->begins ? -1 : one->begins > other->begins;
}

/* Is there nothing that a program could take for a file? */
static bool
is_gap(const struct zip_members *zip, uint64_t from, uint64_t to)
{
	return to <= from || memmem(zip->archive + from, to - from, "PK\3\4", 4) == NULL;
}

static void
check_places(struct zip_members *zip, const struct directory *directory)
{
	const uint64_t begin = directory->end - directory->bytes;
	g_autoptr(GPtrArray) places = g_ptr_array_new();
	uint64_t at = 0;

	for (guint i = 0; i < zip->members->len; i++)
		g_ptr_array_add(places, &g_array_index(zip->members, struct zip_member, i));
	g_ptr_array_sort(places, compare_places);
	for (guint i = 0; i < places->len; i++) {
		const struct zip_member *member = g_ptr_array_index(places, i);

		if (member->begins < at || !is_gap(zip, at, member->begins))
			note(zip, unclear);
		at = MAX(at, member->ends);
	}
	if (at > begin || !is_gap(zip, at, begin) || !is_gap(zip, directory->end, zip->length))
		note(zip, unclear);
}

/* Whoever asked is told before the work begins: many archives within one may be too much
 * together, though nothing of what they unpack to is text. */
static void
check_sizes(const struct zip_members *zip)
{
	uint64_t sum = 0;

	for (guint i = 0; i < zip->members->len; i++) {
		uint64_t size = g_array_index(zip->members, struct zip_member, i).size;

		if (size > ZIP_UNPACKED_MAX || (sum += size) > ZIP_UNPACKED_MAX)
			reader_refuse(READER_TOO_LARGE);
	}
	reader_tell(READER_UNPACKS, (const char *)&sum, sizeof sum);
}

static void
clear_member(gpointer member)
{
	g_free(((struct zip_member *)member)->name);
}

void
zip_members_read(struct zip_members *zip, const char *archive, size_t length)
{
	struct directory directory;

	*zip = (struct zip_members){.archive = (const unsigned char *)archive,
				    .length = length,
				    .members = g_array_new(FALSE, FALSE, sizeof(struct zip_member)),
				    .comments = g_string_new(NULL)};
	g_array_set_clear_func(zip->members, clear_member);
	if (!find_directory(zip, &directory) || directory.bytes > directory.end ||
	    directory.offset > directory.end - directory.bytes) {
		note(zip, damaged);
		return;
	}
	read_entries(zip, &directory);
	check_places(zip, &directory);
	check_sizes(zip);
}

void
zip_members_clear(struct zip_members *zip)
{
	g_array_unref(zip->members);
	g_string_free(zip->comments, TRUE);
}

/* --- unpacking --- */

/* What has been unpacked. */
struct unpacking {
	const struct zip_member *member;
	zip_take *take;
	void *taker;
	uint64_t bytes;
	uLong checksum;
	bool stopped;
};

static void
pass(struct unpacking *unpacking, const unsigned char *bytes, size_t length)
{
	unpacking->bytes += length;
	unpacking->checksum = crc32(unpacking->checksum, bytes, (uInt)length);
	unpacking->stopped = !unpacking->take(unpacking->taker, (const char *)bytes, length);
}

static const char *
copy(struct unpacking *unpacking)
{
	const struct zip_member *member = unpacking->member;
	size_t length;

	for (uint64_t at = 0; at < member->packed && !unpacking->stopped; at += length) {
		length = (size_t)MIN((uint64_t)PIECE_BYTES, member->packed - at);
		pass(unpacking, member->data + at, length);
	}
	return NULL;
}

/* Stops at the claimed size: what is behind it would be seen by some programs only. */
static const char *
inflate_all(struct unpacking *unpacking)
{
	const struct zip_member *member = unpacking->member;
	unsigned char *piece = reader_allocate(PIECE_BYTES);
	z_stream stream = {.next_in = (Bytef *)member->data, .avail_in = (uInt)member->packed};
	int result = inflateInit2(&stream, -MAX_WBITS);

	while (result == Z_OK && !unpacking->stopped && unpacking->bytes <= member->size) {
		stream.next_out = piece;
		stream.avail_out = PIECE_BYTES;
		result = inflate(&stream, Z_NO_FLUSH);
		if (stream.avail_out < PIECE_BYTES)
			pass(unpacking, piece, PIECE_BYTES - stream.avail_out);
	}
	if (result == Z_STREAM_END && stream.avail_in > 0)
		result = Z_DATA_ERROR;
	inflateEnd(&stream);
	reader_release(piece);
	return unpacking->stopped || result == Z_STREAM_END ? NULL : damaged;
}

const char *
zip_unpack(const struct zip_member *member, zip_take *take, void *taker)
{
	struct unpacking unpacking = {
		.member = member, .take = take, .taker = taker, .checksum = crc32(0, NULL, 0)};
	const char *why;

	if (member->is_encrypted)
		return "is encrypted";
	if (member->method != STORED && member->method != DEFLATED)
		return "is compressed in an uncommon way";
	why = member->method == STORED ? copy(&unpacking) : inflate_all(&unpacking);
	if (why != NULL || unpacking.stopped)
		return why;
	return unpacking.bytes == member->size && unpacking.checksum == member->checksum ? NULL
											 : damaged;
}
