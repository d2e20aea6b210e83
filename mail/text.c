#include "mail/text.h"

#include <string.h>
#include <unicode/uchar.h>

#include "mail/charset.h"
#include "mail/document_kind.h"
#include "mail/encoded_words.h"
#include "mail/file_names.h"
#include "mail/flowed.h"
#include "mail/html_text.h"
#include "mail/mime_stream.h"
#include "mail/shown_fields.h"
#include "mail/unfold.h"
#include "mail/visual_order.h"

enum {
	WINDOW_BYTES = 1024 * 1024, /* what a regular expression sees at once */
	OVERLAP_BYTES = 64 * 1024,  /* between consecutive windows */
	PIECE_BYTES = 64 * 1024,
	SNIFF_BYTES = 1445, /* WHATWG MIME Sniffing 7 */
	INVISIBLE_MAX = 64, /* characters in a row that a window keeps */
};

struct reading {
	struct parts *parts;
	struct reading_limit fields; /* of attached messages */
	const char *field;	     /* that is read */
	text_visit *visit;
	void *visitor;
	bool go_on;
	bool reads_documents; /* and finds their text */
	GString *window;
	size_t squeezed;    /* the bytes of the window that squeeze() has seen */
	unsigned invisible; /* characters in a row that precede them */
};

/* --- windows --- */

/* The regular expressions rely on the text being valid UTF-8. A NUL, which GLib takes for invalid,
 * becomes another character that nobody sees. */
static void
make_valid(char *text, size_t length)
{
	const char *end;

	while (!g_utf8_validate_len(text, length, &end)) {
		size_t good = (size_t)(end - text);

		text[good] = text[good] == '\0' ? '\1' : '?';
		text += good;
		length -= good;
	}
}

/* The length up to the end of the last complete character. */
static size_t
whole_characters(const char *text, size_t length)
{
	size_t cut = length;

	while (cut > 0 && length - cut < 4 && ((unsigned char)text[cut - 1] & 0xc0) == 0x80)
		cut--;
	if (cut > 0 && ((unsigned char)text[cut - 1] & 0xc0) == 0xc0)
		cut--;
	return length - cut < 4 ? cut : length;
}

/* Characters that are not visible between letters: Unicode says which are ignored by default; of
 * the control characters, only blanks are visible. */
static bool
is_invisible(gunichar c)
{
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != '\v';
	if (c >= 0x7f && c < 0xa0)
		return c != 0x85;
	return c >= 0xad && (u_hasBinaryProperty((UChar32)c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
			     (c >= 0xfff9 && c <= 0xfffb));
}

/* The end of a run of ASCII that needs no change. */
static const char *
skip_plain(const char *at, const char *end)
{
	static const unsigned char stays[256] = {
		[0x09 ... 0x0d] = 1,
		[0x20 ... 0x7e] = 1,
	};

	while (at < end && stays[(unsigned char)*at])
		at++;
	return at;
}

/* Replaces variants of Latin letters and digits, and stand-alone accents, by the common characters.
 */
static bool
is_compatible(gunichar c)
{
	return (c >= 0x300 && c < 0x370) || (c >= 0xff01 && c <= 0xff5e);
}

static gunichar
as_seen(gunichar c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xff01 + '!';
	return c != '\n' && g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR ? ' ' : c;
}

/* The length of a sequence by which ISO 2022 changes the character set, and which is not shown; 0:
 * there is none here. */
static size_t
shift_length(const char *at, const char *end)
{
	size_t length = 1;

	if (*at != '\033')
		return 0;
	while (at + length < end && length < 3 && strchr("$()*+", at[length]) != NULL)
		length++;
	return length > 1 && at + length < end && at[length] >= '0' && at[length] <= '~'
		       ? length + 1
		       : 0;
}

char *
text_as_seen(const char *text, size_t length)
{
	GString *seen = NULL;
	bool has_accents = false;
	const char *end = text + length, *from = text, *next;

	for (const char *at = skip_plain(text, end); at < end; at = skip_plain(next, end)) {
		gunichar c = g_utf8_get_char(at);

		next = g_utf8_next_char(at) + MAX(shift_length(at, end), 1) - 1;
		has_accents |= is_compatible(c);
		if (!is_invisible(c) && as_seen(c) == c)
			continue;
		if (seen == NULL)
			seen = g_string_sized_new(length);
		g_string_append_len(seen, from, at - from);
		if (!is_invisible(c))
			g_string_append_unichar(seen, as_seen(c));
		from = next;
	}
	if (seen == NULL && !has_accents)
		return NULL;
	if (seen == NULL)
		return g_utf8_normalize(text, (gssize)length, G_NORMALIZE_NFC);
	g_string_append_len(seen, from, end - from);
	text = seen->str;
	if (!has_accents)
		return g_string_free(seen, FALSE);
	from = g_utf8_normalize(text, (gssize)seen->len, G_NORMALIZE_NFC);
	g_string_free(seen, TRUE);
	return (char *)from;
}

/* The end of the character, or of the run of plain ones, at `at`; NULL if more bytes are needed to
 * tell. Bytes that are no character are shown as one. */
static const char *
see_next(struct reading *reading, const char *at, const char *end)
{
	const char *next = skip_plain(at, end);
	gunichar c;

	if (next > at || *at == '\0') {
		reading->invisible = 0;
		return MAX(next, at + 1);
	}
	c = g_utf8_get_char_validated(at, end - at);
	if (c == (gunichar)-2)
		return NULL;
	if (c == (gunichar)-1) {
		reading->invisible = 0;
		return at + 1;
	}
	reading->invisible = is_invisible(c) ? reading->invisible + 1 : 0;
	return g_utf8_next_char(at);
}

/* A long run of characters that are not visible would push the halves of a word into different
 * windows: only its beginning is kept. */
static void
squeeze(struct reading *reading)
{
	GString *window = reading->window;
	char *to = window->str + reading->squeezed;
	const char *at = to, *end = window->str + window->len, *next;

	while (at < end && (next = see_next(reading, at, end)) != NULL) {
		if (reading->invisible <= INVISIBLE_MAX) {
			memmove(to, at, (size_t)(next - at));
			to += next - at;
		}
		at = next;
	}
	reading->squeezed = (size_t)(to - window->str);
	g_string_erase(window, (gssize)reading->squeezed, at - to);
}

static void
show_as_seen(struct reading *reading, const char *text, size_t length)
{
	g_autofree char *seen = reading->go_on ? text_as_seen(text, length) : NULL;

	if (seen != NULL)
		reading->go_on = reading->visit(reading->visitor, seen, strlen(seen));
}

static void
show_in_order(struct reading *reading, const char *text, size_t length)
{
	g_autofree char *ordered = reading->go_on ? visual_order(text, length) : NULL;

	if (ordered == NULL)
		return;
	reading->go_on = reading->visit(reading->visitor, ordered, strlen(ordered));
	show_as_seen(reading, ordered, strlen(ordered));
}

static void
show(struct reading *reading, size_t length)
{
	char *text = reading->window->str;

	make_valid(text, length);
	reading->go_on = reading->visit(reading->visitor, text, length);
	show_as_seen(reading, text, length);
	show_in_order(reading, text, length);
}

/* The overlap must not begin in the middle of a character. */
static void
show_full(struct reading *reading)
{
	GString *window = reading->window;

	squeeze(reading);
	while (reading->go_on && window->len >= WINDOW_BYTES) {
		size_t whole = whole_characters(window->str, WINDOW_BYTES),
		       from = whole - OVERLAP_BYTES;

		show(reading, whole);
		while (from < whole && ((unsigned char)window->str[from] & 0xc0) == 0x80)
			from++;
		g_string_erase(window, 0, (gssize)from);
		reading->squeezed -= MIN(reading->squeezed, from);
	}
}

static void
show_rest(struct reading *reading)
{
	squeeze(reading);
	if (reading->go_on)
		show(reading, reading->window->len);
	g_string_truncate(reading->window, 0);
	reading->squeezed = 0;
	reading->invisible = 0;
}

/* --- ways to read a part --- */

enum way { AS_IT_IS, JOINED, UNFOLDED, AS_PAGE, AS_NARROW_PAGE };

/* The decoded content, converted to UTF-8 if `charset` is not NULL. Caller unrefs. */
static GMimeStream *
stream_of(GMimeObject *part, const char *charset)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	GMimeFilter *filter = charset == NULL || g_ascii_strcasecmp(charset, "UTF-8") == 0
				      ? NULL
				      : g_mime_filter_charset_new(charset, "UTF-8");

	if (filter != NULL && GMIME_IS_STREAM_FILTER(stream))
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
	g_clear_object(&filter);
	return stream;
}

/* Calls `put` with each piece. The stream remembers a failed read (parts_each()). */
static void
read_pieces(GMimeStream *stream, struct reading *reading,
	    void (*put)(void *context, const char *data, size_t length, GString *text),
	    void *context)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	ssize_t got;

	while (reading->go_on && (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0) {
		put(context, piece, (size_t)got, reading->window);
		show_full(reading);
	}
}

static void
put_as_it_is(void *context, const char *data, size_t length, GString *text)
{
	(void)context;
	g_string_append_len(text, data, (gssize)length);
}

static void
put_joined(void *context, const char *data, size_t length, GString *text)
{
	flowed_step(context, data, length, text);
}

static void
put_unfolded(void *context, const char *data, size_t length, GString *text)
{
	unfold_step(context, data, length, text);
}

static void
put_page(void *context, const char *data, size_t length, GString *text)
{
	html_text_step(context, data, length, text);
}

static void
read_as_it_is(GMimeStream *stream, struct reading *reading)
{
	read_pieces(stream, reading, put_as_it_is, NULL);
	show_rest(reading);
}

static void
read_joined(GMimeStream *stream, bool deletes_space, struct reading *reading)
{
	struct flowed flowed;

	flowed_init(&flowed, deletes_space);
	read_pieces(stream, reading, put_joined, &flowed);
	flowed_end(&flowed, reading->window);
	flowed_clear(&flowed);
	show_rest(reading);
}

static void
read_unfolded(GMimeStream *stream, struct reading *reading)
{
	struct unfold unfold = {0};

	read_pieces(stream, reading, put_unfolded, &unfold);
	unfold_end(&unfold, reading->window);
	show_rest(reading);
}

/* Returns whether the narrow view is a different text. */
static bool
read_page(GMimeStream *stream, enum html_view view, struct reading *reading)
{
	struct html_text html;
	bool differs;

	html_text_init(&html, view);
	read_pieces(stream, reading, put_page, &html);
	html_text_end(&html, reading->window);
	differs = html.differs;
	html_text_clear(&html);
	show_rest(reading);
	return differs;
}

/* --- parts --- */

/* What is known about a part before it is read. */
struct kind {
	const char *charsets[CHARSET_READINGS_MAX]; /* in which it is read, one after the other */
	size_t charset_count;
	bool is_text, is_page, is_source, flows, deletes_space, is_folded;
	bool is_document; /* its source is not what its reader sees */
};

/* WHATWG MIME Sniffing 7.1, and XML, in which pages and drawings are written. */
static bool
looks_like_page(const char *beginning, size_t length)
{
	static const char *const marks[] = {"<!doctype html",
					    "<html",
					    "<head",
					    "<script",
					    "<iframe",
					    "<h1",
					    "<div",
					    "<font",
					    "<table",
					    "<a ",
					    "<style",
					    "<title",
					    "<b>",
					    "<body",
					    "<br",
					    "<p",
					    "<!--",
					    "<?xml",
					    "<svg",
					    "<meta",
					    "<span",
					    "<ul",
					    "<ol",
					    "<center",
					    "<link ",
					    NULL};
	g_autofree char *text = g_strndup(beginning, MIN(length, SNIFF_BYTES));
	const char *start = g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text;

	start += strspn(start, " \t\r\n\f");
	for (const char *const *mark = marks; *mark != NULL; mark++)
		if (g_ascii_strncasecmp(start, *mark, strlen(*mark)) == 0)
			return true;
	return false;
}

static bool
says(GMimeObject *part, const char *name, const char *value)
{
	const char *said = g_mime_object_get_content_type_parameter(part, name);

	return said != NULL && g_ascii_strcasecmp(said, value) == 0;
}

static size_t
read_beginning(GMimeObject *part, char *beginning)
{
	GMimeStream *stream = stream_of(part, NULL);
	size_t length = mime_stream_fill(stream, beginning, CHARSET_BEGINNING);

	g_object_unref(stream);
	return length;
}

/* A browser also opens a file by its name. */
static bool
is_named_page(const GPtrArray *names)
{
	static const char *const endings[] = {".html", ".htm", ".xhtml", ".shtml",
					      ".xht",  ".hta", ".svg",	 NULL};

	return file_names_end(names, endings);
}

/* RFC 5545, RFC 6350, and their predecessors. */
static bool
is_folded_type(GMimeContentType *type)
{
	static const char *const subtypes[] = {"calendar", "vcard",	"x-vcalendar",
					       "x-vcard",  "directory", NULL};
	bool is = false;

	for (const char *const *subtype = subtypes; *subtype != NULL; subtype++)
		is |= g_mime_content_type_is_type(type, "text", *subtype);
	return is;
}

/* Text in which tags are not shown: HTML and XML under any of their names, and RFC 1896 and what
 * came before it. */
static bool
is_tagged_type(GMimeContentType *type)
{
	static const char *const endings[] = {
		"html", "htm", "xml", "xml-external-parsed-entity", "enriched", "richtext", NULL};
	const char *subtype = g_mime_content_type_get_media_subtype(type);
	g_autofree char *lower = g_ascii_strdown(subtype == NULL ? "" : subtype, -1);
	bool is = false;

	for (const char *const *ending = endings; *ending != NULL; ending++)
		is |= g_str_has_suffix(lower, *ending);
	return is;
}

/* Mail programs show what is called text, whatever it looks like. */
static bool
is_document(GMimeContentType *type, const char *beginning, size_t length)
{
	return (document_kinds_by_beginning(beginning, length) & (DOCUMENT_RTF | DOCUMENT_PDF)) !=
		       0 &&
	       (!g_mime_content_type_is_type(type, "text", "*") ||
		g_mime_content_type_is_type(type, "text", "rtf"));
}

/* Of what is read as text. */
static void
find_charsets(struct kind *kind, GMimeObject *part, bool is_html, const char *beginning,
	      size_t length)
{
	const struct charset_text text = {
		.declared = g_mime_object_get_content_type_parameter(part, "charset"),
		.is_html = is_html,
		.is_page = kind->is_page,
		.beginning = beginning,
		.length = length};

	if (kind->is_text || kind->is_page)
		kind->charset_count = charset_readings(&text, kind->charsets);
}

static struct kind
kind_of(GMimeObject *part, const GPtrArray *names)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	g_autofree char *beginning = g_malloc(CHARSET_BEGINNING);
	size_t length = read_beginning(part, beginning);
	bool is_page = g_mime_content_type_is_type(type, "text", "html") ||
		       g_mime_content_type_is_type(type, "application", "xhtml+xml");
	struct kind kind = {
		.is_page = is_page || is_tagged_type(type) || is_named_page(names) ||
			   (!g_mime_content_type_is_type(type, "text", "plain") &&
			    looks_like_page(beginning, length)),
		.is_source = !is_page,
		.is_text = g_mime_content_type_is_type(type, "text", "*") || is_page ||
			   document_is_like_text(beginning, length) ||
			   charset_is_utf16(beginning, length),
		.is_document = is_document(type, beginning, length),
		.flows = says(part, "format", "flowed"),
		.deletes_space = says(part, "delsp", "yes"),
		.is_folded = is_folded_type(type) || unfold_is_for(beginning, length),
	};

	find_charsets(&kind, part, is_page, beginning, length);
	return kind;
}

static bool
read_way(GMimeObject *part, const char *charset, const struct kind *kind, enum way way,
	 struct reading *reading)
{
	GMimeStream *stream = stream_of(part, charset);
	bool differs = false;

	if (way == AS_IT_IS)
		read_as_it_is(stream, reading);
	else if (way == JOINED)
		read_joined(stream, kind->deletes_space, reading);
	else if (way == UNFOLDED)
		read_unfolded(stream, reading);
	else
		differs = read_page(stream, way == AS_PAGE ? HTML_WIDE : HTML_NARROW, reading);
	g_object_unref(stream);
	return differs;
}

static void
read_ways(GMimeObject *part, const char *charset, const struct kind *kind, struct reading *reading)
{
	if (kind->is_page && read_way(part, charset, kind, AS_PAGE, reading) && reading->go_on)
		read_way(part, charset, kind, AS_NARROW_PAGE, reading);
	if (kind->is_text && kind->is_source && reading->go_on)
		read_way(part, charset, kind, AS_IT_IS, reading);
	if (kind->is_text && kind->flows && reading->go_on)
		read_way(part, charset, kind, JOINED, reading);
	if (kind->is_text && kind->is_folded && reading->go_on)
		read_way(part, charset, kind, UNFOLDED, reading);
}

static void
read_leaf(GMimeObject *part, struct reading *reading)
{
	struct kind kind = kind_of(part, parts_file_names(reading->parts, part));

	if (kind.is_document && reading->reads_documents)
		return;
	for (size_t i = 0; i < kind.charset_count && reading->go_on; i++)
		read_ways(part, kind.charsets[i], &kind, reading);
}

static void
read_around(const char *text, struct reading *reading)
{
	if (text == NULL || !reading->go_on)
		return;
	g_string_append(reading->window, text);
	show_full(reading);
	show_rest(reading);
}

static bool
read_reading(void *visitor, const char *text)
{
	struct reading *reading = visitor;

	read_around(shown_field_text(reading->field, text), reading);
	return reading->go_on;
}

static void
read_field(const char *name, const char *value, struct reading *reading)
{
	g_autofree char *shown = field_shown(value);

	reading->field = name;
	read_around(shown_field_text(name, shown), reading);
	if (reading->go_on)
		encoded_words_each(value, &reading->fields, read_reading, reading);
}

static bool
is_shown(const char *name)
{
	for (size_t i = 0; i < SHOWN_FIELDS; i++)
		if (g_ascii_strcasecmp(name, shown_fields[i]) == 0)
			return true;
	return false;
}

/* The header of an attached message, or of signed content within a part. */
static void
read_header(GMimeObject *part, struct reading *reading)
{
	GMimeMessage *inner = GMIME_IS_MESSAGE_PART(part)
				      ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part))
				      : NULL;
	GMimeHeaderList *fields =
		g_mime_object_get_header_list(inner == NULL ? part : GMIME_OBJECT(inner));

	for (int i = 0; reading->go_on && i < g_mime_header_list_get_count(fields); i++) {
		GMimeHeader *field = g_mime_header_list_get_header_at(fields, i);
		const char *name = g_mime_header_get_name(field);
		const char *value = g_mime_header_get_raw_value(field);

		if (value != NULL && is_shown(name))
			read_field(name, value, reading);
	}
}

static bool
read_part(GMimeObject *part, void *data)
{
	struct reading *reading = data;

	read_header(part, reading);
	if (GMIME_IS_MULTIPART(part)) {
		read_around(g_mime_multipart_get_prologue(GMIME_MULTIPART(part)), reading);
		read_around(g_mime_multipart_get_epilogue(GMIME_MULTIPART(part)), reading);
	} else if (GMIME_IS_PART(part) && reading->go_on) {
		read_leaf(part, reading);
	}
	return reading->go_on;
}

static bool
read_document(const struct document *document, void *data)
{
	struct reading *reading = data;
	GMimeStream *stream = mime_stream_of_entity(NULL, document->text);

	parts_be_at(reading->parts, document->place);
	read_as_it_is(stream, reading);
	g_object_unref(stream);
	for (guint i = 0; reading->go_on && i < document->files->len; i++)
		read_leaf(g_ptr_array_index(document->files, i), reading);
	return reading->go_on;
}

/* They are read only if nothing was found elsewhere. */
static bool
read_documents(struct parts *parts, struct reading *reading, struct fault *fault)
{
	struct documents *documents = parts_documents(parts);

	if (documents == NULL || !reading->go_on)
		return true;
	if (!documents_read(documents, fault))
		return false;
	documents_each(documents, read_document, reading);
	parts_be_at(parts, NULL);
	return documents_are_good(documents, fault) && parts_are_good(parts, fault);
}

bool
text_each(struct parts *parts, text_visit *visit, void *visitor, struct fault *fault)
{
	struct reading reading = {.parts = parts,
				  .fields = {.left = READINGS_BYTES},
				  .visit = visit,
				  .visitor = visitor,
				  .go_on = true,
				  .reads_documents = parts_documents(parts) != NULL,
				  .window = g_string_new(NULL)};
	bool read = parts_each(parts, read_part, &reading, fault) &&
		    read_documents(parts, &reading, fault) &&
		    reading_limit_is_kept(&reading.fields, fault);

	g_string_free(reading.window, TRUE);
	return read;
}
