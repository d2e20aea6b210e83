#include "mail/legacy_display.h"

#include <gmime/gmime.h>
#include <string.h>

enum {
	WINDOW_BYTES = 256 * 1024,
	DEPTH_MAX = 6,
	PARTS_MAX = 8, /* of one multipart */
};

static const char line_end[] = "\r\n";

/* The beginning of a body, and what is made of it. */
struct rewriting {
	const char *subject;
	char *window;
	size_t length;
	size_t copied; /* of the window */
	GString *out;
};

/* An entity within the window: from its header to its end, without the line end before a boundary.
 */
struct entity {
	size_t header, content, end;
	GMimeContentType *type;
	GMimeContentEncoding encoding;
	bool is_attached;
};

/* Where no encoding is told there may well be 8 bits. */
static GMimeContentEncoding
encoding_of(const char *value)
{
	return value == NULL ? GMIME_CONTENT_ENCODING_8BIT
			     : g_mime_content_encoding_from_string(value);
}

/* --- text that goes in --- */

/* So that what follows needs no change: whole lines, and whole groups of base64. */
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

/* `line` is in the text's character set. NULL where the encoding does not let it in. */
static char *
fit_line(const char *line, GMimeContentEncoding encoding)
{
	g_autofree char *fitting = NULL;
	int blanks =
		(int)(2 - (strlen(line) + 3) % 3); /* with two line ends, a multiple of three */

	switch (encoding) {
	case GMIME_CONTENT_ENCODING_7BIT:
		return g_str_is_ascii(line) ? g_strconcat(line, line_end, line_end, NULL) : NULL;
	case GMIME_CONTENT_ENCODING_8BIT:
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

static char *
text_element(const char *subject, const struct entity *entity)
{
	const char *charset = g_mime_content_type_get_parameter(entity->type, "charset");
	g_autofree char *line = g_strconcat("Subject: ", subject, NULL);
	g_autofree char *converted = g_convert(line, -1, charset == NULL ? "us-ascii" : charset,
					       "utf-8", NULL, NULL, NULL);

	return converted == NULL ? NULL : fit_line(converted, entity->encoding);
}

/* ASCII, whatever the character set of the page. */
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

/* The first place in [from, end) where `mark` stands, without regard to case (it begins with no
 * letter); `end` where none. */
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

/* Behind the tag that opens the body, or where the page begins. */
static size_t
html_place(const struct rewriting *rewriting, const struct entity *entity)
{
	size_t tag = find(rewriting, entity->content, entity->end, "<body");
	size_t close = find(rewriting, tag, entity->end, ">");

	return close == entity->end ? entity->content : close + 1;
}

static void
insert(struct rewriting *rewriting, size_t place, const char *text)
{
	g_string_append_len(rewriting->out, rewriting->window + rewriting->copied,
			    (gssize)(place - rewriting->copied));
	g_string_append(rewriting->out, text);
	rewriting->copied = place;
}

/* --- entities --- */

/* The value of a field within an entity's header, unfolded; the caller's. *end_r is where the field
 * ends, before its line end. NULL: no such field. */
static char *
field_value(const struct rewriting *rewriting, const struct entity *entity, const char *name,
	    size_t *end_r)
{
	g_autofree char *mark = g_strconcat(line_end, name, ":", NULL);
	/* The line end before the header is that of the boundary. */
	size_t at = find(rewriting, entity->header - strlen(line_end), entity->content, mark);
	size_t from = at + strlen(mark), end = from;
	g_autofree char *value = NULL;

	if (at == entity->content)
		return NULL;
	do
		end = find(rewriting, end + 1, entity->content, line_end);
	while (end + 2 < entity->content && strchr(" \t", rewriting->window[end + 2]) != NULL);
	*end_r = end;
	value = g_strndup(rewriting->window + from, end - from);
	return g_strdup(g_strstrip(g_strdelimit(value, line_end, ' ')));
}

/* Puts the element into the entity's text. False where it cannot stand there. `parameter_at` is
 * where its Content-Type ends, or 0 where that is written elsewhere. */
static bool
put_in(struct rewriting *rewriting, const struct entity *entity, size_t parameter_at)
{
	bool is_html = g_mime_content_type_is_type(entity->type, "text", "html");
	g_autofree char *element = NULL;

	if (is_html)
		element = html_element(rewriting->subject, entity);
	else if (g_mime_content_type_is_type(entity->type, "text", "plain"))
		element = text_element(rewriting->subject, entity);
	if (element == NULL)
		return false;
	if (parameter_at != 0)
		insert(rewriting, parameter_at, LEGACY_DISPLAY_PARAMETER);
	insert(rewriting, is_html ? html_place(rewriting, entity) : entity->content, element);
	return true;
}

static void walk(struct rewriting *rewriting, const struct entity *multipart, int depth);

/* A part whose bounds are known. */
static void
visit(struct rewriting *rewriting, struct entity *part, int depth)
{
	size_t type_end, ignored;
	g_autofree char *type = field_value(rewriting, part, "Content-Type", &type_end);
	g_autofree char *encoding =
		field_value(rewriting, part, "Content-Transfer-Encoding", &ignored);
	g_autofree char *disposition =
		field_value(rewriting, part, "Content-Disposition", &ignored);

	if (type == NULL ||
	    (disposition != NULL && g_ascii_strncasecmp(disposition, "attachment", 10) == 0))
		return;
	part->type = g_mime_content_type_parse(NULL, type);
	part->encoding = encoding_of(encoding);
	if (g_mime_content_type_is_type(part->type, "multipart", "*"))
		walk(rewriting, part, depth + 1);
	else
		put_in(rewriting, part, type_end);
	g_object_unref(part->type);
}

/* The body is what comes first, and all the forms of it. */
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

/* Line end, the beginning of the body, NUL: the first boundary stands at the beginning of a line.
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
			display->is_in_root = put_in(&rewriting, &root, 0);
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
