#include "mail/document/tnef_list.h"

#include <stdlib.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/document/rtf_text.h"
#include "mail/document/tnef_values.h"

enum {
	FILES_MAX = 1000,		 /* as many parts as a message may have */
	DEPTH_MAX = 5,			 /* of messages within messages */
	NAME_MAX_BYTES = 1000,		 /* of a long name, the end: it says what the file is */
	TEXT_MAX_BYTES = (1 << 20) + 64, /* more than a page shows */
};

struct list {
	const char *document;
	size_t found; /* where the last attachment ends */
	GString *answer;
	unsigned files;
	bool is_cut;
};

/* Where a message is in the document: itself, or one within it. */
struct message {
	const char *bytes;
	size_t length;
	int depth;
};

/* --- fields of the answer --- */

static void
put(struct list *list, const char *name, const char *value)
{
	g_string_append_printf(list->answer, "%s=%s", name, value);
	g_string_append_c(list->answer, '\0');
}

static void
put_name(struct list *list, const char *name, const char *value)
{
	const size_t length = strlen(value);
	const char *rest = value + (length > NAME_MAX_BYTES ? length - NAME_MAX_BYTES : 0);
	g_autofree char *whole = g_utf8_make_valid(rest, -1);

	put(list, name, whole);
}

/* The library copies what it finds; the same bytes stand in the document. NULL: nowhere. */
static const char *
find_in(const struct message *message, const char *from, const variableLength *value)
{
	return memmem(from, (size_t)(message->bytes + message->length - from), value->data,
		      tnef_length(value));
}

/* Returns where it is. Attachments follow one another, so that no byte is looked at twice. What is
 * nowhere in the document would have to be kept somewhere. */
static const char *
put_place(struct list *list, const struct message *message, const char *name,
	  const variableLength *value)
{
	const char *last = list->document + list->found, *end = message->bytes + message->length;
	const char *from = last > message->bytes && last < end ? last : message->bytes;
	const char *at = find_in(message, from, value);
	g_autofree char *place = NULL;

	if (at == NULL)
		reader_refuse(READER_DAMAGED);
	place = g_strdup_printf("%zu %zu", (size_t)(at - list->document), tnef_length(value));
	put(list, name, place);
	return at;
}

/* --- the message and its attachments --- */

static bool put_message(struct list *list, const struct message *message);

static void
put_inner(struct list *list, const struct message *around, const char *at, size_t length)
{
	const struct message inner = {at, length, around->depth + 1};
	gsize before;

	if (inner.depth > DEPTH_MAX || !tnef_begins((const BYTE *)at, length))
		return;
	before = list->answer->len;
	put(list, "message", "1");
	if (put_message(list, &inner))
		put(list, "end", "1");
	else
		g_string_truncate(list->answer, before);
}

/* Returns where it ends. */
static size_t
put_file(struct list *list, const struct message *message, const TNEFStruct *tnef,
	 Attachment *attachment, const variableLength *value)
{
	const variableLength *kind = tnef_find(&attachment->MAPI, TNEF_ATTACH_MIME_TAG);
	g_autofree char *name = tnef_name(tnef, attachment);
	g_autofree char *type = kind == NULL ? NULL : tnef_text(tnef, kind);
	const char *at;

	if (++list->files > FILES_MAX) {
		list->is_cut = true;
		return list->found;
	}
	put_name(list, "file", name);
	if (type != NULL)
		put_name(list, "type", type);
	at = put_place(list, message, "place", value);
	put_inner(list, message, at, tnef_length(value));
	return (size_t)(at - list->document) + tnef_length(value);
}

/* An object can have a picture of itself beside it. What has neither is listed by its name. */
static void
put_attachment(struct list *list, const struct message *message, const TNEFStruct *tnef,
	       Attachment *attachment)
{
	static BYTE nothing[] = "";
	const variableLength empty = {.data = nothing};
	const variableLength *data = &attachment->FileData;
	const variableLength *object = tnef_find(&attachment->MAPI, TNEF_ATTACH_DATA);
	size_t end = list->found;

	if (data->data != NULL && data->size > 0)
		end = put_file(list, message, tnef, attachment, data);
	else if (object == NULL)
		end = put_file(list, message, tnef, attachment, &empty);
	if (object != NULL && object->size > 0) {
		const variableLength rest = tnef_without_interface(object);
		const size_t own_end = put_file(list, message, tnef, attachment, &rest);

		end = MAX(end, own_end);
	}
	list->found = end;
}

static void
put_text(struct list *list, TNEFStruct *tnef)
{
	const variableLength *value = tnef->body.data != NULL && tnef->body.size > 1
					      ? &tnef->body
					      : tnef_find(&tnef->MapiProperties, TNEF_BODY);
	g_autofree char *text = value == NULL ? NULL : tnef_text(tnef, value);

	if (text == NULL || *g_strchug(text) == '\0')
		return;
	if (strlen(text) > TEXT_MAX_BYTES)
		*g_utf8_find_prev_char(text, text + TEXT_MAX_BYTES + 1) = '\0';
	put(list, "text", text);
}

static void
put_body(struct list *list, const struct message *message, TNEFStruct *tnef)
{
	const variableLength *html = tnef_find(&tnef->MapiProperties, TNEF_BODY_HTML);

	put_text(list, tnef);
	/* As a string, the library may have converted it. */
	if (html != NULL && html->size > 0 && find_in(message, message->bytes, html) != NULL)
		put_place(list, message, "html", html);
	if (tnef_find(&tnef->MapiProperties, TNEF_RTF_COMPRESSED) != NULL)
		put(list, "rtf", "1");
}

static bool
parse(const char *document, size_t length, TNEFStruct *tnef_r)
{
	TNEFInitialize(tnef_r);
	return TNEFParseMemory((BYTE *)document, (long)length, tnef_r) >= 0;
}

/* False: it is damaged. */
static bool
put_message(struct list *list, const struct message *message)
{
	TNEFStruct tnef;
	g_autofree char *subject = NULL;

	if (!parse(message->bytes, message->length, &tnef))
		return false;
	subject = tnef_text(&tnef, &tnef.subject);
	put_name(list, "subject", subject);
	put_body(list, message, &tnef);
	for (Attachment *each = tnef.starting_attach.next; each != NULL && !list->is_cut;
	     each = each->next)
		put_attachment(list, message, &tnef, each);
	TNEFFree(&tnef);
	return true;
}

void
tnef_list_read(const char *document, size_t length, GString *answer)
{
	struct list list = {.document = document, .answer = answer};
	const struct message whole = {document, length, 0};

	if (!put_message(&list, &whole))
		reader_refuse(READER_DAMAGED);
	if (list.is_cut)
		put(&list, "cut", "1");
}

void
tnef_list_read_body(const char *document, size_t length, GString *answer)
{
	TNEFStruct tnef;
	variableLength *body;
	size_t rtf_length = 0;
	g_autofree char *whole = NULL;
	BYTE *rtf;

	if (!parse(document, length, &tnef))
		reader_refuse(READER_DAMAGED);
	body = tnef_find(&tnef.MapiProperties, TNEF_RTF_COMPRESSED);
	rtf = body == NULL ? NULL : tnef_rtf(body, &rtf_length);
	if (rtf == NULL)
		reader_refuse(READER_DAMAGED);
	/* A document is followed by a NUL. */
	whole = g_strndup((const char *)rtf, rtf_length);
	free(rtf);
	rtf_text_read(whole, rtf_length, answer);
}
