#include "mail/document/tnef.h"

#include <stdlib.h>
#include <string.h>

#include "core/reader/serve.h"
#include "core/reader/tell_name.h"
#include "mail/document/text_out.h"
#include "mail/document/tnef_values.h"

enum {
	FILES_MAX = 10000,
	PROPERTIES_MAX = 100000,
};

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

static void
tell_object(const char *name, const variableLength *value)
{
	const variableLength rest = tnef_without_interface(value);

	tell_file(name, rest.data, tnef_length(&rest));
}

static void
tell_rtf(variableLength *value)
{
	size_t length;
	BYTE *rtf = tnef_rtf(value, &length);

	if (rtf == NULL)
		tell_opaque(damaged);
	else
		tell_file("body.rtf", rtf, length);
	free(rtf);
}

/* --- texts --- */

static void
put_value(const TNEFStruct *tnef, const variableLength *value)
{
	g_autofree char *text = NULL;

	if (value->data == NULL || value->size <= 0)
		return;
	text = tnef_text(tnef, value);
	text_out(text, strlen(text));
	text_out_line();
}

/* --- properties --- */

static void
take_property(const TNEFStruct *tnef, const MAPIProperty *property, variableLength *value,
	      const char *name)
{
	const ULONG id = PROP_ID(property->id), type = PROP_TYPE(property->id) & 0xfff;

	if (value->data == NULL)
		return;
	if (id == TNEF_RTF_COMPRESSED)
		tell_rtf(value);
	else if (id == TNEF_BODY_HTML)
		tell_file("body.html", value->data, tnef_length(value));
	else if (id == TNEF_ATTACH_DATA)
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

static void
take_attachments(TNEFStruct *tnef)
{
	for (Attachment *each = tnef->starting_attach.next; each != NULL; each = each->next) {
		g_autofree char *name = tnef_name(tnef, each);

		if (each->FileData.data != NULL)
			tell_file(name, each->FileData.data, tnef_length(&each->FileData));
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
