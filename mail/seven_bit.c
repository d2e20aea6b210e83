#include "mail/seven_bit.h"

#include <gmime/gmime.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 998, PIECE_BYTES = 8192, HEADER_MAX = 65536, DEPTH_MAX = 32 };

/* --- is it in 7 bits? --- */

struct look {
	size_t length; /* of the current line */
	bool after_cr;
	bool clean;
};

static void
look_at(struct look *look, const char *data, size_t length)
{
	for (size_t i = 0; i < length && look->clean; i++) {
		const unsigned char byte = (unsigned char)data[i];

		if (byte == '\n') {
			look->clean = look->after_cr;
			look->length = 0;
		} else if (byte == 0 || byte > 127 || look->after_cr) {
			look->clean = false;
		} else if (byte != '\r' && ++look->length > LINE_MAX_OCTETS) {
			look->clean = false;
		}
		look->after_cr = byte == '\r';
	}
}

static bool
is_clean_text(const char *text, size_t length)
{
	struct look look = {.clean = true};

	look_at(&look, text, length);
	return look.clean && !look.after_cr;
}

/* The body from `from` to `to`. */
static bool
is_clean(const struct spool *body, uint64_t from, uint64_t to, bool *clean_r, struct fault *fault)
{
	struct look look = {.clean = true};
	char piece[PIECE_BYTES];
	size_t got = 1;

	for (; from < to && look.clean && got > 0; from += got) {
		if (!spool_read(body, from, piece, (size_t)MIN(to - from, sizeof piece), &got,
				fault))
			return false;
		look_at(&look, piece, got);
	}
	*clean_r = look.clean && !look.after_cr;
	return true;
}

bool
seven_bit_is(const GString *header, const struct spool *body, bool *is_r, struct fault *fault)
{
	*is_r = is_clean_text(header->str, header->len);
	return !*is_r || is_clean(body, 0, spool_size(body), is_r, fault);
}

/* --- lines of the body --- */

/* The body line by line; what is longer than a piece comes in several. */
struct lines {
	const struct spool *body;
	uint64_t at; /* of the next line */
	char piece[PIECE_BYTES];
	size_t have, next; /* in `piece` */
	bool inside;	   /* the next piece continues a line */
};

struct line {
	uint64_t at;
	const char *text;
	size_t length; /* with its line end; 0: the body has ended */
	bool begins;
};

static bool
fill(struct lines *lines, struct fault *fault)
{
	size_t got = 1;

	memmove(lines->piece, lines->piece + lines->next, lines->have - lines->next);
	lines->have -= lines->next;
	lines->next = 0;
	while (got > 0 && lines->have < sizeof lines->piece) {
		if (!spool_read(lines->body, lines->at + lines->have, lines->piece + lines->have,
				sizeof lines->piece - lines->have, &got, fault))
			return false;
		lines->have += got;
	}
	return true;
}

static bool
next_line(struct lines *lines, struct line *line_r, struct fault *fault)
{
	const char *end = memchr(lines->piece + lines->next, '\n', lines->have - lines->next);

	if (end == NULL) {
		if (!fill(lines, fault))
			return false;
		end = memchr(lines->piece, '\n', lines->have);
	}
	line_r->at = lines->at;
	line_r->text = lines->piece + lines->next;
	line_r->length = end == NULL ? lines->have - lines->next : (size_t)(end + 1 - line_r->text);
	line_r->begins = !lines->inside;
	lines->inside = end == NULL;
	lines->next += line_r->length;
	lines->at += line_r->length;
	return true;
}

static void
go_to(struct lines *lines, uint64_t at)
{
	lines->at = at;
	lines->have = lines->next = 0;
	lines->inside = false;
}

static size_t
line_end_length(const struct line *line)
{
	if (line->length == 0 || line->text[line->length - 1] != '\n')
		return 0;
	return line->length > 1 && line->text[line->length - 2] == '\r' ? 2 : 1;
}

/* --- rewriting --- */

struct rewriting {
	struct lines lines;
	struct sink *sink;
	const char *why_not;
	GPtrArray *boundaries; /* char *: of the multiparts around, the outermost first */
	unsigned sealed;       /* how many of the structures around must keep their bytes */
	bool in_digest;	       /* parts without a type are messages (RFC 2046 §5.1.5) */
};

static const char bad_line_end[] = "a line at a boundary ends otherwise than with CRLF";

enum ending { ENDS_BODY, ENDS_PART, ENDS_MULTIPART };

/* Where a line leads: the level of the multipart whose boundary it is, or -1. */
static int
boundary_level(const struct rewriting *rewriting, const struct line *line, bool *closes_r)
{
	const size_t length = line->length - line_end_length(line);

	if (!line->begins || length < 3 || memcmp(line->text, "--", 2) != 0)
		return -1;
	for (int i = (int)rewriting->boundaries->len - 1; i >= 0; i--) {
		const char *boundary = g_ptr_array_index(rewriting->boundaries, (guint)i);
		const size_t size = strlen(boundary);
		size_t rest = 2 + size;

		if (length < rest || memcmp(line->text + 2, boundary, size) != 0)
			continue;
		*closes_r = length >= rest + 2 && memcmp(line->text + rest, "--", 2) == 0;
		rest += *closes_r ? 2 : 0;
		while (rest < length && (line->text[rest] == ' ' || line->text[rest] == '\t'))
			rest++;
		if (rest == length)
			return i;
	}
	return -1;
}

static bool
give_up(struct rewriting *rewriting, const char *why_not)
{
	if (rewriting->why_not == NULL)
		rewriting->why_not = why_not;
	return true;
}

static bool
copy(const struct rewriting *rewriting, uint64_t from, uint64_t to, struct sink *sink,
     struct fault *fault)
{
	const struct spool_part part = {rewriting->lines.body, from, to - from};

	return spool_part_copy(&part, sink, fault);
}

/* What stands up to the next boundary: from where the reading is to `*end_r`, without the line end
 * that belongs to the boundary, which begins at `*boundary_r`. The reading is there afterwards. */
static bool
find_end(struct rewriting *rewriting, uint64_t *end_r, uint64_t *boundary_r, struct fault *fault)
{
	const uint64_t from = rewriting->lines.at;
	struct line line;
	size_t before = 0;
	bool closes;

	for (;;) {
		if (!next_line(&rewriting->lines, &line, fault))
			return false;
		if (line.length == 0 || boundary_level(rewriting, &line, &closes) >= 0)
			break;
		before = line_end_length(&line);
	}
	*boundary_r = line.at;
	*end_r = line.length == 0 ? line.at : MAX(from, line.at - before);
	go_to(&rewriting->lines, line.at);
	return true;
}

/* Text around the parts, which nobody sees. */
static bool
copy_between(struct rewriting *rewriting, struct fault *fault)
{
	const uint64_t from = rewriting->lines.at;
	uint64_t end, boundary;
	bool clean;

	if (!find_end(rewriting, &end, &boundary, fault) ||
	    !is_clean(rewriting->lines.body, from, boundary, &clean, fault))
		return false;
	return clean ? copy(rewriting, from, boundary, rewriting->sink, fault)
		     : give_up(rewriting, "text outside its parts is not in 7 bits");
}

/* Reads a header up to and including its empty line. */
static bool
read_header(struct rewriting *rewriting, GString *header, struct fault *fault)
{
	struct line line;
	bool closes;

	for (;;) {
		const uint64_t at = rewriting->lines.at;

		if (!next_line(&rewriting->lines, &line, fault))
			return false;
		if (line.length == 0)
			return true;
		if (boundary_level(rewriting, &line, &closes) >= 0) {
			go_to(&rewriting->lines, at);
			return true;
		}
		g_string_append_len(header, line.text, (gssize)line.length);
		if (line.begins && line.length == line_end_length(&line))
			return true;
		if (header->len > HEADER_MAX)
			return give_up(rewriting, "a part has a header of more than 64 kB");
	}
}

/* One field of a header, with its continuation lines. */
static size_t
field_length(const char *text, const char *end)
{
	const char *at = text;

	do {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		at = line_end == NULL ? end : line_end + 1;
	} while (at < end && (*at == ' ' || *at == '\t'));
	return (size_t)(at - text);
}

static bool
is_field(const char *text, size_t length, const char *name)
{
	const size_t size = strlen(name);
	size_t at = size;

	if (length < size || g_ascii_strncasecmp(text, name, size) != 0)
		return false;
	while (at < length && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at < length && text[at] == ':';
}

/* The unfolded value of the first such field; caller frees. NULL: there is none. */
static char *
field_value(const GString *header, const char *name)
{
	const char *at = header->str, *end = at + header->len;

	while (at < end) {
		const size_t length = field_length(at, end);

		if (is_field(at, length, name)) {
			const char *colon = memchr(at, ':', length);
			char *value = g_strndup(colon + 1, (gsize)(at + length - colon - 1));

			return g_strstrip(g_strdelimit(value, "\r\n", ' '));
		}
		at += length;
	}
	return NULL;
}

/* The header with another transfer encoding, or with none: 7bit. */
static bool
write_header(const GString *header, const char *encoding, struct sink *sink, struct fault *fault)
{
	static const char name[] = "Content-Transfer-Encoding";
	const char *at = header->str, *end = at + header->len;

	while (at < end && *at != '\r' && *at != '\n') {
		const size_t length = field_length(at, end);

		if (!is_field(at, length, name) && !sink_write(sink, at, length, fault))
			return false;
		at += length;
	}
	if (encoding != NULL && !sink_print(sink, fault, "%s: %s\r\n", name, encoding))
		return false;
	return sink_write(sink, "\r\n", 2, fault);
}

static bool
write_encoded(struct rewriting *rewriting, const GString *header, uint64_t from, uint64_t end,
	      struct fault *fault)
{
	struct base64_sink base64;

	base64_sink_init(&base64, rewriting->sink);
	return write_header(header, "base64", rewriting->sink, fault) &&
	       copy(rewriting, from, end, &base64.sink, fault) && sink_finish(&base64.sink, fault);
}

/* Is the content as it stands, so that it can be encoded? */
static bool
is_unencoded(const GString *header)
{
	static const char *const names[] = {"7bit", "8bit", "binary", NULL};
	g_autofree char *value = field_value(header, "Content-Transfer-Encoding");
	g_autofree char *lower = value == NULL ? NULL : g_ascii_strdown(value, -1);

	return lower == NULL || g_strv_contains(names, lower);
}

static bool
rewrite_leaf(struct rewriting *rewriting, const GString *header, struct fault *fault)
{
	const uint64_t from = rewriting->lines.at;
	uint64_t end, boundary;
	bool clean, end_is_clean;

	if (!find_end(rewriting, &end, &boundary, fault) ||
	    !is_clean(rewriting->lines.body, from, end, &clean, fault) ||
	    !is_clean(rewriting->lines.body, end, boundary, &end_is_clean, fault))
		return false;
	if (!end_is_clean)
		return give_up(rewriting, bad_line_end);
	if (clean)
		return sink_write(rewriting->sink, header->str, header->len, fault) &&
		       copy(rewriting, from, boundary, rewriting->sink, fault);
	if (rewriting->sealed > 0)
		return give_up(rewriting,
			       "a part that is an attached message, or is signed or encrypted, "
			       "is not in 7 bits");
	if (!is_unencoded(header))
		return give_up(rewriting, "the transfer encoding of a part is malformed");
	return write_encoded(rewriting, header, from, end, fault) &&
	       copy(rewriting, end, boundary, rewriting->sink, fault);
}

/* The header of what consists of parts: as they are in 7 bits, it needs no encoding. */
static bool
write_structure_header(struct rewriting *rewriting, const GString *header, struct fault *fault)
{
	if (rewriting->sealed > 0 || !is_unencoded(header))
		return sink_write(rewriting->sink, header->str, header->len, fault);
	return write_header(header, NULL, rewriting->sink, fault);
}

static bool rewrite_entity(struct rewriting *rewriting, const GString *header, unsigned depth,
			   struct fault *fault);

/* The reading is at a boundary, or at the end of the body. Passes it on, if it is one of the
 * innermost multipart. */
static bool
pass_boundary(struct rewriting *rewriting, enum ending *ending_r, struct fault *fault)
{
	const uint64_t at = rewriting->lines.at;
	bool closes = false;
	struct line line;
	int level;

	if (!next_line(&rewriting->lines, &line, fault))
		return false;
	level = line.length == 0 ? -1 : boundary_level(rewriting, &line, &closes);
	if (level != (int)rewriting->boundaries->len - 1) {
		*ending_r = ENDS_BODY;
		go_to(&rewriting->lines, at);
		return true;
	}
	*ending_r = closes ? ENDS_MULTIPART : ENDS_PART;
	if (!is_clean_text(line.text, line.length))
		return give_up(rewriting, bad_line_end);
	return sink_write(rewriting->sink, line.text, line.length, fault);
}

static bool
rewrite_parts(struct rewriting *rewriting, unsigned depth, struct fault *fault)
{
	enum ending ending;

	if (!copy_between(rewriting, fault) || !pass_boundary(rewriting, &ending, fault))
		return false;
	while (ending == ENDS_PART && rewriting->why_not == NULL) {
		g_autoptr(GString) header = g_string_new(NULL);

		if (!read_header(rewriting, header, fault) ||
		    !rewrite_entity(rewriting, header, depth + 1, fault) ||
		    !pass_boundary(rewriting, &ending, fault))
			return false;
	}
	return true;
}

static bool
rewrite_multipart(struct rewriting *rewriting, const GString *header, GMimeContentType *type,
		  unsigned depth, struct fault *fault)
{
	const char *boundary = g_mime_content_type_get_parameter(type, "boundary");
	const bool around = rewriting->in_digest;
	bool done;

	if (!write_structure_header(rewriting, header, fault))
		return false;
	g_ptr_array_add(rewriting->boundaries, g_strdup(boundary));
	rewriting->in_digest = g_mime_content_type_is_type(type, "multipart", "digest");
	done = rewrite_parts(rewriting, depth, fault);
	rewriting->in_digest = around;
	g_ptr_array_set_size(rewriting->boundaries, (gint)rewriting->boundaries->len - 1);
	return done && (rewriting->why_not != NULL || copy_between(rewriting, fault));
}

/* Its header is a part's header for us. */
static bool
rewrite_message(struct rewriting *rewriting, const GString *header, unsigned depth,
		struct fault *fault)
{
	g_autoptr(GString) inner = g_string_new(NULL);
	const bool around = rewriting->in_digest;
	bool done;

	rewriting->in_digest = false;
	rewriting->sealed++; /* it is somebody's message, perhaps with a signature in its header */
	done = write_structure_header(rewriting, header, fault) &&
	       read_header(rewriting, inner, fault) &&
	       rewrite_entity(rewriting, inner, depth + 1, fault);
	rewriting->sealed--;
	rewriting->in_digest = around;
	return done;
}

static bool
must_keep_its_bytes(GMimeContentType *type)
{
	return g_mime_content_type_is_type(type, "multipart", "signed") ||
	       g_mime_content_type_is_type(type, "multipart", "encrypted");
}

static bool
rewrite_typed(struct rewriting *rewriting, const GString *header, GMimeContentType *type,
	      unsigned depth, struct fault *fault)
{
	if (g_mime_content_type_is_type(type, "multipart", "*") &&
	    g_mime_content_type_get_parameter(type, "boundary") != NULL)
		return rewrite_multipart(rewriting, header, type, depth, fault);
	if (g_mime_content_type_is_type(type, "message", "rfc822") && is_unencoded(header))
		return rewrite_message(rewriting, header, depth, fault);
	return rewrite_leaf(rewriting, header, fault);
}

/* Caller unrefs. */
static GMimeContentType *
type_of(const struct rewriting *rewriting, const GString *header)
{
	g_autofree char *value = field_value(header, "Content-Type");

	return g_mime_content_type_parse(NULL, value != NULL	      ? value
					       : rewriting->in_digest ? "message/rfc822"
								      : "text/plain");
}

/* `header` is the entity's; the reading is after it. */
static bool
rewrite_entity(struct rewriting *rewriting, const GString *header, unsigned depth,
	       struct fault *fault)
{
	GMimeContentType *type;
	bool done, keeps;

	if (depth > DEPTH_MAX)
		return give_up(rewriting, "its parts are nested too deeply");
	if (!is_clean_text(header->str, header->len))
		return give_up(rewriting, "the header of a part is not in 7 bits");
	type = type_of(rewriting, header);
	keeps = must_keep_its_bytes(type);
	rewriting->sealed += keeps;
	done = rewrite_typed(rewriting, header, type, depth, fault);
	rewriting->sealed -= keeps;
	g_object_unref(type);
	return done;
}

bool
seven_bit_write(const GString *header, const struct spool *body, struct sink *sink,
		const char **why_not_r, struct fault *fault)
{
	g_autoptr(GPtrArray) boundaries = g_ptr_array_new_with_free_func(g_free);
	struct rewriting *rewriting = g_new0(struct rewriting, 1);
	bool done;

	rewriting->lines.body = body;
	rewriting->sink = sink;
	rewriting->boundaries = boundaries;
	done = rewrite_entity(rewriting, header, 0, fault);
	*why_not_r = rewriting->why_not;
	g_free(rewriting);
	return done;
}
