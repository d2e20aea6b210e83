#include "mail/document/tnef.h"

#include <stdio.h>
#include <string.h>
#include <ytnef.h>

#include "core/reader/serve.h"
#include "core/reader/tell_name.h"
#include "mail/document/charset_table.h"
#include "mail/document/text_out.h"

enum {
	FILES_MAX = 10000,
	PROPERTIES_MAX = 100000,
	OBJECT_INTERFACE = 16, /* bytes before a message in a property (MS-OXTNEF 2.1.3.4) */
	RTF_HEADER = 16,       /* bytes */
	DEFAULT_PAGE = 1252,
	/* Properties (MS-OXPROPS), without their types: */
	RTF_COMPRESSED = 0x1009,
	BODY_HTML = 0x1013,
	ATTACH_DATA = 0x3701,
	ATTACH_LONG_FILENAME = 0x3707,
};

static const char signature[] = "\x78\x9f\x3e\x22";
static const char damaged[] = "is a damaged file of Outlook (TNEF)";

static ssize_t
swallow(void *cookie, const char *bytes, size_t length)
{
	(void)cookie, (void)bytes;
	return (ssize_t)length;
}

void
tnef_start(void)
{
	const cookie_io_functions_t functions = {.write = swallow};

	stdout = fopencookie(NULL, "w", functions);
	stderr = fopencookie(NULL, "w", functions);
}

static void
tell_opaque(const char *why)
{
	reader_tell(READER_OPAQUE_FILES, why, strlen(why));
}

/* --- files --- */

static void
tell_file(const char *name, const BYTE *bytes, size_t length)
{
	static unsigned count;

	if (++count > FILES_MAX)
		reader_refuse(READER_TOO_MANY);
	reader_tell_name(READER_NAME, name);
	reader_tell_name(READER_FILE, name);
	while (length > 0) {
		const size_t most = MIN(length, (size_t)READER_PIECE_MAX);

		reader_tell(READER_CONTENT, (const char *)bytes, most);
		bytes += most;
		length -= most;
	}
}

/* A message within another has the interface by which it is opened in front. */
static void
tell_object(const char *name, const variableLength *value)
{
	const size_t length = (size_t)MAX(value->size, 0);

	if (length > OBJECT_INTERFACE + 4 &&
	    memcmp(value->data + OBJECT_INTERFACE, signature, 4) == 0)
		tell_file(name, value->data + OBJECT_INTERFACE, length - OBJECT_INTERFACE);
	else
		tell_file(name, value->data, length);
}

/* MS-OXRTFCP 2.1.3.1.1: the library does not know the kind that is not compressed. */
static void
tell_rtf(variableLength *value)
{
	int length = 0;
	BYTE *rtf;

	if (value->size >= RTF_HEADER && memcmp(value->data + 8, "MELA", 4) == 0) {
		tell_file("body.rtf", value->data + RTF_HEADER, (size_t)value->size - RTF_HEADER);
		return;
	}
	rtf = DecompressRTF(value, &length);
	if (rtf == NULL || length < 0)
		tell_opaque(damaged);
	else
		tell_file("body.rtf", rtf, (size_t)length);
	free(rtf);
}

/* --- texts --- */

static void
put_bytes(const TNEFStruct *tnef, const BYTE *bytes, size_t length)
{
	const unsigned page = tnef->CodePage.size >= 2
				      ? tnef->CodePage.data[0] | tnef->CodePage.data[1] << 8
				      : DEFAULT_PAGE;
	const char *text = (const char *)bytes;
	g_autofree char *converted = NULL;

	if (bytes == NULL || length == 0)
		return;
	length = strnlen(text, length);
	if (!g_utf8_validate_len(text, length, NULL))
		text = converted = charset_table_convert(page, text, length);
	else
		text = converted = g_strndup(text, length);
	text_out(text, strlen(text));
	text_out_line();
}

static void
put_value(const TNEFStruct *tnef, const variableLength *value)
{
	put_bytes(tnef, value->data, (size_t)MAX(value->size, 0));
}

/* --- properties --- */

static void
take_property(const TNEFStruct *tnef, const MAPIProperty *property, variableLength *value,
	      const char *name)
{
	const ULONG id = PROP_ID(property->id), type = PROP_TYPE(property->id) & 0xfff;

	if (value->data == NULL)
		return;
	if (id == RTF_COMPRESSED)
		tell_rtf(value);
	else if (id == BODY_HTML)
		tell_file("body.html", value->data, (size_t)MAX(value->size, 0));
	else if (id == ATTACH_DATA)
		tell_object(name, value);
	else if (type == PT_STRING8 || type == PT_UNICODE)
		put_value(tnef, value);
}

static void
take_properties(const TNEFStruct *tnef, const MAPIProps *properties, const char *name)
{
	if (properties->count > PROPERTIES_MAX)
		reader_refuse(READER_TOO_MANY);
	for (DWORD i = 0; properties->properties != NULL && i < properties->count; i++) {
		const MAPIProperty *property = &properties->properties[i];

		for (ULONG j = 0; property->data != NULL && j < property->count; j++)
			take_property(tnef, property, &property->data[j], name);
	}
}

/* --- the message and its attachments --- */

/* Caller frees. */
static char *
name_of(Attachment *attachment)
{
	const variableLength *name =
		MAPIFindProperty(&attachment->MAPI, PROP_TAG(PT_STRING8, ATTACH_LONG_FILENAME));

	if (name == MAPI_UNDEFINED)
		name = MAPIFindProperty(&attachment->MAPI,
					PROP_TAG(PT_UNICODE, ATTACH_LONG_FILENAME));
	if (name == MAPI_UNDEFINED || name->data == NULL)
		name = &attachment->Title;
	return name->data == NULL ? g_strdup("")
				  : g_utf8_make_valid((const char *)name->data,
						      (gssize)strnlen((const char *)name->data,
								      (size_t)MAX(name->size, 0)));
}

static void
take_attachments(TNEFStruct *tnef)
{
	for (Attachment *each = tnef->starting_attach.next; each != NULL; each = each->next) {
		g_autofree char *name = name_of(each);

		if (each->FileData.data != NULL)
			tell_file(name, each->FileData.data, (size_t)MAX(each->FileData.size, 0));
		put_value(tnef, &each->Title);
		take_properties(tnef, &each->MAPI, name);
	}
}

void
tnef_read(const char *document, size_t length, GString *answer)
{
	TNEFStruct tnef;

	(void)answer;
	TNEFInitialize(&tnef);
	if (TNEFParseMemory((BYTE *)document, (long)length, &tnef) < 0)
		tell_opaque(damaged);
	put_value(&tnef, &tnef.subject);
	put_value(&tnef, &tnef.body);
	take_properties(&tnef, &tnef.MapiProperties, "");
	take_attachments(&tnef);
	text_out_flush();
	TNEFFree(&tnef);
}
