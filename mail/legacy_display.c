#include "mail/legacy_display.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/content_type.h"
#include "mail/html_tokens.h"

enum {
	WINDOW_BYTES = 256 * 1024,
	DEPTH_MAX = 6,
	PARTS_MAX = 8,	      /* of one multipart */
	LINE_BYTES_MAX = 998, /* RFC 5322 §2.1.1 */
};

static const char line_end[] = "\r\n";

/* The beginning of a body, and its rewritten form. */
struct rewriting {
	const char *subject;
	char *window;
	size_t length;
	size_t copied; /* bytes of the window copied so far */
	GString *out;
};

/* An entity within the window: from its header to its end, excluding the line end before a
 * boundary. */
struct entity {
	size_t header, content, end;
	GMimeContentType *type;
	GMimeContentEncoding encoding;
	bool is_attached;
};

/* If no encoding is declared, there may well be 8-bit text. */
static GMimeContentEncoding
encoding_of(const char *value)
{
	return value == NULL ? GMIME_CONTENT_ENCODING_8BIT
			     : g_mime_content_encoding_from_string(value);
}

/* --- text that goes in --- */

/* Pads the text so that what follows need not change: whole lines, and whole groups of base64. */
static char *
encoded(const char *text, GMimeContentEncoding encoding)
{
	GMimeEncoding state;
	size_t length = strlen(text);
	g_autofree char *out = NULL;
	g_auto(GStrv) lines = NULL;

	g_mime_encoding_init_encode(&state, encoding);
	out = g_malloc0(g_mime_encoding_outlen(&state, length) + 1);
	out[g_mime_encoding_flush(&state, text, length, out)] = '\0';
	lines = g_strsplit(out, "\n", -1);
	return g_strjoinv(line_end, lines);
}

/* `line` is in the text's character set. NULL if the encoding cannot represent it. */
static char *
fit_line(const char *line, GMimeContentEncoding encoding)
{
	g_autofree char *fitting = NULL;
	int blanks =
		(int)(2 - (strlen(line) + 3) % 3); /* with two line ends, a multiple of three */

	switch (encoding) {
	case GMIME_CONTENT_ENCODING_7BIT:
	case GMIME_CONTENT_ENCODING_8BIT:
		if (strlen(line) > LINE_BYTES_MAX ||
		    (encoding == GMIME_CONTENT_ENCODING_7BIT && !g_str_is_ascii(line)))
			return NULL;
		return g_strconcat(line, line_end, line_end, NULL);
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		fitting = encoded(line, encoding);
		return g_strconcat(fitting, line_end, line_end, NULL);
	case GMIME_CONTENT_ENCODING_BASE64:
		fitting = g_strdup_printf("%s%*s%s%s", line, blanks, "", line_end, line_end);
		return encoded(fitting, encoding);
	default:
		return NULL;
	}
}

static const char *
charset_named(const struct entity *entity)
{
	const char *charset = g_mime_content_type_get_parameter(entity->type, "charset");

	return charset == NULL ? "us-ascii" : charset;
}

static char *
text_element(const char *subject, const struct entity *entity)
{
	const char *charset = charset_named(entity);
	g_autofree char *line = g_strconcat("Subject: ", subject, NULL);
	g_autofree char *converted = g_convert(line, -1, charset, "utf-8", NULL, NULL, NULL);

	return converted == NULL || !charset_has_ascii(charset)
		       ? NULL
		       : fit_line(converted, entity->encoding);
}

/* Writes ASCII, whatever the character set of the page. */
static char *
html_element(const char *subject, const struct entity *entity)
{
	g_autofree char *escaped = g_markup_escape_text(subject, -1);
	g_autoptr(GString) html =
		g_string_new("<div class=\"header-protection-legacy-display\"><pre>Subject: ");

	for (const char *c = escaped; *c != '\0'; c = g_utf8_next_char(c))
		if ((unsigned char)*c < 0x80)
			g_string_append_c(html, *c);
		else
			g_string_append_printf(html, "&#%u;", g_utf8_get_char(c));
	g_string_append(html, "</pre></div>");
	if (!charset_has_ascii(charset_named(entity)) || html->len > LINE_BYTES_MAX)
		return NULL;
	if (entity->encoding == GMIME_CONTENT_ENCODING_7BIT ||
	    entity->encoding == GMIME_CONTENT_ENCODING_8BIT)
		return g_strconcat(line_end, html->str, line_end, NULL);
	if (entity->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		g_autofree char *fitting = encoded(html->str, entity->encoding);

		return g_strconcat("=", line_end, fitting, "=", line_end,
				   NULL); /* soft line breaks */
	}
	return NULL;
}

/* --- where it goes in --- */

/* The first position in [from, end) of `mark`, without regard to case (it does not begin with a
 * letter); `end` if there is none. */
static size_t
find(const struct rewriting *rewriting, size_t from, size_t end, const char *mark)
{
	const char *window = rewriting->window, *at;
	size_t length = strlen(mark);

	for (; from + length <= end; from = (size_t)(at - window) + 1) {
		at = memchr(window + from, mark[0], end - from);
		if (at == NULL || (size_t)(at - window) + length > end)
			return end;
		if (g_ascii_strncasecmp(at, mark, length) == 0)
			return (size_t)(at - window);
	}
	return end;
}

/* The line end before the next delimiter line. `mark` is a line end, two hyphens, and the boundary.
 */
static size_t
find_boundary(const struct rewriting *rewriting, size_t from, size_t end, const char *mark)
{
	size_t length = strlen(mark);

	for (;; from++) {
		const char *at =
			from < end ? memmem(rewriting->window + from, end - from, mark, length)
				   : NULL;

		if (at == NULL)
			return end;
		from = (size_t)(at - rewriting->window);
		if (strchr("\r \t", at[length]) != NULL || strncmp(at + length, "--", 2) == 0)
			return from;
	}
}

static void
insert(struct rewriting *rewriting, size_t place, const char *text)
{
	g_string_append_len(rewriting->out, rewriting->window + rewriting->copied,
			    (gssize)(place - rewriting->copied));
	g_string_append(rewriting->out, text);
	rewriting->copied = place;
}

static void
replace(struct rewriting *rewriting, size_t from, size_t end, const char *text)
{
	insert(rewriting, from, text);
	rewriting->copied = end;
}

/* --- where the body of a page begins --- */

struct page {
	struct html_tokens tokens;
	bool has_begun; /* the body has begun */
	bool is_behind; /* … with an explicit tag, and this is after it */
};

static void
hear_text(void *context, const char *within, const char *text, size_t length)
{
	struct page *page = context;

	for (size_t i = 0; i < length && *within == '\0'; i++)
		page->has_begun |= !g_ascii_isspace(text[i]);
}

static void
hear_attribute(void *context, const char *name, const char *value)
{
	(void)context;
	(void)name;
	(void)value;
}

/* HTML standard 13.2.6.4: what may precede the body without beginning it. */
static void
hear_tag(void *context, const char *name, bool is_end)
{
	static const char *const of_head[] = {
		"html",	 "head",  "base",   "basefont", "bgsound",  "link",	"meta",
		"title", "style", "script", "noframes", "noscript", "template", NULL};
	struct page *page = context;

	page->is_behind = strcmp(name, "body") == 0 && !is_end;
	page->has_begun |= page->is_behind || !g_strv_contains(of_head, name);
}

/* The next byte of a text, either quoted-printable or not encoded; moves *at past it. False: a soft
 * line break, or the end. */
static bool
next_byte(const struct rewriting *rewriting, const struct entity *entity, size_t *at, char *c_r)
{
	const char *text = rewriting->window + *at;
	bool is_quoted = entity->encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
			 *text == '=' && *at + 2 < entity->end;

	*c_r = *text;
	*at += 1;
	if (!is_quoted)
		return true;
	*at += 2;
	*c_r = (char)(g_ascii_xdigit_value(text[1]) << 4 | g_ascii_xdigit_value(text[2]));
	return g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2]);
}

/* Where the body begins: after its tag, or before the first content that implies it. `end` if that
 * is not in sight. */
static size_t
html_place(const struct rewriting *rewriting, const struct entity *entity)
{
	static const struct html_reader reader = {hear_text, hear_attribute, hear_tag, NULL};
	struct page page = {0};
	size_t at = entity->content, begin = at;
	bool is_complete = false;

	html_tokens_init(&page.tokens, &reader, &page);
	while (at < entity->end && !page.has_begun) {
		char c;

		if (html_tokens_are_in_text(&page.tokens))
			begin = at;
		if (next_byte(rewriting, entity, &at, &c))
			html_tokens_step(&page.tokens, &c, 1);
		is_complete = html_tokens_are_in_text(&page.tokens);
	}
	html_tokens_clear(&page.tokens);
	if (!page.has_begun)
		return is_complete && entity->end < rewriting->length ? begin : entity->end;
	return page.is_behind ? at : begin;
}

/* --- entities --- */

/* The unfolded value of a field in an entity's header. Caller frees. It extends from *from_r to
 * *end_r, its line end. NULL: no such field. */
static char *
field_value(const struct rewriting *rewriting, const struct entity *entity, const char *name,
	    size_t *from_r, size_t *end_r)
{
	g_autofree char *mark = g_strconcat(line_end, name, ":", NULL);
	/* The line end before the header is the one of the boundary. */
	size_t at = find(rewriting, entity->header - strlen(line_end), entity->content, mark);
	size_t from = at + strlen(mark), end = from;
	g_autofree char *value = NULL;

	if (at == entity->content)
		return NULL;
	do
		end = find(rewriting, end + 1, entity->content, line_end);
	while (end + 2 < entity->content && strchr(" \t", rewriting->window[end + 2]) != NULL);
	*from_r = from;
	*end_r = end;
	value = g_strndup(rewriting->window + from, end - from);
	return g_strdup(g_strstrip(g_strdelimit(value, line_end, ' ')));
}

/* The element for the entity's text, and where to insert it. NULL if it cannot be inserted. Caller
 * frees. */
static char *
element_for(const struct rewriting *rewriting, const struct entity *entity, size_t *place_r)
{
	*place_r = entity->content;
	if (g_mime_content_type_is_type(entity->type, "text", "plain"))
		return text_element(rewriting->subject, entity);
	if (!g_mime_content_type_is_type(entity->type, "text", "html") ||
	    entity->encoding == GMIME_CONTENT_ENCODING_BASE64)
		return NULL;
	*place_r = html_place(rewriting, entity);
	return *place_r == entity->end ? NULL : html_element(rewriting->subject, entity);
}

/* Inserts the element into a text whose Content-Type extends from `from` to `end`. */
static void
put_in(struct rewriting *rewriting, const struct entity *entity, size_t from, size_t end)
{
	static const char *const parameters[] = {LEGACY_DISPLAY_PARAMETER, NULL};
	g_autofree char *value = g_strndup(rewriting->window + from, end - from);
	g_autofree char *marked = content_type_with(value, parameters, line_end);
	size_t place;
	g_autofree char *element = element_for(rewriting, entity, &place);

	if (element == NULL)
		return;
	replace(rewriting, from, end, marked);
	insert(rewriting, place, element);
}

static void walk(struct rewriting *rewriting, const struct entity *multipart, int depth);

/* A part whose beginning and end are known. */
static void
visit(struct rewriting *rewriting, struct entity *part, int depth)
{
	size_t from, end, ignored;
	g_autofree char *type = field_value(rewriting, part, "Content-Type", &from, &end);
	g_autofree char *encoding =
		field_value(rewriting, part, "Content-Transfer-Encoding", &ignored, &ignored);
	g_autofree char *disposition =
		field_value(rewriting, part, "Content-Disposition", &ignored, &ignored);

	if (type == NULL ||
	    (disposition != NULL && g_ascii_strncasecmp(disposition, "attachment", 10) == 0))
		return;
	part->type = g_mime_content_type_parse(NULL, type);
	part->encoding = encoding_of(encoding);
	if (g_mime_content_type_is_type(part->type, "multipart", "*"))
		walk(rewriting, part, depth + 1);
	else
		put_in(rewriting, part, from, end);
	g_object_unref(part->type);
}

/* The body is the first part, in all its forms. */
static void
walk(struct rewriting *rewriting, const struct entity *multipart, int depth)
{
	const char *boundary = g_mime_content_type_get_parameter(multipart->type, "boundary");
	bool has_forms = g_mime_content_type_is_type(multipart->type, "multipart", "alternative");
	g_autofree char *mark = g_strconcat("\r\n--", boundary, NULL);
	size_t at =
		multipart->content - strlen(line_end); /* of the empty line, or before the body */

	if (boundary == NULL || depth > DEPTH_MAX ||
	    (!has_forms && !g_mime_content_type_is_type(multipart->type, "multipart", "mixed") &&
	     !g_mime_content_type_is_type(multipart->type, "multipart", "related")))
		return;
	for (int i = 0; i < (has_forms ? PARTS_MAX : 1); i++) {
		size_t begin = find_boundary(rewriting, at, multipart->end, mark);
		size_t head = find(rewriting, begin + 2, multipart->end, line_end) + 2;
		size_t empty = find(rewriting, head - 2, multipart->end, "\r\n\r\n");
		struct entity part = {.header = head, .content = empty + 4};

		if (begin == multipart->end ||
		    strncmp(rewriting->window + begin + strlen(mark), "--", 2) == 0 ||
		    empty == multipart->end)
			return;
		part.end = find_boundary(rewriting, empty + 2, multipart->end, mark);
		visit(rewriting, &part, depth);
		at = part.end;
	}
}

/* --- the message --- */

/* Line end, the beginning of the body, NUL: the first boundary must be at the beginning of a line.
 */
static bool
read_window(struct rewriting *rewriting, const struct message *message)
{
	struct fault fault;
	size_t got;

	rewriting->window = g_malloc(WINDOW_BYTES + 3);
	memcpy(rewriting->window, line_end, 2);
	rewriting->length = 2;
	do {
		if (!spool_read(message->body, rewriting->length - 2,
				rewriting->window + rewriting->length,
				WINDOW_BYTES + 2 - rewriting->length, &got, &fault))
			return false;
		rewriting->length += got;
	} while (got > 0 && rewriting->length < WINDOW_BYTES + 2);
	rewriting->window[rewriting->length] = '\0';
	return true;
}

static bool
put_in_root(struct rewriting *rewriting, const struct entity *root)
{
	size_t place;
	g_autofree char *element = element_for(rewriting, root, &place);

	if (element != NULL)
		insert(rewriting, place, element);
	return element != NULL;
}

void
legacy_display_make(struct legacy_display *display, const struct message *message,
		    const char *subject)
{
	struct rewriting rewriting = {.subject = subject, .copied = 2, .out = g_string_new(NULL)};
	g_autofree char *type = message_field_text(message, "Content-Type");
	g_autofree char *encoding = message_field_text(message, "Content-Transfer-Encoding");
	struct entity root = {.content = 2, .encoding = encoding_of(encoding)};

	*display = (struct legacy_display){.beginning = rewriting.out};
	root.type = g_mime_content_type_parse(NULL, type == NULL ? "text/plain" : type);
	if (read_window(&rewriting, message)) {
		root.end = rewriting.length;
		if (g_mime_content_type_is_type(root.type, "multipart", "*"))
			walk(&rewriting, &root, 0);
		else
			display->is_in_root = put_in_root(&rewriting, &root);
	}
	display->replaced = rewriting.copied - 2;
	g_object_unref(root.type);
	g_free(rewriting.window);
}

void
legacy_display_clear(struct legacy_display *display)
{
	if (display->beginning != NULL)
		g_string_free(display->beginning, TRUE);
	*display = (struct legacy_display){0};
}
