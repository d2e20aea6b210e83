#include "mail/layout_parts.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/layout_header.h"
#include "mail/layout_names.h"

enum {
	PARTS_MAX = 1000,
	BODY_MAX = 50,	    /* parts that are shown as text */
	HTML_PARTS_MAX = 9, /* each one is work for postseal-reader */
	DEPTH_MAX = 100,
	UNFOLDED_DEPTH_MAX = 5,	       /* attached messages within attached messages */
	PICTURE_MAX = 6 * 1024 * 1024, /* bytes, encoded, of a picture shown within the HTML */
	LINE_MAX_BYTES = 65536,	       /* bytes read at once while looking for a boundary */
	NAME_CHARACTERS = 60,	       /* of a subject in the name of a file */
	BOUNDARY_REST = 80,	       /* blanks after a boundary that are passed over */
};

/* State of the search for parts. Attached messages have a search of their own, and share the
 * number of parts. */
struct search {
	struct layout *layout;
	const struct spool *raw;
	guint *count;
	guint unfolded;	   /* attached messages around */
	guint html;	   /* parts */
	uint64_t pictures; /* bytes */
};

/* Where a part is. */
struct place {
	const char *boundary; /* of the nearest multipart around, or NULL */
	unsigned views;	      /* in which a text would be shown; 0: it is listed */
	bool is_root;	      /* what a reader sees first, whether or not it has a file name */
	int depth;
};

/* --- parts --- */

static enum layout_encoding
encoding_of(GMimePart *part)
{
	switch (g_mime_part_get_content_encoding(part)) {
	case GMIME_CONTENT_ENCODING_BASE64:
		return LAYOUT_BASE64;
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		return LAYOUT_QUOTED_PRINTABLE;
	default:
		return LAYOUT_IDENTITY;
	}
}

static bool
says(GMimeObject *object, const char *parameter, const char *value)
{
	const char *said = g_mime_object_get_content_type_parameter(object, parameter);

	return said != NULL && g_ascii_strcasecmp(said, value) == 0;
}

static struct layout_part *
new_part(const struct search *search, GMimeObject *object, const char *name)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *mime_type = g_mime_content_type_get_mime_type(type);
	struct layout_part *part = g_new0(struct layout_part, 1);

	part->type = g_ascii_strdown(mime_type, -1);
	part->name = layout_name(name, part->type, *search->count);
	part->charset = g_strdup(g_mime_object_get_content_type_parameter(object, "charset"));
	part->cid = g_strdup(g_mime_object_get_content_id(object));
	part->is_flowed = says(object, "format", "flowed");
	part->deletes_space = part->is_flowed && says(object, "delsp", "yes");
	return part;
}

/* The value of a field, if it has bytes of an unknown character set, in UTF-8. Caller frees. */
static char *
field_in_8_bit(GMimePart *leaf, const char *name)
{
	GMimeHeader *field = g_mime_header_list_get_header(
		g_mime_object_get_header_list(GMIME_OBJECT(leaf)), name);
	const char *value = field == NULL ? NULL : g_mime_header_get_raw_value(field);

	return value == NULL ? NULL : charset_decode_field(value);
}

/* GMime takes such bytes for Latin-1. Caller frees; NULL: there is no such name. */
static char *
name_in_8_bit(GMimePart *leaf)
{
	g_autofree char *place = field_in_8_bit(leaf, "Content-Disposition");
	g_autofree char *kind = field_in_8_bit(leaf, "Content-Type");
	GMimeContentDisposition *disposition =
		place == NULL ? NULL : g_mime_content_disposition_parse(NULL, place);
	GMimeContentType *type = kind == NULL ? NULL : g_mime_content_type_parse(NULL, kind);
	char *name = NULL;

	if (disposition != NULL)
		name = g_strdup(g_mime_content_disposition_get_parameter(disposition, "filename"));
	if (name == NULL && type != NULL)
		name = g_strdup(g_mime_content_type_get_parameter(type, "name"));
	g_clear_object(&disposition);
	g_clear_object(&type);
	return name;
}

static struct layout_part *
part_of(const struct search *search, GMimePart *leaf)
{
	g_autofree char *decoded = name_in_8_bit(leaf);
	struct layout_part *part =
		new_part(search, GMIME_OBJECT(leaf),
			 decoded == NULL ? g_mime_part_get_filename(leaf) : decoded);
	GMimeDataWrapper *content = g_mime_part_get_content(leaf);
	GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);

	part->encoding = encoding_of(leaf);
	if (stream != NULL) {
		part->offset = (uint64_t)stream->bound_start;
		part->length = (uint64_t)g_mime_stream_length(stream);
	}
	return part;
}

/* --- ranges of bytes --- */

/* The first position at or after `from` where the mark begins, or the end if there is none. */
static uint64_t
find_mark(const struct spool *raw, uint64_t from, const char *mark)
{
	g_autofree char *window = g_malloc(LINE_MAX_BYTES);
	size_t mark_length = strlen(mark);
	struct fault fault;
	size_t got;

	while (spool_read(raw, from, window, LINE_MAX_BYTES, &got, &fault) && got >= mark_length) {
		const char *at = memmem(window, got, mark, mark_length);

		if (at != NULL)
			return from + (uint64_t)(at - window);
		from += got - mark_length + 1;
	}
	return spool_size(raw);
}

/* RFC 2046 §5.1.1: after the boundary, a line has nothing but "--" and blanks. Otherwise it is the
 * line of another boundary, which only begins the same. */
static bool
boundary_ends(const struct spool *raw, uint64_t at)
{
	char rest[BOUNDARY_REST];
	struct fault fault;
	size_t got = 0, i = 0;

	if (!spool_read(raw, at, rest, sizeof rest, &got, &fault))
		return true;
	if (got >= 2 && memcmp(rest, "--", 2) == 0)
		i = 2;
	while (i < got && (rest[i] == ' ' || rest[i] == '\t'))
		i++;
	return i == got || rest[i] == '\r' || rest[i] == '\n';
}

static uint64_t
find_boundary(const struct spool *raw, uint64_t from, const char *boundary)
{
	g_autofree char *mark = boundary == NULL ? NULL : g_strdup_printf("\r\n--%s", boundary);
	uint64_t at = from;

	if (mark == NULL)
		return spool_size(raw);
	while ((at = find_mark(raw, at, mark)) < spool_size(raw) &&
	       !boundary_ends(raw, at + strlen(mark)))
		at += strlen(mark);
	return at;
}

/* What has no encoding of its own: its bytes are everything before the boundary. */
static void
take_range(const struct search *search, struct layout_part *part, gint64 begin,
	   const struct place *place)
{
	if (begin < 0)
		return;
	part->offset = MIN((uint64_t)begin, spool_size(search->raw));
	part->length = find_boundary(search->raw, part->offset, place->boundary) - part->offset;
}

/* -1: unknown. */
static gint64
beginning_of(GMimeObject *object)
{
	GMimeHeaderList *header = object == NULL ? NULL : g_mime_object_get_header_list(object);

	return header == NULL || g_mime_header_list_get_count(header) == 0
		       ? -1
		       : g_mime_header_get_offset(g_mime_header_list_get_header_at(header, 0));
}

/* --- what a part is --- */

static const char *
disposition_of(GMimeObject *part)
{
	const char *disposition = g_mime_object_get_disposition(part);

	return disposition == NULL ? "" : disposition;
}

static bool
is_text(GMimeObject *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);

	return GMIME_IS_PART(part) && (g_mime_content_type_is_type(type, "text", "plain") ||
				       g_mime_content_type_is_type(type, "text", "html"));
}

/* A file has a name, but programs also name the text that they show first. */
static bool
is_shown(GMimeObject *part, bool is_root)
{
	return is_text(part) && g_ascii_strcasecmp(disposition_of(part), "attachment") != 0 &&
	       (is_root || g_mime_part_get_filename(GMIME_PART(part)) == NULL);
}

bool
layout_shows_picture(const char *type)
{
	static const char *const types[] = {"image/png",  "image/jpeg", "image/jpg", "image/gif",
					    "image/webp", "image/bmp",	NULL};

	return g_strv_contains(types, type);
}

/* May the HTML show the picture (RFC 2392)? One that is too large for that is an attachment. */
static bool
may_be_shown_within(struct search *search, const struct layout_part *part)
{
	if (part->cid == NULL || !layout_shows_picture(part->type) || part->length > PICTURE_MAX ||
	    search->pictures + part->length > LAYOUT_PICTURES_MAX)
		return false;
	search->pictures += part->length;
	return true;
}

static bool
is_multipart(GMimeObject *object, const char *subtype)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(object), "multipart",
					   subtype);
}

/* RFC 2387 §3.2: the part that the others belong to. */
static int
related_root(GMimeMultipart *related)
{
	const char *start =
		g_mime_object_get_content_type_parameter(GMIME_OBJECT(related), "start");
	g_autofree char *cid = start == NULL ? NULL : g_mime_utils_decode_message_id(start);

	for (int i = 0; cid != NULL && i < g_mime_multipart_get_count(related); i++) {
		const char *own =
			g_mime_object_get_content_id(g_mime_multipart_get_part(related, i));

		if (own != NULL && strcmp(own, cid) == 0)
			return i;
	}
	return 0;
}

static bool
is_root(GMimeMultipart *multipart, int number, bool around)
{
	if (is_multipart(GMIME_OBJECT(multipart), "alternative"))
		return true;
	if (is_multipart(GMIME_OBJECT(multipart), "related"))
		return number == related_root(multipart);
	return around && number == 0;
}

/* What refers to nothing and is not referred to goes on with the text: gateways add their
 * disclaimers here. */
static bool
goes_on(GMimeObject *part)
{
	return g_mime_object_get_content_id(part) == NULL &&
	       g_mime_object_get_header(part, "Content-Location") == NULL;
}

/* A report has text, and then what it is about (RFC 6522); what is signed comes before its
 * signature (RFC 1847). Everything else goes on as in multipart/mixed (RFC 2046 §5.1.7). */
static bool
shows_first_only(GMimeObject *multipart)
{
	return is_multipart(multipart, "report") || is_multipart(multipart, "signed") ||
	       is_multipart(multipart, "encrypted");
}

/* Is the part shown if it is text? Of multipart/alternative, that depends on the others. */
static bool
may_be_shown(GMimeMultipart *multipart, int number)
{
	GMimeObject *object = GMIME_OBJECT(multipart);

	if (is_multipart(object, "related"))
		return number == related_root(multipart) ||
		       goes_on(g_mime_multipart_get_part(multipart, number));
	return number == 0 || !shows_first_only(object);
}

/* --- forms of the same text --- */

enum form { FORM_NONE, FORM_PLAIN, FORM_HTML };

/* What would be shown of the part. */
static enum form
form_of(GMimeObject *part, bool around, int depth)
{
	enum form form = FORM_NONE;
	GMimeMultipart *multipart;

	if (depth > DEPTH_MAX)
		return FORM_NONE;
	if (!GMIME_IS_MULTIPART(part))
		return !is_shown(part, around) ? FORM_NONE
		       : g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text",
						     "html")
			       ? FORM_HTML
			       : FORM_PLAIN;
	multipart = GMIME_MULTIPART(part);
	for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
		if (may_be_shown(multipart, i))
			form = MAX(form, form_of(g_mime_multipart_get_part(multipart, i),
						 is_root(multipart, i, around), depth + 1));
	return form;
}

/* RFC 2046 §5.1.4: the last one that can be shown; -1: none. */
static int
last_of_form(GMimeMultipart *alternative, enum form form, int depth)
{
	for (int i = g_mime_multipart_get_count(alternative); i-- > 0;)
		if (form_of(g_mime_multipart_get_part(alternative, i), true, depth + 1) == form)
			return i;
	return -1;
}

/* --- in which views the parts of a multipart are shown --- */

/* The plain form is what the view as text shows, and the other one what the formatted view shows.
 * A plain form that neither would show, because all of it is the formatted form of a larger text,
 * is added to the text: it may say more. */
static void
views_of_alternative(GMimeMultipart *alternative, const struct place *place, unsigned *views)
{
	int plain = last_of_form(alternative, FORM_PLAIN, place->depth);
	int html = last_of_form(alternative, FORM_HTML, place->depth);

	if (plain >= 0)
		views[plain] = place->views;
	if (html >= 0)
		views[html] = place->views;
	if (plain < 0 || html < 0 || place->views == 0)
		return;
	views[plain] = LAYOUT_IN_TEXT;
	if (place->views & LAYOUT_IN_HTML)
		views[html] = LAYOUT_IN_HTML;
}

static void
views_of_parts(GMimeMultipart *multipart, const struct place *place, unsigned *views)
{
	if (is_multipart(GMIME_OBJECT(multipart), "alternative")) {
		views_of_alternative(multipart, place, views);
		return;
	}
	for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
		views[i] = may_be_shown(multipart, i) ? place->views : 0;
}

/* --- sorting --- */

static void
sort_leaf(struct search *search, GMimePart *leaf, const struct place *place)
{
	struct layout *layout = search->layout;
	struct layout_part *part = part_of(search, leaf);

	part->views = place->views;
	if (place->views != 0 && is_shown(GMIME_OBJECT(leaf), place->is_root) &&
	    layout->body->len <= BODY_MAX &&
	    (!layout_is_html(part) || search->html++ < HTML_PARTS_MAX))
		g_ptr_array_add(layout->body, part);
	else
		g_ptr_array_add(may_be_shown_within(search, part) ? layout->related
								  : layout->attachments,
				part);
}

static void take_message(struct search *search, GMimeMessage *message, const struct place *place);

static void
unfold(const struct search *search, struct layout_part *part, GMimeMessage *message,
       const struct place *place)
{
	struct search within = {
		.raw = search->raw, .count = search->count, .unfolded = search->unfolded + 1};

	if (within.unfolded > UNFOLDED_DEPTH_MAX)
		return;
	part->inner = within.layout = layout_empty();
	take_message(&within, message, place);
}

/* Of several messages, people know which is which. */
static void
name_by_subject(struct layout_part *part)
{
	const char *subject = part->inner == NULL ? "" : part->inner->subject;
	g_autofree char *beginning =
		g_utf8_substring(subject, 0, MIN(g_utf8_strlen(subject, -1), NAME_CHARACTERS));
	g_autofree char *name = g_strconcat(g_strdelimit(beginning, "/\\", '_'), ".eml", NULL);

	if (*subject == '\0')
		return;
	g_free(part->name);
	part->name = layout_name(name, part->type, 0);
}

static void
sort_message(struct search *search, GMimeMessagePart *holder, const struct place *place)
{
	GMimeMessage *message = g_mime_message_part_get_message(holder);
	const char *name = g_mime_object_get_content_type_parameter(GMIME_OBJECT(holder), "name");
	struct layout_part *part;

	if (name == NULL)
		name = g_mime_object_get_content_disposition_parameter(GMIME_OBJECT(holder),
								       "filename");
	part = new_part(search, GMIME_OBJECT(holder), name == NULL ? "message.eml" : name);
	take_range(search, part, message == NULL ? -1 : beginning_of(GMIME_OBJECT(message)), place);
	g_ptr_array_add(search->layout->attachments, part);
	if (message != NULL && part->length > 0)
		unfold(search, part, message, place);
	if (name == NULL)
		name_by_subject(part);
}

/* Whose boundary is missing or wrong, so that its parts cannot be told apart. */
static void
list_unsorted(struct search *search, GMimeObject *multipart, const struct place *place)
{
	struct layout_part *part;
	gint64 begin = beginning_of(multipart);

	if (begin < 0 || place->depth == 0)
		return;
	part = new_part(search, multipart, NULL);
	g_free(part->type);
	g_free(part->name);
	part->type = g_strdup("text/plain");
	part->name = layout_name(NULL, part->type, *search->count);
	take_range(search, part, begin, place);
	g_ptr_array_add(search->layout->attachments, part);
}

static void sort_part(struct search *search, GMimeObject *part, const struct place *place);

static void
sort_parts(struct search *search, GMimeMultipart *multipart, const struct place *place)
{
	/* Not g_mime_multipart_get_boundary(): if there is no boundary, that function makes one and
	 * rewrites the type, which never ends for some types. */
	const char *boundary =
		g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "boundary");
	int count = g_mime_multipart_get_count(multipart);
	g_autofree unsigned *views = g_new0(unsigned, (gsize)count + 1);

	views_of_parts(multipart, place, views);
	for (int i = 0; i < count; i++) {
		const struct place within = {.boundary =
						     boundary == NULL ? place->boundary : boundary,
					     .views = views[i],
					     .is_root = is_root(multipart, i, place->is_root),
					     .depth = place->depth + 1};

		sort_part(search, g_mime_multipart_get_part(multipart, i), &within);
	}
	if (count == 0)
		list_unsorted(search, GMIME_OBJECT(multipart), place);
}

static void
sort_part(struct search *search, GMimeObject *part, const struct place *place)
{
	if (*search->count >= PARTS_MAX || place->depth > DEPTH_MAX) {
		search->layout->is_cut = true;
		return;
	}
	++*search->count;
	if (GMIME_IS_MULTIPART(part))
		sort_parts(search, GMIME_MULTIPART(part), place);
	else if (GMIME_IS_MESSAGE_PART(part))
		sort_message(search, GMIME_MESSAGE_PART(part), place);
	else if (GMIME_IS_PART(part))
		sort_leaf(search, GMIME_PART(part), place);
}

/* If the parts cannot be told apart, everything after the header is still shown. */
static struct layout_part *
unsorted_body(const struct search *search, GMimeMessage *message, const struct place *place)
{
	static const char header_end[] = "\r\n\r\n";
	struct layout_part *part = g_new0(struct layout_part, 1);
	gint64 begin = MAX(beginning_of(GMIME_OBJECT(message)), 0);
	uint64_t header = find_mark(search->raw, (uint64_t)begin, header_end);

	part->type = g_strdup("text/plain");
	part->name = layout_name(NULL, part->type, 0);
	part->views = LAYOUT_IN_TEXT | LAYOUT_IN_HTML;
	take_range(search, part, (gint64)(header + strlen(header_end)), place);
	return part;
}

static void
take_message(struct search *search, GMimeMessage *message, const struct place *place)
{
	struct layout *layout = search->layout;
	const struct place whole = {.boundary = place->boundary,
				    .views = LAYOUT_IN_TEXT | LAYOUT_IN_HTML,
				    .is_root = true};
	GMimeObject *root = g_mime_message_get_mime_part(message);

	layout_read_header(layout, message);
	if (root != NULL)
		sort_part(search, root, &whole);
	if (layout->body->len == 0 && layout->attachments->len == 0 && layout->related->len == 0)
		g_ptr_array_add(layout->body, unsorted_body(search, message, &whole));
}

void
layout_take_parts(struct layout *layout, const struct spool *raw, GMimeMessage *message)
{
	guint count = 0;
	struct search search = {.layout = layout, .raw = raw, .count = &count};

	take_message(&search, message, &(const struct place){0});
}
