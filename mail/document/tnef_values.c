#include "mail/document/tnef_values.h"

#include <stdlib.h>
#include <string.h>

#include "mail/document/charset_table.h"

enum {
	RTF_HEADER = 16, /* bytes */
	RTF_KIND = 8,	 /* where it says whether it is compressed */
	DEFAULT_PAGE = 1252,
};

static const char signature[] = "\x78\x9f\x3e\x22";

bool
tnef_begins(const BYTE *bytes, size_t length)
{
	return length > strlen(signature) && memcmp(bytes, signature, strlen(signature)) == 0;
}

size_t
tnef_length(const variableLength *value)
{
	return (size_t)MAX(value->size, 0);
}

variableLength
tnef_without_interface(const variableLength *value)
{
	const size_t interface = TNEF_OBJECT_INTERFACE;
	variableLength rest = *value;

	if (tnef_length(value) > interface &&
	    tnef_begins(value->data + interface, tnef_length(value) - interface)) {
		rest.data += interface;
		rest.size -= (int)interface;
	}
	return rest;
}

char *
tnef_text(const TNEFStruct *tnef, const variableLength *value)
{
	const unsigned page = tnef->CodePage.size >= 2
				      ? tnef->CodePage.data[0] | tnef->CodePage.data[1] << 8
				      : DEFAULT_PAGE;
	const char *text = (const char *)value->data;
	const size_t length = text == NULL ? 0 : strnlen(text, tnef_length(value));

	return length == 0 || g_utf8_validate_len(text, length, NULL)
		       ? g_strndup(text, length)
		       : charset_table_convert(page, text, length);
}

variableLength *
tnef_find(MAPIProps *properties, unsigned id)
{
	static const ULONG types[] = {PT_STRING8, PT_UNICODE, PT_BINARY, PT_OBJECT};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		variableLength *value = MAPIFindProperty(properties, PROP_TAG(types[i], id));

		if (value != MAPI_UNDEFINED && value->data != NULL)
			return value;
	}
	return NULL;
}

char *
tnef_name(const TNEFStruct *tnef, Attachment *attachment)
{
	const variableLength *name = tnef_find(&attachment->MAPI, TNEF_ATTACH_LONG_FILENAME);

	return tnef_text(tnef, name == NULL ? &attachment->Title : name);
}

/* MS-OXRTFCP 2.1.3.1.1: the library does not know the kind that is not compressed. */
BYTE *
tnef_rtf(variableLength *value, size_t *length_r)
{
	int length = 0;
	BYTE *rtf;

	if (value->size >= RTF_HEADER && memcmp(value->data + RTF_KIND, "MELA", 4) == 0) {
		*length_r = tnef_length(value) - RTF_HEADER;
		rtf = malloc(*length_r + 1);
		return rtf == NULL ? NULL : memcpy(rtf, value->data + RTF_HEADER, *length_r);
	}
	rtf = DecompressRTF(value, &length);
	if (rtf == NULL || length < 0)
		g_clear_pointer(&rtf, free);
	*length_r = (size_t)MAX(length, 0);
	return rtf;
}
