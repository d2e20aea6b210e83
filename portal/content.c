#include "portal/content.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/flowed.h"

enum {
	AT_ONCE_MAX = 8,	    /* chunks read with one query */
	QUICK_MICROSECONDS = 20000, /* a reader who comes back sooner is given more at once */
	QUICK_READERS = 32,
	PIECE_BYTES = 65536,
};

static const struct statement parcel_header = {"content_header",
					       "select header from postseal.parcel where id = $1"};

static const struct statement parcel_chunks = {"content_chunks",
					       "select content from postseal.parcel_chunk where "
					       "parcel = $1 and number >= $2 and number < $3 "
					       "order by number",
					       true};

static gint readers; /* how many are open */

struct content {
	struct sink sink; /* receives the content of chunks */
	struct content_source source;
	struct unsealing unsealing;
	bool begun;
	unsigned at_once;
	gint64 last;
	uint64_t skip, left;   /* encoded bytes before the part, and in it */
	uint64_t pass, wanted; /* decoded bytes before the file within the part, and in it */
	bool decodes;
	GMimeEncoding encoding;
	char *ready; /* decoded; kept as small as possible, since there may be many readers */
	size_t room, length, taken; /* of `ready` */
};

/* Appends at most that many bytes. */
static size_t
decoded_length(struct content *content, size_t length)
{
	return content->decodes ? g_mime_encoding_outlen(&content->encoding, length) : length;
}

/* Of what was decoded, what is asked for: a file may be within the part. */
static size_t
narrow(struct content *content, char *decoded, size_t length)
{
	size_t passed = (size_t)MIN(content->pass, (uint64_t)length);

	content->pass -= passed;
	length = (size_t)MIN((uint64_t)(length - passed), content->wanted);
	memmove(decoded, decoded + passed, length);
	content->wanted -= length;
	if (content->wanted == 0)
		content->left = 0;
	return length;
}

static bool
take_plain(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct content *content = (struct content *)sink;
	const char *bytes = data;
	size_t passed = (size_t)MIN(content->skip, (uint64_t)length);

	(void)fault;
	content->skip -= passed;
	bytes += passed;
	length = (size_t)MIN((uint64_t)(length - passed), content->left);
	content->left -= length;
	if (length == 0)
		return true;
	g_assert(content->length + decoded_length(content, length) <= content->room);
	if (content->decodes)
		length = g_mime_encoding_step(&content->encoding, bytes, length,
					      content->ready + content->length);
	else
		memcpy(content->ready + content->length, bytes, length);
	content->length += narrow(content, content->ready + content->length, length);
	return true;
}

struct content *
content_open(const struct content_source *source, const struct layout_part *part)
{
	struct content *content = g_new0(struct content, 1);

	content->sink.write = take_plain;
	content->source = *source;
	content->at_once = 1;
	content->left = part == NULL ? UINT64_MAX : part->length;
	content->skip = part == NULL ? 0 : part->offset;
	content->wanted = UINT64_MAX;
	if (part != NULL && part->is_within) {
		content->pass = part->skip;
		content->wanted = part->size;
		content->left = part->size == 0 ? 0 : part->length;
	}
	content->decodes = part != NULL && part->encoding != LAYOUT_IDENTITY;
	if (content->decodes)
		g_mime_encoding_init_decode(&content->encoding,
					    part->encoding == LAYOUT_BASE64
						    ? GMIME_CONTENT_ENCODING_BASE64
						    : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	g_atomic_int_inc(&readers);
	return content;
}

void
content_close(struct content *content)
{
	if (content == NULL)
		return;
	g_atomic_int_add(&readers, -1);
	sodium_memzero(&content->source.key, sizeof content->source.key);
	unsealing_clear(&content->unsealing);
	g_free(content->ready);
	g_free(content);
}

static bool
begin(struct content *content, struct connection *connection, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *header = NULL;
	size_t length;

	parameters_text(&parameters, content->source.parcel.text);
	if (!connection_execute(connection, &parcel_header, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return fault_set(fault, FAULT_INPUT, "opening the parcel %s: it is gone",
				 content->source.parcel.text);
	header = result_bytes(result, 0, 0, &length);
	content->begun = unsealing_init(&content->unsealing, &content->source.key,
					content->source.parcel.text, header, length, fault);
	/* What precedes the part is not read. */
	content->unsealing.number = (unsigned)(content->skip / SEALING_CHUNK_BYTES);
	content->skip %= SEALING_CHUNK_BYTES;
	return content->begun;
}

/* The reader's pace decides how many chunks to fetch; if there are many readers at once, each gets
 * one, so that memory is bounded. */
static void
adapt(struct content *content)
{
	gint64 now = g_get_monotonic_time();
	bool is_quick = content->last != 0 && now - content->last < QUICK_MICROSECONDS;

	content->at_once = is_quick && g_atomic_int_get(&readers) <= QUICK_READERS
				   ? MIN(content->at_once * 2, (unsigned)AT_ONCE_MAX)
				   : 1;
	content->last = now;
}

static bool
take_chunk(void *context, const PGresult *row, struct fault *fault)
{
	struct content *content = context;

	return content->left == 0 ||
	       unsealing_chunk(&content->unsealing, (const unsigned char *)PQgetvalue(row, 0, 0),
			       (size_t)PQgetlength(row, 0, 0), &content->sink, fault);
}

static bool
fetch(struct content *content, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(content->source.database, fault);
	struct parameters parameters = {0};
	unsigned number;

	if (connection == NULL || (!content->begun && !begin(content, connection, fault)))
		return false;
	adapt(content);
	number = content->unsealing.number;
	content->room = content->at_once * decoded_length(content, SEALING_CHUNK_BYTES);
	content->ready = g_malloc(content->room);
	parameters_text(&parameters, content->source.parcel.text);
	parameters_number(&parameters, number);
	parameters_number(&parameters, (int64_t)number + content->at_once);
	if (!connection_rows(connection, &parcel_chunks, &parameters, take_chunk, content, fault))
		return false;
	return content->unsealing.number > number ||
	       fault_set(fault, FAULT_INPUT, "reading the parcel %s: its end is missing",
			 content->source.parcel.text);
}

bool
content_read(struct content *content, void *data, size_t size, size_t *got_r, struct fault *fault)
{
	while (content->taken == content->length) {
		g_clear_pointer(&content->ready, g_free);
		content->length = content->taken = 0;
		*got_r = 0;
		if (content->left == 0 || content->unsealing.ended)
			return true;
		if (!fetch(content, fault))
			return false;
	}
	*got_r = MIN(size, content->length - content->taken);
	memcpy(data, content->ready + content->taken, *got_r);
	content->taken += *got_r;
	return true;
}

bool
content_copy(struct content *content, struct sink *sink, struct fault *fault)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	size_t got;

	do {
		if (!content_read(content, piece, PIECE_BYTES, &got, fault) ||
		    !sink_write(sink, piece, got, fault))
			return false;
	} while (got > 0);
	return true;
}

/* At most max bytes; *cut_r: there are more. */
static bool
read_some(const struct content_source *source, const struct layout_part *part, size_t max,
	  GByteArray *bytes, bool *cut_r, struct fault *fault)
{
	g_autoptr(content_auto) content = content_open(source, part);
	g_autofree guint8 *piece = g_malloc(PIECE_BYTES);
	size_t got;

	do {
		if (!content_read(content, piece, PIECE_BYTES, &got, fault))
			return false;
		g_byte_array_append(bytes, piece, (guint)MIN(got, max - bytes->len));
		*cut_r = bytes->len == max;
	} while (got > 0 && !*cut_r);
	return true;
}

static char *
in_utf8(const struct layout_part *part, const GByteArray *bytes)
{
	const char *data = (const char *)bytes->data;
	const char *charset = charset_find(part->charset, strcmp(part->type, "text/html") == 0,
					   data, MIN(bytes->len, (guint)CHARSET_BEGINNING));

	return charset_decode(charset, data, bytes->len);
}

static char *
joined(const char *text, bool deletes_space)
{
	GString *out = g_string_new(NULL);
	struct flowed flowed;

	flowed_init(&flowed, deletes_space);
	flowed_step(&flowed, text, strlen(text), out);
	flowed_end(&flowed, out);
	flowed_clear(&flowed);
	return g_string_free(out, FALSE);
}

/* Of UTF-8; what was as long as this may have been longer. */
static char *
beginning_of(const char *text, size_t max, bool *cut_r)
{
	*cut_r = strlen(text) >= max;
	while (*cut_r && max > 0 && (text[max] & 0xc0) == 0x80)
		max--;
	return g_strndup(text, max);
}

char *
content_text(const struct content_source *source, const struct layout_part *part, size_t max,
	     bool *cut_r, struct fault *fault)
{
	g_autoptr(GByteArray) bytes = g_byte_array_sized_new(1);
	g_autofree char *text = NULL;

	if (part->text != NULL)
		return beginning_of(part->text, max, cut_r);
	if (!read_some(source, part, max, bytes, cut_r, fault))
		return NULL;
	text = in_utf8(part, bytes);
	return part->is_flowed ? joined(text, part->deletes_space) : g_steal_pointer(&text);
}

GBytes *
content_bytes(const struct content_source *source, const struct layout_part *part, size_t max,
	      struct fault *fault)
{
	g_autoptr(GByteArray) bytes = g_byte_array_sized_new(1);
	bool cut;

	if (!read_some(source, part, max, bytes, &cut, fault) || cut)
		return NULL;
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
