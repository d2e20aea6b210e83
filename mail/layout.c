#include "mail/layout.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"
#include "mail/field.h"
#include "mail/mime_stream.h"

enum {
	PARTS_MAX = 1000,
	FURTHER_MAX = 50,
	FURTHER_HTML_MAX = 8, /* each one is work for postseal-reader */
	DEPTH_MAX = 100,
	PICTURE_MAX = 6 * 1024 * 1024, /* bytes, encoded, of a picture shown within the HTML */
	LINE_MAX_BYTES = 65536,	       /* bytes read at once while looking for a boundary */
	BASE64_LINE = 78,
	BASE64_LINE_DECODED = 57,
};

void
layout_part_free(struct layout_part *part)
{
	if (part == NULL)
		return;
	g_free(part->name);
	g_free(part->type);
	g_free(part->charset);
	g_free(part->cid);
	g_free(part);
}

struct layout *
layout_empty(void)
{
	struct layout *layout = g_new0(struct layout, 1);

	layout->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	layout->related = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	layout->further = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	return layout;
}

void
layout_free(struct layout *layout)
{
	if (layout == NULL)
		return;
	g_free(layout->subject);
	g_free(layout->from);
	g_free(layout->to);
	g_free(layout->cc);
	g_free(layout->from_address);
	g_free(layout->message_id);
	g_free(layout->references);
	g_free(layout->addresses);
	g_free(layout->reply_to);
	g_ptr_array_unref(layout->attachments);
	g_ptr_array_unref(layout->related);
	g_ptr_array_unref(layout->further);
	layout_part_free(layout->text);
	layout_part_free(layout->html);
	g_free(layout);
}

/* --- parts --- */

/* State of the search for parts. */
struct search {
	struct layout *layout;
	const struct spool *raw;
	guint count;
	guint html;	   /* number of further HTML parts */
	uint64_t pictures; /* bytes of the pictures within the HTML */
	/* The multipart/alternative that the body belongs to, and the latest one that continues it;
	 * or NULL. */
	const GMimeObject *body, *further;
};

/* A phone does not know what to open a file with if its name has no ending. "" for an unknown type.
 */
static const char *
ending(const char *type)
{
	static const struct {
		const char *type, *ending;
	} endings[] = {
		{"text/plain", ".txt"},
		{"text/html", ".html"},
		{"text/csv", ".csv"},
		{"text/calendar", ".ics"},
		{"application/ics", ".ics"},
		{"text/vcard", ".vcf"},
		{"text/x-vcard", ".vcf"},
		{"text/rtf", ".rtf"},
		{"text/xml", ".xml"},
		{"application/xml", ".xml"},
		{"application/json", ".json"},
		{"application/rtf", ".rtf"},
		{"application/pdf", ".pdf"},
		{"application/zip", ".zip"},
		{"application/x-zip-compressed", ".zip"},
		{"application/gzip", ".gz"},
		{"application/ms-tnef", ".dat"},
		{"application/pkcs7-mime", ".p7m"},
		{"application/pkcs7-signature", ".p7s"},
		{"application/pgp-signature", ".asc"},
		{"application/pgp-keys", ".asc"},
		{"application/msword", ".doc"},
		{"application/vnd.ms-excel", ".xls"},
		{"application/vnd.ms-powerpoint", ".ppt"},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		 ".docx"},
		{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
		{"application/vnd.openxmlformats-officedocument.presentationml.presentation",
		 ".pptx"},
		{"application/vnd.oasis.opendocument.text", ".odt"},
		{"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
		{"message/rfc822", ".eml"},
		{"message/delivery-status", ".txt"},
		{"message/disposition-notification", ".txt"},
		{"image/png", ".png"},
		{"image/jpeg", ".jpg"},
		{"image/jpg", ".jpg"},
		{"image/gif", ".gif"},
		{"image/webp", ".webp"},
		{"image/heic", ".heic"},
		{"image/tiff", ".tif"},
		{"image/bmp", ".bmp"},
		{"image/svg+xml", ".svg"},
		{"audio/mpeg", ".mp3"},
		{"audio/mp4", ".m4a"},
		{"audio/wav", ".wav"},
		{"audio/x-wav", ".wav"},
		{"audio/ogg", ".ogg"},
		{"video/mp4", ".mp4"},
		{"video/quicktime", ".mov"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].type, type) == 0)
			return endings[i].ending;
	return "";
}

static bool
is_calendar(const char *type)
{
	return strcmp(ending(type), ".ics") == 0;
}

/* The name is shown, and offered as a file name: without folders, invisible characters, or
 * characters that change the direction of text. */
static char *
harmless_name(const char *name, const char *type, guint number)
{
	g_autofree char *valid = name == NULL ? g_strdup("") : g_utf8_make_valid(name, -1);
	const char *base = MAX(strrchr(valid, '/'), strrchr(valid, '\\'));
	g_autoptr(GString) clean = g_string_new(NULL);

	for (const char *c = base == NULL ? valid : base + 1; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		GUnicodeType kind = g_unichar_type(character);

		if (kind == G_UNICODE_CONTROL || kind == G_UNICODE_FORMAT ||
		    kind == G_UNICODE_LINE_SEPARATOR || kind == G_UNICODE_PARAGRAPH_SEPARATOR ||
		    strchr("\"<>|:*?", (int)MIN(character, 0x7f)) != NULL)
			g_string_append_c(clean, '_');
		else
			g_string_append_unichar(clean, character);
	}
	g_strstrip(clean->str);
	if (*clean->str == '\0' || strspn(clean->str, ".") == strlen(clean->str))
		return is_calendar(type)
			       ? g_strdup("invite.ics")
			       : g_strdup_printf("attachment-%u%s", number + 1, ending(type));
	return g_strconcat(clean->str, strchr(clean->str, '.') == NULL ? ending(type) : "", NULL);
}

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
new_part(GMimeObject *object, const char *name, guint number)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	g_autofree char *mime_type = g_mime_content_type_get_mime_type(type);
	struct layout_part *part = g_new0(struct layout_part, 1);

	part->type = g_ascii_strdown(mime_type, -1);
	part->name = harmless_name(name, part->type, number);
	part->charset = g_strdup(g_mime_object_get_content_type_parameter(object, "charset"));
	part->cid = g_strdup(g_mime_object_get_content_id(object));
	part->is_flowed = says(object, "format", "flowed");
	part->deletes_space = part->is_flowed && says(object, "delsp", "yes");
	return part;
}

static struct layout_part *
part_of(GMimePart *leaf, guint number)
{
	struct layout_part *part =
		new_part(GMIME_OBJECT(leaf), g_mime_part_get_filename(leaf), number);
	GMimeDataWrapper *content = g_mime_part_get_content(leaf);
	GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);

	part->encoding = encoding_of(leaf);
	if (stream != NULL) {
		part->offset = (uint64_t)stream->bound_start;
		part->length = (uint64_t)g_mime_stream_length(stream);
	}
	return part;
}

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

/* An attached message has no encoding of its own: its bytes are everything before the boundary. */
static struct layout_part *
attached_message(const struct search *search, GMimeMessagePart *holder, GMimeObject *parent)
{
	/* Not g_mime_multipart_get_boundary(): if there is no boundary, that function makes one and
	 * rewrites the type, which never ends for some types. */
	const char *boundary =
		parent == NULL ? NULL
			       : g_mime_object_get_content_type_parameter(parent, "boundary");
	GMimeMessage *inner = g_mime_message_part_get_message(holder);
	GMimeHeaderList *header =
		inner == NULL ? NULL : g_mime_object_get_header_list(GMIME_OBJECT(inner));
	const char *name = g_mime_object_get_content_type_parameter(GMIME_OBJECT(holder), "name");
	g_autofree char *mark = boundary == NULL ? NULL : g_strdup_printf("\r\n--%s", boundary);
	struct layout_part *part =
		new_part(GMIME_OBJECT(holder), name == NULL ? "message.eml" : name, search->count);
	gint64 begin = -1;

	if (header != NULL && g_mime_header_list_get_count(header) > 0)
		begin = g_mime_header_get_offset(g_mime_header_list_get_header_at(header, 0));
	if (begin >= 0) {
		part->offset = (uint64_t)begin;
		part->length = (mark == NULL ? spool_size(search->raw)
					     : find_mark(search->raw, part->offset, mark)) -
			       part->offset;
	}
	return part;
}

static bool
is_attached(GMimeObject *part)
{
	const char *disposition = g_mime_object_get_disposition(part);

	return (disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0) ||
	       (GMIME_IS_PART(part) && g_mime_part_get_filename(GMIME_PART(part)) != NULL);
}

bool
layout_shows_picture(const char *type)
{
	static const char *const types[] = {"image/png",  "image/jpeg", "image/jpg", "image/gif",
					    "image/webp", "image/bmp",	NULL};

	return g_strv_contains(types, type);
}

/* Is the picture shown within the HTML next to it (RFC 2387)? A picture that is too large for that
 * is listed as an attachment. */
static bool
is_picture_within(struct search *search, const struct layout_part *part, GMimeObject *parent)
{
	if (parent == NULL || part->cid == NULL || !layout_shows_picture(part->type) ||
	    !g_mime_content_type_is_type(g_mime_object_get_content_type(parent), "multipart",
					 "related") ||
	    part->length > PICTURE_MAX || search->pictures + part->length > LAYOUT_PICTURES_MAX)
		return false;
	search->pictures += part->length;
	return true;
}

/* --- bodies --- */

/* Where a part is in the message. */
struct place {
	GMimeObject *parent;	  /* NULL: the part is the whole message */
	GMimeObject *alternative; /* the nearest enclosing multipart/alternative; or NULL */
	GMimeObject *around; /* the nearest enclosing one that is neither alternative nor related;
				or NULL */
};

static bool
is_multipart(GMimeObject *object, const char *subtype)
{
	return object != NULL && g_mime_content_type_is_type(g_mime_object_get_content_type(object),
							     "multipart", subtype);
}

static struct place
place_within(GMimeObject *multipart, const struct place *place)
{
	bool is_alternative = is_multipart(multipart, "alternative");

	return (struct place){.parent = multipart,
			      .alternative = is_alternative ? multipart : place->alternative,
			      .around = is_alternative || is_multipart(multipart, "related")
						? place->around
						: multipart};
}

bool
layout_is_html(const struct layout_part *part)
{
	return strcmp(part->type, "text/html") == 0;
}

bool
layout_has_html(const struct layout *layout)
{
	bool has_html = layout->html != NULL;

	for (guint i = 0; i < layout->further->len && !has_html; i++)
		has_html = layout_is_html(g_ptr_array_index(layout->further, i));
	return has_html;
}

/* Takes the part as the body if it is the first one, or the other form of the first one. */
static bool
begin_body(struct search *search, struct layout_part *part, const struct place *place)
{
	struct layout *layout = search->layout;
	struct layout_part **form = layout_is_html(part) ? &layout->html : &layout->text;
	bool is_first = layout->text == NULL && layout->html == NULL;

	if (*form != NULL ||
	    (!is_first && (place->alternative == NULL || place->alternative != search->body)))
		return false;
	*form = part;
	search->body = place->alternative;
	return true;
}

/* Of another multipart/alternative that continues the body, only the HTML is shown. Returns true if
 * the part has replaced the plain text, or is a plain text that is not needed. */
static bool
replace_form(struct search *search, struct layout_part *part, const struct place *place)
{
	GPtrArray *further = search->layout->further;
	struct layout_part *last =
		further->len == 0 ? NULL : g_ptr_array_index(further, further->len - 1);

	if (last == NULL || place->alternative == NULL || place->alternative == search->body ||
	    place->alternative != search->further || (layout_is_html(last) && layout_is_html(part)))
		return false;
	if (layout_is_html(part)) {
		further->pdata[further->len - 1] = part;
		part = last;
		search->html++;
	}
	layout_part_free(part);
	return true;
}

/* Apple Mail writes text, a picture, and more text; Outlook's HTML continues after a file; lists
 * and gateways add a footer. Only in multipart/mixed: the parts of a report do not continue each
 * other. */
static bool
go_on(struct search *search, struct layout_part *part, const struct place *place)
{
	struct layout *layout = search->layout;

	if (!is_multipart(place->around, "mixed") || layout->further->len >= FURTHER_MAX ||
	    (layout_is_html(part) && search->html >= FURTHER_HTML_MAX))
		return false;
	if (replace_form(search, part, place))
		return true;
	part->has_plain = layout_is_html(part) && layout->text != NULL &&
			  place->alternative != NULL && place->alternative == search->body;
	search->html += layout_is_html(part);
	search->further = place->alternative;
	g_ptr_array_add(layout->further, part);
	return true;
}

static void
sort_leaf(struct search *search, GMimePart *leaf, const struct place *place)
{
	GMimeObject *object = GMIME_OBJECT(leaf);
	GMimeContentType *type = g_mime_object_get_content_type(object);
	struct layout_part *part = part_of(leaf, search->count);
	bool is_body =
		!is_attached(object) && (g_mime_content_type_is_type(type, "text", "plain") ||
					 g_mime_content_type_is_type(type, "text", "html"));

	if (is_body && (begin_body(search, part, place) || go_on(search, part, place)))
		return;
	g_ptr_array_add(is_picture_within(search, part, place->parent)
				? search->layout->related
				: search->layout->attachments,
			part);
}

static void
sort_part(struct search *search, GMimeObject *part, const struct place *place, int depth)
{
	if (search->count++ >= PARTS_MAX || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(part)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(part);
		const struct place within = place_within(part, place);

		for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
			sort_part(search, g_mime_multipart_get_part(multipart, i), &within,
				  depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(part)) {
		g_ptr_array_add(search->layout->attachments,
				attached_message(search, GMIME_MESSAGE_PART(part), place->parent));
	} else if (GMIME_IS_PART(part)) {
		sort_leaf(search, GMIME_PART(part), place);
	}
}

/* If the parts cannot be told apart, because the boundary is missing or wrong, everything after the
 * header is still shown. */
static struct layout_part *
unsorted_body(const struct spool *raw)
{
	static const char header_end[] = "\r\n\r\n";
	struct layout_part *part = g_new0(struct layout_part, 1);

	part->type = g_strdup("text/plain");
	part->name = harmless_name(NULL, part->type, 0);
	part->offset = MIN(find_mark(raw, 0, header_end) + strlen(header_end), spool_size(raw));
	part->length = spool_size(raw) - part->offset;
	return part;
}

/* --- header --- */

static bool
turns_direction(gunichar character)
{
	return character == 0x061c || character == 0x200e || character == 0x200f ||
	       (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

char *
layout_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	GString *line = g_string_new(NULL);

	for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c))
		if (!turns_direction(g_utf8_get_char(c)))
			g_string_append_unichar(line, g_utf8_get_char(c));
	return g_string_free(line, FALSE);
}

static char *
addresses_of(GMimeMessage *message, GMimeAddressType type)
{
	InternetAddressList *list = g_mime_message_get_addresses(message, type);
	g_autofree char *text =
		list == NULL ? NULL : internet_address_list_to_string(list, NULL, FALSE);

	return layout_line(text);
}

static void
collect_addresses(InternetAddressList *list, GString *text)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		const char *plain;

		if (INTERNET_ADDRESS_IS_GROUP(address))
			collect_addresses(
				internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
				text);
		if (!INTERNET_ADDRESS_IS_MAILBOX(address))
			continue;
		plain = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
		if (plain != NULL && address_is_valid(plain) && strchr(plain, ' ') == NULL) {
			g_autofree char *folded = address_fold(plain);

			g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", folded);
		}
	}
}

static char *
folded_addresses(GMimeMessage *message, GMimeAddressType type)
{
	GString *text = g_string_new(NULL);

	collect_addresses(g_mime_message_get_addresses(message, type), text);
	return g_string_free(text, FALSE);
}

static char *
first_address(GMimeMessage *message, GMimeAddressType type)
{
	g_autofree char *addresses = folded_addresses(message, type);

	return g_strndup(addresses, strcspn(addresses, " "));
}

static char *
field_of(GMimeMessage *message, const char *name)
{
	const char *value = g_mime_object_get_header(GMIME_OBJECT(message), name);
	g_autofree char *copy = g_strdup(value == NULL ? "" : value);

	return g_strdup(g_strstrip(g_strdelimit(copy, "\r\n\t", ' ')));
}

/* GMime would drop text (encoded_words.h). */
static char *
subject_of(GMimeMessage *message)
{
	GMimeHeader *field = g_mime_header_list_get_header(
		g_mime_object_get_header_list(GMIME_OBJECT(message)), "Subject");
	g_autofree char *shown =
		field == NULL ? NULL : field_shown(g_mime_header_get_raw_value(field));

	return layout_line(shown);
}

static void
read_header(struct layout *layout, GMimeMessage *message)
{
	GDateTime *date = g_mime_message_get_date(message);
	g_autoptr(GString) readers = g_string_new(NULL);

	layout->subject = subject_of(message);
	layout->from = addresses_of(message, GMIME_ADDRESS_TYPE_FROM);
	layout->to = addresses_of(message, GMIME_ADDRESS_TYPE_TO);
	layout->cc = addresses_of(message, GMIME_ADDRESS_TYPE_CC);
	layout->from_address = first_address(message, GMIME_ADDRESS_TYPE_FROM);
	layout->message_id = field_of(message, "Message-ID");
	layout->references = field_of(message, "References");
	collect_addresses(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_TO), readers);
	collect_addresses(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_CC), readers);
	layout->addresses = g_strdup(readers->str);
	layout->reply_to = folded_addresses(message, GMIME_ADDRESS_TYPE_REPLY_TO);
	layout->date = date == NULL ? 0 : g_date_time_to_unix(date);
}

static GMimeMessage *
parse(const struct spool *raw, struct fault *fault)
{
	GMimeStream *stream = mime_stream_of_entity(NULL, raw);
	GMimeParser *parser;
	GMimeMessage *message;
	bool is_read;

	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	is_read = mime_stream_is_good(stream, fault);
	g_object_unref(stream);
	if (!is_read) {
		g_clear_object(&message);
	} else if (message == NULL || g_mime_message_get_mime_part(message) == NULL) {
		g_clear_object(&message);
		fault_set(fault, FAULT_INPUT,
			  "reading a message: its MIME structure cannot be read");
	}
	return message;
}

struct layout *
layout_new(const struct spool *raw, struct fault *fault)
{
	GMimeMessage *message = parse(raw, fault);
	struct layout *layout;
	struct search search = {.raw = raw};
	const struct place whole = {0};

	if (message == NULL)
		return NULL;
	layout = search.layout = layout_empty();
	read_header(layout, message);
	sort_part(&search, g_mime_message_get_mime_part(message), &whole, 0);
	if (!layout_has_html(layout))
		while (layout->related->len > 0)
			g_ptr_array_add(layout->attachments,
					g_ptr_array_steal_index(layout->related, 0));
	if (layout->text == NULL && layout->html == NULL && layout->attachments->len == 0)
		layout->text = unsorted_body(raw);
	g_object_unref(message);
	return layout;
}

uint64_t
layout_size(const struct layout_part *part)
{
	return part->encoding == LAYOUT_BASE64 ? part->length * BASE64_LINE_DECODED / BASE64_LINE
					       : part->length;
}
