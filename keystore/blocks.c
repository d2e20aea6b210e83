#include "keystore/blocks.h"

#include <gmime/gmime.h>
#include <sodium.h>
#include <string.h>

#include "keystore/key.h"

static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ", dashes[] = "-----";
enum { BASE64_MIN = 100 }; /* characters: anything shorter cannot be a key */

/* What was found so far. */
struct search {
	GPtrArray *blocks;
	unsigned most;
};

static void look_into(const char *bytes, size_t length, unsigned depth,
		      const struct search *search);

static void
block_free(struct block *block)
{
	g_free(block->label);
	g_bytes_unref(block->bytes);
	g_free(block);
}

static void
add(GPtrArray *blocks, char *label, const void *bytes, size_t length, bool is_whole)
{
	struct block *block = g_new(struct block, 1);

	*block =
		(struct block){.label = label,
			       .bytes = key_secret_bytes(g_memdup2(bytes, length),
							 length), /* it may contain a private key */
			       .is_whole = is_whole};
	g_ptr_array_add(blocks, block);
}

bool
block_is_openpgp(const struct block *block)
{
	return strcmp(block->label, "OpenPGP") == 0 || g_str_has_prefix(block->label, "PGP ");
}

/* --- text --- */

/* The text in UTF-8 if a byte order mark, or a zero byte next to an ASCII letter, shows that it is
 * UTF-16; otherwise NULL. */
static char *
from_utf16(const char *bytes, size_t length, size_t *length_r)
{
	const char *encoding = NULL;

	if (length < 4)
		return NULL;
	if (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)
		encoding = "UTF-16";
	else if (bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0)
		encoding = "UTF-16LE";
	else if (bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0)
		encoding = "UTF-16BE";
	return encoding == NULL ? NULL
				: g_convert(bytes, (gssize)(length & ~(size_t)1), "UTF-8", encoding,
					    NULL, length_r, NULL);
}

/* Converts all line endings to LF. */
static GString *
with_line_feeds(const char *text, size_t length)
{
	GString *lines = g_string_sized_new(length);

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\r')
			g_string_append_c(lines, text[i]);
		else if (i + 1 == length || text[i + 1] != '\n')
			g_string_append_c(lines, '\n');
	}
	return lines;
}

static bool
is_enough(const struct search *search)
{
	return search->blocks->len > search->most;
}

/* The next line before `end` that begins with `mark`, or NULL. */
static const char *
find_line(const char *text, const char *end, const char *mark)
{
	const size_t length = strlen(mark);
	const char *at = text;

	while ((at = memmem(at, (size_t)(end - at), mark, length)) != NULL && at != text &&
	       at[-1] != '\n')
		at++;
	return at;
}

static const char *
end_of_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end == NULL ? at + strlen(at) : end + 1;
}

static void
find_blocks(const GString *text, const struct search *search)
{
	const char *at = text->str, *all = text->str + text->len;

	while (!is_enough(search) && (at = find_line(at, all, begin_mark)) != NULL) {
		const char *name = at + strlen(begin_mark), *body = end_of_line(name);
		const char *name_end = memmem(name, (size_t)(body - name), dashes, strlen(dashes));
		const char *next = find_line(body, all, begin_mark);
		const char *end = find_line(body, next == NULL ? all : next, end_mark);
		const bool is_whole = end != NULL;

		if (name_end == NULL) {
			at = body;
			continue;
		}
		end = is_whole ? end_of_line(end) : next != NULL ? next : all;
		add(search->blocks, g_strndup(name, (gsize)(name_end - name)), at,
		    (size_t)(end - at), is_whole);
		at = end;
	}
}

/* --- base64 without anything around it --- */

static bool
is_base64(const char *text, size_t length)
{
	size_t digits = 0;

	for (size_t i = 0; i < length; i++) {
		if (g_ascii_isalnum(text[i]) || strchr("+/=", text[i]) != NULL)
			digits += text[i] != '\0';
		else if (!g_ascii_isspace(text[i]))
			return false;
	}
	return digits >= BASE64_MIN;
}

/* --- mail --- */

/* Does it begin with a header that contains a Content-Type field? */
static bool
is_mail(const char *text)
{
	const char *end = strstr(text, "\n\n");
	size_t name = strcspn(text, ": \t\n");
	g_autofree char *header = NULL;

	if (end == NULL || text[name] != ':')
		return false;
	header = g_ascii_strdown(text, end - text);
	return g_str_has_prefix(header, "content-type:") ||
	       strstr(header, "\ncontent-type:") != NULL;
}

struct walk {
	const struct search *search;
	unsigned depth;
};

static void
look_at_part(GMimeObject *parent, GMimeObject *part, gpointer data)
{
	const struct walk *walk = data;
	GMimeDataWrapper *content =
		GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
	GMimeStream *memory;
	GByteArray *bytes;

	(void)parent;
	if (content == NULL || is_enough(walk->search))
		return;
	memory = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(content, memory);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
	look_into((const char *)bytes->data, bytes->len, walk->depth + 1, walk->search);
	g_object_unref(memory);
}

static void
look_into_mail(const char *text, size_t length, unsigned depth, const struct search *search)
{
	struct walk walk = {.search = search, .depth = depth};
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeMessage *message;

	g_mime_init();
	stream = g_mime_stream_mem_new_with_buffer(text, length);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message != NULL) {
		g_mime_message_foreach(message, look_at_part, &walk);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
}

/* --- all of them --- */

static void
look_into_text(const char *text, size_t length, unsigned depth, const struct search *search)
{
	g_autoptr(GString) lines = with_line_feeds(text, length);

	if (is_mail(lines->str)) {
		look_into_mail(lines->str, lines->len, depth, search);
	} else if (find_line(lines->str, lines->str + lines->len, begin_mark) != NULL) {
		find_blocks(lines, search);
	} else if (is_base64(lines->str, lines->len)) {
		gsize size;
		g_autofree guchar *binary = g_base64_decode(lines->str, &size);

		look_into((const char *)binary, size, depth + 1, search);
		sodium_memzero(binary, size);
	}
	sodium_memzero(lines->str, lines->len);
}

static void
look_into(const char *bytes, size_t length, unsigned depth, const struct search *search)
{
	static const char mark[] = "\xef\xbb\xbf";
	g_autofree char *converted = NULL;
	size_t converted_length;

	if (depth > BLOCKS_DEPTH_MAX || is_enough(search) || length == 0)
		return;
	converted = from_utf16(bytes, length, &converted_length);
	if (converted != NULL) {
		look_into(converted, converted_length, depth + 1, search);
		sodium_memzero(converted, converted_length);
		return;
	}
	if (length > 3 && memcmp(bytes, mark, 3) == 0) {
		bytes += 3;
		length -= 3;
	}
	if (memmem(bytes, length, begin_mark, strlen(begin_mark)) != NULL)
		look_into_text(bytes, length, depth, search);
	else if (((guchar)bytes[0] & 0x80) != 0)
		add(search->blocks, g_strdup("OpenPGP"), bytes, length, true);
	else if (bytes[0] == 0x30 && length > 1 && ((guchar)bytes[1] & 0x80) != 0)
		add(search->blocks, g_strdup("DER"), bytes, length, true);
	else
		look_into_text(bytes, length, depth, search);
}

GPtrArray *
blocks_find(const void *bytes, size_t length, unsigned most)
{
	const struct search search = {
		.blocks = g_ptr_array_new_with_free_func((GDestroyNotify)block_free), .most = most};

	look_into(bytes, length, 0, &search);
	return search.blocks;
}
