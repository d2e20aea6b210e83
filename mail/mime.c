#include "mail/mime.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"
#include "mail/mime_stream.h"

enum {
	WINDOW_BYTES = 1024 * 1024, /* what an expression sees at once */
	OVERLAP_BYTES = 64 * 1024,  /* of one window with the next */
	DIGITS_MIN = 7, DIGITS_MAX = 15, /* of a telephone number */
	INLINE_BYTES = 4096, /* of a body, in which an inline OpenPGP message begins */
};

struct mime {
	const struct message *message;
	guint parts_max;
	char *subject;
	GMimeObject *root; /* NULL: not parsed yet */
	GMimeStream *stream;
	GByteArray *header;
	GArray *parts; /* struct policy_part; texts owned by `texts` */
	GPtrArray *texts;
};

void
mime_start(void)
{
	g_mime_init();
}

static char *
decoded(const char *raw)
{
	return g_mime_utils_header_decode_text(NULL, raw);
}

struct mime *
mime_new(const struct message *message, const struct settings *settings)
{
	struct mime *mime = g_new0(struct mime, 1);
	g_autofree char *raw = message_field_text(message, "Subject");

	mime->message = message;
	mime->parts_max = (guint)MIN(settings->parts_max, (uint64_t)G_MAXUINT);
	mime->subject = raw == NULL ? g_strdup("") : decoded(raw);
	return mime;
}

void
mime_free(struct mime *mime)
{
	if (mime == NULL)
		return;
	g_free(mime->subject);
	g_clear_object(&mime->root);
	g_clear_object(&mime->stream);
	if (mime->header != NULL)
		g_byte_array_unref(mime->header);
	if (mime->parts != NULL)
		g_array_unref(mime->parts);
	if (mime->texts != NULL)
		g_ptr_array_unref(mime->texts);
	g_free(mime);
}

/* --- the structure --- */

static bool
parse(struct mime *mime, struct fault *fault)
{
	g_autoptr(GString) header = NULL;
	GMimeStream *body, *head;
	GMimeParser *parser;

	if (mime->root != NULL)
		return true;
	body = mime_stream_of_spool(mime->message->body, fault);
	if (body == NULL)
		return false;
	header = message_entity_header(mime->message);
	head = g_mime_stream_mem_new_with_buffer(header->str, header->len);
	mime->stream = g_mime_stream_cat_new();
	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(mime->stream), head);
	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(mime->stream), body);
	g_object_unref(head);
	g_object_unref(body);
	parser = g_mime_parser_new_with_stream(mime->stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	mime->root = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (mime->root != NULL)
		return true;
	g_clear_object(&mime->stream); /* the next question makes it again */
	return fault_set(fault, FAULT_INPUT, "looking into the message: its MIME structure cannot be read");
}

static void
add_part(GMimeObject *part, void *data)
{
	struct mime *mime = data;
	GMimeContentType *type = g_mime_object_get_content_type(part);
	struct policy_part found = {0};
	char *type_text, *name = NULL;

	if (mime->parts->len > mime->parts_max)
		return;
	type_text = g_strdup_printf("%s/%s", g_mime_content_type_get_media_type(type),
				    g_mime_content_type_get_media_subtype(type));
	for (char *c = type_text; *c != 0; c++)
		*c = g_ascii_tolower(*c);
	g_ptr_array_add(mime->texts, type_text);
	if (GMIME_IS_PART(part))
		name = g_strdup(g_mime_part_get_filename(GMIME_PART(part)));
	if (name != NULL)
		g_ptr_array_add(mime->texts, name);
	found.type = type_text;
	found.name = name;
	g_array_append_val(mime->parts, found);
}

/* Also into attached messages: what is in them leaves as well. */
static void
for_each_part(GMimeObject *object, void (*visit)(GMimeObject *part, void *data), void *data)
{
	if (GMIME_IS_MULTIPART(object)) {
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
			for_each_part(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), visit, data);
		return;
	}
	visit(object, data);
	if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		GMimeObject *root = inner == NULL ? NULL : g_mime_message_get_mime_part(inner);

		if (root != NULL)
			for_each_part(root, visit, data);
	}
}

static bool
ask_parts(void *context, const struct policy_part **parts_r, size_t *count_r, struct fault *fault)
{
	struct mime *mime = context;

	if (!parse(mime, fault))
		return false;
	if (mime->parts == NULL) {
		mime->parts = g_array_new(FALSE, FALSE, sizeof(struct policy_part));
		mime->texts = g_ptr_array_new_with_free_func(g_free);
		for_each_part(mime->root, add_part, mime);
	}
	if (mime->parts->len > mime->parts_max)
		return fault_set(fault, FAULT_TOO_BIG, "The message has more than %u parts (limit parts).",
				 mime->parts_max);
	*parts_r = (const struct policy_part *)(void *)mime->parts->data;
	*count_r = mime->parts->len;
	return true;
}

/* --- text --- */

/* The regular expressions are told that the text is UTF-8, so it must be. */
static void
make_valid(char *text, size_t length)
{
	const char *end;

	while (!g_utf8_validate_len(text, length, &end)) {
		size_t good = (size_t)(end - text);

		text[good] = '?';
		text += good;
		length -= good;
	}
}

/* Up to the last character that is complete. */
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

struct reading {
	policy_visit *visit;
	void *visitor;
	bool go_on;
};

static void
read_windows(GMimeStream *text, struct reading *reading)
{
	g_autofree char *window = g_malloc(WINDOW_BYTES);
	size_t held = 0;

	while (reading->go_on) {
		ssize_t got = g_mime_stream_read(text, window + held, WINDOW_BYTES - held);
		size_t whole;

		if (got > 0) {
			held += (size_t)got;
			if (held < WINDOW_BYTES)
				continue;
		}
		whole = got > 0 ? whole_characters(window, held) : held;
		make_valid(window, whole);
		reading->go_on = reading->visit(reading->visitor, window, whole);
		if (got <= 0)
			return;
		memmove(window, window + held - OVERLAP_BYTES, OVERLAP_BYTES);
		held = OVERLAP_BYTES;
		/* The overlap must not begin within a character. */
		for (size_t i = 0; i < 3 && ((unsigned char)window[i] & 0xc0) == 0x80; i++)
			window[i] = ' ';
	}
}

static void
read_text_part(GMimeObject *part, void *data)
{
	struct reading *reading = data;
	GMimeStream *stream;

	if (!reading->go_on || !GMIME_IS_PART(part) ||
	    !g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", "*") ||
	    g_mime_part_get_content(GMIME_PART(part)) == NULL)
		return;
	stream = mime_stream_of_part(GMIME_PART(part), true);
	read_windows(stream, reading);
	g_object_unref(stream);
}

static bool
ask_text(void *context, policy_visit *visit, void *visitor, struct fault *fault)
{
	struct mime *mime = context;
	struct reading reading = {visit, visitor, true};

	if (!parse(mime, fault))
		return false;
	for_each_part(mime->root, read_text_part, &reading);
	return true;
}

/* --- protection --- */

static bool
has_parameter(GMimeContentType *type, const char *name, const char *const *values)
{
	const char *value = g_mime_content_type_get_parameter(type, name);

	for (; value != NULL && *values != NULL; values++)
		if (g_ascii_strcasecmp(value, *values) == 0)
			return true;
	return false;
}

/* Text that is an OpenPGP message as it stands, as old clients send it (RFC 4880 §6.2). */
static bool
is_inline_openpgp(const struct message *message, bool *encrypted_r, struct fault *fault)
{
	static const char mark[] = "-----BEGIN PGP MESSAGE-----";
	char beginning[INLINE_BYTES];
	size_t got;

	if (!spool_read(message->body, 0, beginning, sizeof beginning, &got, fault))
		return false;
	*encrypted_r = memmem(beginning, got, mark, sizeof mark - 1) != NULL;
	return true;
}

static bool
ask_protection(void *context, struct policy_protection *protection_r, struct fault *fault)
{
	static const char *const enveloped[] = {"enveloped-data", "authEnveloped-data", NULL};
	static const char *const signed_only[] = {"signed-data", NULL};
	const struct mime *mime = context;
	g_autofree char *value = message_field_text(mime->message, "Content-Type");
	GMimeContentType *type = g_mime_content_type_parse(NULL, value == NULL ? "text/plain" : value);
	bool known = true, cms = g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
				 g_mime_content_type_is_type(type, "application", "x-pkcs7-mime");

	*protection_r = (struct policy_protection){
		.encrypted = g_mime_content_type_is_type(type, "multipart", "encrypted") ||
			     (cms && has_parameter(type, "smime-type", enveloped)),
		.is_signed = g_mime_content_type_is_type(type, "multipart", "signed") ||
			     (cms && has_parameter(type, "smime-type", signed_only)),
	};
	if (g_mime_content_type_is_type(type, "text", "plain"))
		known = is_inline_openpgp(mime->message, &protection_r->encrypted, fault);
	g_object_unref(type);
	return known;
}

/* --- header --- */

static char *
unfolded(const char *value)
{
	char *text = g_strdup(value);

	g_strdelimit(text, "\r\n", ' ');
	return g_strstrip(text);
}

static bool
ask_headers(void *context, const char *name, policy_visit *visit, void *visitor, struct fault *fault)
{
	const struct mime *mime = context;

	(void)fault;
	for (guint i = 0; i < mime->message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(mime->message->fields, i);
		g_autofree char *raw = NULL, *text = NULL;

		if (g_ascii_strcasecmp(field->name, name) != 0)
			continue;
		raw = unfolded(field->value);
		text = decoded(raw);
		if (!visit(visitor, text, strlen(text)))
			break;
	}
	return true;
}

struct policy_facts
mime_facts(struct mime *mime)
{
	return (struct policy_facts){
		.sender = mime->message->sender_folded,
		.subject = mime->subject,
		.size = message_size(mime->message),
		.context = mime,
		.protection = ask_protection,
		.headers = ask_headers,
		.parts = ask_parts,
		.text = ask_text,
	};
}

const char *
mime_subject(const struct mime *mime)
{
	return mime->subject;
}

/* Case does not matter; the search is over folded text, so places are found by length of
 * the folded prefix being the same: true for ASCII tags, which are looked for first. */
static char *
find_tag(char *text, const char *tag)
{
	size_t length = strlen(tag);

	for (char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		g_autofree char *piece = g_utf8_substring(at, 0, MIN(g_utf8_strlen(at, -1),
								     g_utf8_strlen(tag, -1)));
		g_autofree char *a = g_utf8_casefold(piece, -1);
		g_autofree char *b = g_utf8_casefold(tag, (gssize)length);

		if (strcmp(a, b) == 0)
			return at;
	}
	return NULL;
}

/* Takes the tag out, and the blank that kept it apart. */
static bool
cut_tag(char *text, const char *tag)
{
	char *at = find_tag(text, tag);
	char *end;

	if (at == NULL)
		return false;
	end = g_utf8_offset_to_pointer(at, g_utf8_strlen(tag, -1));
	if (*end == ' ')
		end++;
	else if (at > text && at[-1] == ' ')
		at--;
	memmove(at, end, strlen(end) + 1);
	return true;
}

char *
mime_subject_without(const struct mime *mime, const char *const *tags)
{
	g_autofree char *text = g_utf8_make_valid(mime->subject, -1);
	g_autofree char *encoded = NULL;
	bool cut = false;

	for (; *tags != NULL; tags++)
		while (**tags != '\0' && cut_tag(text, *tags))
			cut = true;
	if (!cut)
		return NULL;
	encoded = g_mime_utils_header_encode_text(NULL, g_strstrip(text), "utf-8");
	return g_strconcat(" ", encoded, NULL);
}

/* "+" and 7 to 15 digits (E.164). */
static bool
is_telephone_number(const char *text)
{
	size_t digits = strlen(text) - (*text == '+');

	return *text == '+' && digits >= DIGITS_MIN && digits <= DIGITS_MAX &&
	       strspn(text + 1, "0123456789") == digits;
}

char *
mime_phone_tag(const struct mime *mime, char **number_r)
{
	static const char mark[] = "[sms:";
	const char *at = strcasestr(mime->subject, mark);
	const char *end = at == NULL ? NULL : strchr(at, ']');
	g_autofree char *number = NULL;

	*number_r = NULL;
	if (end == NULL)
		return NULL;
	number = g_strndup(at + strlen(mark), (gsize)(end - at) - strlen(mark));
	if (!is_telephone_number(number))
		return NULL;
	*number_r = g_steal_pointer(&number);
	return g_strndup(at, (gsize)(end - at) + 1);
}

char *
mime_text_shown(const char *value)
{
	g_autofree char *raw = unfolded(value);

	return decoded(raw);
}

char *
mime_field_shown(const struct message *message, const char *name)
{
	g_autofree char *raw = message_field_text(message, name);
	char *text = raw == NULL ? NULL : decoded(raw);

	return text == NULL ? g_strdup("") : text;
}

char *
mime_subject_shown(const struct message *message, const char *changed)
{
	return changed == NULL ? mime_field_shown(message, "Subject") : mime_text_shown(changed);
}

char *
mime_author(const struct message *message)
{
	g_autofree char *raw = message_field_text(message, "From");
	InternetAddressList *list = internet_address_list_parse(NULL, raw == NULL ? "" : raw);
	InternetAddress *first =
		list == NULL || internet_address_list_length(list) == 0 ? NULL : internet_address_list_get_address(list, 0);
	const char *name = first == NULL ? NULL : internet_address_get_name(first);
	char *text;

	if (name == NULL || *name == '\0')
		name = INTERNET_ADDRESS_IS_MAILBOX(first) ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first))
							  : NULL;
	text = g_strdup(name == NULL ? message->sender : name);
	g_clear_object(&list);
	return text;
}

static void
add_mailboxes(GHashTable *addresses, InternetAddressList *list)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
			const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));

			if (text != NULL)
				g_hash_table_add(addresses, address_fold(text));
		} else if (INTERNET_ADDRESS_IS_GROUP(address)) {
			add_mailboxes(addresses,
				      internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)));
		}
	}
}

static GHashTable *
addresses_in(const struct mime *mime, const char *const *names)
{
	GHashTable *addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < mime->message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(mime->message->fields, i);
		g_autofree char *raw = NULL;
		InternetAddressList *list;

		for (const char *const *name = names; *name != NULL; name++) {
			if (g_ascii_strcasecmp(field->name, *name) != 0)
				continue;
			raw = unfolded(field->value);
			list = internet_address_list_parse(NULL, raw);
			add_mailboxes(addresses, list);
			g_clear_object(&list);
			break;
		}
	}
	return addresses;
}

GHashTable *
mime_visible(const struct mime *mime)
{
	static const char *const names[] = {"To", "Cc", "Resent-To", "Resent-Cc", NULL};

	return addresses_in(mime, names);
}

char *
mime_from(const struct mime *mime)
{
	static const char *const names[] = {"From", NULL};
	g_autoptr(GHashTable) addresses = addresses_in(mime, names);
	GHashTableIter iterator;
	gpointer address;

	/* Several authors: no one key could sign for them all. */
	if (g_hash_table_size(addresses) != 1)
		return NULL;
	g_hash_table_iter_init(&iterator, addresses);
	return g_hash_table_iter_next(&iterator, &address, NULL) ? g_strdup(address) : NULL;
}
