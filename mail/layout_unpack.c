#include "mail/layout_unpack.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/log.h"
#include "mail/document_kind.h"
#include "mail/layout_names.h"

enum {
	DOCUMENTS_MAX = 5,	   /* of a message: somebody waits for it */
	DEPTH_MAX = 5,		   /* of messages within it */
	QUESTIONS_MAX = 20,	   /* to postseal-reader, for all of them */
	FILES_MAX = 1000,	   /* listed of all of them */
	TEXT_MAX = (1 << 20) + 64, /* bytes of all texts, more than a page shows */
	BEGINNING_BYTES = 64,	   /* encoded, that are enough to recognise one */
	PIECE_BYTES = 65536,
	MEMORY_MAX = 65536, /* bytes, of the spool */
	SINGLE_BYTES = 128, /* of each piece, more than a line in base64 */
	ROOM_BYTES = 16,    /* that a decoder may add to those it is given */
	TRIPLET = 3,	    /* bytes that four characters of base64 stand for */
	WAIT_SECONDS = 30,
};

struct unpacking {
	const struct spool *raw;
	struct reader *reader;
	struct spool_settings spools;
	guint documents, questions, files;
	size_t text; /* bytes */
	bool is_answered;
};

/* Decoding can begin there: bytes of the message before it, and of what it decodes to. */
struct mark {
	uint64_t encoded, decoded;
};

/* A part that is unpacked. */
struct packed {
	struct unpacking *unpacking;
	const struct layout_part *part;
	struct spool *document; /* decoded */
	GMimeEncoding encoding;
	GArray *marks;	      /* struct mark */
	const char *at, *end; /* the rest of the answer */
	guint depth;	      /* messages around the one that is read */
	bool is_cut;	      /* there is more than is listed */
	bool has_ended;	      /* its encoding says so */
};

/* --- decoding --- */

static void
begin_decoding(GMimeEncoding *encoding, const struct layout_part *part)
{
	static const GMimeContentEncoding encodings[] = {
		[LAYOUT_IDENTITY] = GMIME_CONTENT_ENCODING_BINARY,
		[LAYOUT_BASE64] = GMIME_CONTENT_ENCODING_BASE64,
		[LAYOUT_QUOTED_PRINTABLE] = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE};

	g_mime_encoding_init_decode(encoding, encodings[part->encoding]);
}

/* Decodes the first BEGINNING_BYTES. False: they cannot be read. */
static bool
decode_beginning(struct unpacking *unpacking, const struct layout_part *part,
		 char decoded_r[BEGINNING_BYTES + ROOM_BYTES], size_t *length_r)
{
	char encoded[BEGINNING_BYTES];
	GMimeEncoding encoding;
	struct fault fault;
	size_t got;

	if (!spool_read(unpacking->raw, part->offset, encoded,
			(size_t)MIN(part->length, (uint64_t)BEGINNING_BYTES), &got, &fault)) {
		unpacking->is_answered = false;
		return false;
	}
	begin_decoding(&encoding, part);
	*length_r = g_mime_encoding_step(&encoding, encoded, got, decoded_r);
	return true;
}

static bool
is_packed(struct unpacking *unpacking, const struct layout_part *part)
{
	char decoded[BEGINNING_BYTES + ROOM_BYTES];
	size_t length;

	return decode_beginning(unpacking, part, decoded, &length) &&
	       (document_kinds_by_beginning(decoded, length) & DOCUMENT_TNEF) != 0;
}

static bool
is_blank(struct unpacking *unpacking, const struct layout_part *part)
{
	char decoded[BEGINNING_BYTES + ROOM_BYTES];
	size_t length;

	if (part->text != NULL || part->length > BEGINNING_BYTES ||
	    !decode_beginning(unpacking, part, decoded, &length))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isspace(decoded[i]))
			return false;
	return true;
}

/* Programs that pack the text of a message may leave a blank line in its place. */
static bool
has_no_text(struct unpacking *unpacking, const struct layout *layout)
{
	for (guint i = 0; i < layout->body->len; i++)
		if (!is_blank(unpacking, g_ptr_array_index(layout->body, i)))
			return false;
	return true;
}

/* *length_r: of what was decoded. */
static bool
decode_some(struct packed *packed, const char *bytes, size_t length, size_t *length_r,
	    struct fault *fault)
{
	g_autofree char *decoded = g_malloc(length + ROOM_BYTES);

	*length_r = g_mime_encoding_step(&packed->encoding, bytes, length, decoded);
	return spool_append(packed->document, decoded, *length_r, fault);
}

/* Where four characters have just become three bytes, nothing of what came before is needed. */
static bool
decode_piece(struct packed *packed, uint64_t at, const char *bytes, size_t length,
	     struct fault *fault)
{
	const size_t at_once = length > SINGLE_BYTES ? length - SINGLE_BYTES : 0;
	struct mark mark = {0};
	size_t got;

	if (!decode_some(packed, bytes, at_once, &got, fault))
		return false;
	for (size_t i = at_once; i < length; i++) {
		if (!decode_some(packed, bytes + i, 1, &got, fault))
			return false;
		if (got == TRIPLET)
			mark = (struct mark){at + i + 1, spool_size(packed->document)};
	}
	/* Behind its end, decoders differ in what they do. */
	if (memchr(bytes, '=', length) != NULL)
		packed->has_ended = true;
	if (mark.encoded > 0 && packed->part->encoding == LAYOUT_BASE64 && !packed->has_ended)
		g_array_append_val(packed->marks, mark);
	return true;
}

static bool
decode(struct packed *packed, struct fault *fault)
{
	const struct layout_part *part = packed->part;
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	const uint64_t end = part->offset + part->length;
	size_t got = 1;

	begin_decoding(&packed->encoding, part);
	for (uint64_t at = part->offset; at < end && got > 0; at += got)
		if (!spool_read(packed->unpacking->raw, at, piece,
				(size_t)MIN(end - at, (uint64_t)PIECE_BYTES), &got, fault) ||
		    !decode_piece(packed, at, piece, got, fault))
			return false;
	return true;
}

/* --- places --- */

static bool
parse_place(const char *value, struct spool_part *place_r)
{
	char *end;

	place_r->offset = g_ascii_strtoull(value, &end, 10);
	place_r->length = *end == ' ' ? g_ascii_strtoull(end + 1, &end, 10) : UINT64_MAX;
	return *end == '\0' && place_r->offset <= spool_size(place_r->spool) &&
	       place_r->length <= spool_size(place_r->spool) - place_r->offset;
}

/* Whoever reads the file decodes from the last mark before it. */
static void
put_within(const struct packed *packed, const struct spool_part *place, struct layout_part *within)
{
	const struct layout_part *part = packed->part;
	struct mark from = {part->offset, 0};

	if (part->encoding == LAYOUT_IDENTITY)
		from = (struct mark){part->offset + place->offset, place->offset};
	for (guint i = 0; i < packed->marks->len; i++) {
		const struct mark *mark = &g_array_index(packed->marks, struct mark, i);

		if (mark->decoded <= place->offset)
			from = *mark;
	}
	within->is_within = true;
	within->encoding = part->encoding;
	within->offset = from.encoded;
	within->length = part->offset + part->length - from.encoded;
	within->skip = place->offset - from.decoded;
	within->size = place->length;
}

/* --- what the reader answers --- */

/* "name=value"; NULL: that was all. */
static char *
next_field(struct packed *packed, const char **value_r)
{
	const char *end = memchr(packed->at, '\0', (size_t)(packed->end - packed->at));
	const char *equals = end == NULL ? NULL : strchr(packed->at, '=');
	char *name;

	if (equals == NULL)
		return NULL;
	name = g_strndup(packed->at, (gsize)(equals - packed->at));
	*value_r = equals + 1;
	packed->at = end + 1;
	return name;
}

static struct layout *
new_inner(void)
{
	struct layout *layout = layout_empty();
	char **const texts[] = {&layout->subject,      &layout->from,	    &layout->to,
				&layout->cc,	       &layout->message_id, &layout->references,
				&layout->from_address, &layout->addresses,  &layout->reply_to};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i] = g_strdup("");
	return layout;
}

static struct layout_part *
add_part(GPtrArray *parts, const char *name, const char *type)
{
	struct layout_part *part = g_new0(struct layout_part, 1);

	part->type = g_strdup(type);
	part->name = layout_name(name, type, parts->len);
	g_ptr_array_add(parts, part);
	return part;
}

/* The text is stored in the layout, which every page reads. */
static void
add_text(struct packed *packed, struct layout *layout, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	const size_t length = strlen(valid), left = TEXT_MAX - packed->unpacking->text;

	if (length > left) {
		*g_utf8_find_prev_char(valid, valid + left + 1) = '\0';
		packed->is_cut = true;
	}
	packed->unpacking->text += strlen(valid);
	add_part(layout->body, NULL, "text/plain")->text = g_steal_pointer(&valid);
}

static void
take_type(struct layout_part *file, const char *value)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
	g_autofree char *lower = g_ascii_strdown(value, -1);
	const size_t main = strspn(lower, allowed);
	g_autofree char *name = g_steal_pointer(&file->name);

	if (main > 0 && lower[main] == '/' && lower[main + 1] != '\0' &&
	    strspn(lower + main + 1, allowed) == strlen(lower + main + 1)) {
		g_free(file->type);
		file->type = g_steal_pointer(&lower);
	}
	file->name = layout_name(name, file->type, 0);
}

static bool take_message(struct packed *packed, struct layout *layout,
			 const struct spool_part *place, bool wants_body);

/* Of several messages, people know which is which. */
static bool
take_inner(struct packed *packed, struct layout_part *file, const struct spool_part *place)
{
	static const char type[] = "application/ms-tnef";
	bool good;

	if (packed->depth >= DEPTH_MAX || file->inner != NULL)
		return false;
	packed->depth++;
	file->inner = new_inner();
	good = take_message(packed, file->inner, place, true);
	if (*file->inner->subject != '\0') {
		g_autofree char *name = g_strdelimit(g_strdup(file->inner->subject), "/\\", '_');

		g_free(file->name);
		file->name = layout_name(name, type, 0);
	}
	g_free(file->type);
	file->type = g_strdup(type);
	packed->depth--;
	return good;
}

struct fields {
	struct layout *layout;
	struct layout_part *file; /* the last one, or NULL */
	struct spool_part place;  /* of that */
	bool has_rtf;
};

/* Of those behind the last one, nothing is read. */
static struct layout_part *
add_file(struct packed *packed, struct layout *layout, const char *name)
{
	if (packed->unpacking->files >= FILES_MAX) {
		packed->is_cut = true;
		packed->at = packed->end;
		return NULL;
	}
	packed->unpacking->files++;
	return add_part(layout->attachments, name, "application/octet-stream");
}

static bool
take_html(struct packed *packed, struct layout *layout, const char *value)
{
	struct spool_part place = {.spool = packed->document};

	if (!parse_place(value, &place))
		return false;
	put_within(packed, &place, add_part(layout->body, NULL, "text/html"));
	return true;
}

static bool
take_field(struct packed *packed, struct fields *fields, const char *name, const char *value)
{
	struct layout *layout = fields->layout;

	if (strcmp(name, "subject") == 0) {
		g_free(layout->subject);
		layout->subject = layout_line(value);
	} else if (strcmp(name, "text") == 0) {
		add_text(packed, layout, value);
	} else if (strcmp(name, "html") == 0) {
		return take_html(packed, layout, value);
	} else if (strcmp(name, "rtf") == 0) {
		fields->has_rtf = true;
	} else if (strcmp(name, "cut") == 0) {
		packed->is_cut = true;
	} else if (strcmp(name, "file") == 0) {
		fields->file = add_file(packed, layout, value);
	} else if (fields->file != NULL && strcmp(name, "type") == 0) {
		take_type(fields->file, value);
	} else if (fields->file != NULL && strcmp(name, "place") == 0) {
		if (!parse_place(value, &fields->place))
			return false;
		put_within(packed, &fields->place, fields->file);
	} else if (fields->file != NULL && strcmp(name, "message") == 0) {
		return take_inner(packed, fields->file, &fields->place);
	}
	return true;
}

/* --- bodies in RTF --- */

struct taking {
	struct reader_taker taker;
	GString *text;
};

static void
begin_text(struct reader_taker *taker)
{
	g_string_truncate(((struct taking *)taker)->text, 0);
}

static bool
take_text(struct reader_taker *taker, enum reader_piece piece, const char *bytes, size_t length,
	  struct fault *fault)
{
	GString *text = ((struct taking *)taker)->text;

	(void)fault;
	if (piece == READER_TEXT)
		g_string_append_len(text, bytes, (gssize)MIN(length, TEXT_MAX - text->len));
	return true;
}

/* A question that was answered, though it may be that the document cannot be read. */
static bool
note_answer(struct unpacking *unpacking, bool good, const struct fault *fault)
{
	if (good)
		return true;
	log_error("unpacking winmail.dat: %s", fault->text);
	if (fault->cause != FAULT_INPUT && fault->cause != FAULT_TOO_BIG)
		unpacking->is_answered = false;
	return false;
}

static void
add_rtf(struct packed *packed, struct layout *layout, const struct spool_part *place)
{
	struct unpacking *unpacking = packed->unpacking;
	g_autoptr(GString) text = g_string_new(NULL);
	struct taking taking = {{begin_text, take_text}, text};
	const gint64 until = g_get_monotonic_time() + WAIT_SECONDS * G_TIME_SPAN_SECOND;
	struct fault fault = {0};

	if (unpacking->questions++ < QUESTIONS_MAX &&
	    note_answer(unpacking,
			reader_take(unpacking->reader, "tnef body", place, until, &taking.taker,
				    &fault),
			&fault) &&
	    *g_strchug(text->str) != '\0')
		add_text(packed, layout, text->str);
}

/* --- messages --- */

/* The same text in two forms (layout_parts.h). */
static void
set_views(const struct layout *layout)
{
	for (guint i = 0; i < layout->body->len; i++) {
		struct layout_part *part = g_ptr_array_index(layout->body, i);

		part->views = layout->body->len == 1 ? LAYOUT_IN_TEXT | LAYOUT_IN_HTML
			      : layout_is_html(part) ? LAYOUT_IN_HTML
						     : LAYOUT_IN_TEXT;
	}
}

static bool
take_message(struct packed *packed, struct layout *layout, const struct spool_part *place,
	     bool wants_body)
{
	struct fields fields = {.layout = layout, .place = {.spool = packed->document}};
	const char *value;

	for (;;) {
		g_autofree char *name = next_field(packed, &value);

		if (name == NULL || strcmp(name, "end") == 0)
			break;
		if (!take_field(packed, &fields, name, value))
			return false;
	}
	if (wants_body && fields.has_rtf && layout->body->len == 0)
		add_rtf(packed, layout, place);
	set_views(layout);
	return true;
}

/* Moves all. */
static void
move_parts(GPtrArray *from, GPtrArray *to)
{
	while (from->len > 0)
		g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

static void
add_found(struct layout *layout, struct layout_part *part, struct layout *found, bool wants_body)
{
	part->is_unpacked = found->attachments->len > 0 || (wants_body && found->body->len > 0);
	move_parts(found->attachments, layout->attachments);
	if (!wants_body || found->body->len == 0)
		return;
	g_ptr_array_set_size(layout->body, 0);
	move_parts(found->body, layout->body);
}

/* --- parts --- */

static void
take_answer(struct packed *packed, struct layout *layout, struct layout_part *part, GBytes *answer,
	    const struct spool_part *whole)
{
	g_autoptr(layout_auto) found = new_inner();
	const bool wants_body = has_no_text(packed->unpacking, layout);
	gsize length;

	packed->at = g_bytes_get_data(answer, &length);
	packed->end = packed->at + length;
	if (packed->at == NULL || !take_message(packed, found, whole, wants_body))
		return;
	add_found(layout, part, found, wants_body);
	layout->is_cut |= packed->is_cut;
}

static void
unpack(struct unpacking *unpacking, struct layout *layout, struct layout_part *part)
{
	g_autoptr(spool_auto) document = spool_new(&unpacking->spools);
	g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(struct mark));
	struct packed packed = {
		.unpacking = unpacking, .part = part, .document = document, .marks = marks};
	struct spool_part whole = {.spool = document};
	GBytes *answer = NULL;
	struct fault fault = {0};

	if (decode(&packed, &fault)) {
		whole.length = spool_size(document);
		answer = reader_ask_part(unpacking->reader, "tnef list", &whole, &fault);
	}
	if (!note_answer(unpacking, answer != NULL, &fault))
		return;
	take_answer(&packed, layout, part, answer, &whole);
	g_bytes_unref(answer);
}

static void
unpack_parts(struct unpacking *unpacking, struct layout *layout)
{
	const guint count = layout->attachments->len;

	for (guint i = 0; i < count; i++) {
		struct layout_part *part = g_ptr_array_index(layout->attachments, i);

		if (part->inner != NULL)
			unpack_parts(unpacking, part->inner);
		else if (!is_packed(unpacking, part) || unpacking->documents++ >= DOCUMENTS_MAX)
			continue;
		else if (unpacking->reader == NULL)
			unpacking->is_answered = false;
		else
			unpack(unpacking, layout, part);
	}
}

bool
layout_unpack(struct layout *layout, const struct spool *raw, struct reader *reader,
	      const char *directory)
{
	struct unpacking unpacking = {.raw = raw,
				      .reader = reader,
				      .spools = {.directory = directory,
						 .memory_max = MEMORY_MAX,
						 .size_max = READER_OFFICE_MAX,
						 .is_sealed = true},
				      .is_answered = true};

	unpack_parts(&unpacking, layout);
	return unpacking.is_answered;
}
