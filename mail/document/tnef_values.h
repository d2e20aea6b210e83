/* What libytnef found in a file of Outlook (MS-OXTNEF), as others can read it. */
#ifndef POSTSEAL_MAIL_DOCUMENT_TNEF_VALUES_H
#define POSTSEAL_MAIL_DOCUMENT_TNEF_VALUES_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <ytnef.h>

enum {
	TNEF_OBJECT_INTERFACE = 16, /* bytes before a message in a property (MS-OXTNEF 2.1.3.4) */
	/* Properties (MS-OXPROPS), without their types: */
	TNEF_BODY = 0x1000,
	TNEF_RTF_COMPRESSED = 0x1009,
	TNEF_BODY_HTML = 0x1013,
	TNEF_ATTACH_DATA = 0x3701,
	TNEF_ATTACH_LONG_FILENAME = 0x3707,
	TNEF_ATTACH_MIME_TAG = 0x370e,
};

/* Is it such a file? */
bool tnef_begins(const BYTE *bytes, size_t length);
size_t tnef_length(const variableLength *value);
/* A message within another has the interface by which it is opened in front. */
variableLength tnef_without_interface(const variableLength *value);

/* UTF-8, from the character set that the message says, to the first NUL; caller frees. */
char *tnef_text(const TNEFStruct *tnef, const variableLength *value);
/* The first value of the property that is text or bytes; NULL: there is none. */
variableLength *tnef_find(MAPIProps *properties, unsigned id);
/* UTF-8, "" if it has none; caller frees. */
char *tnef_name(const TNEFStruct *tnef, Attachment *attachment);
/* The document in a compressed body (MS-OXRTFCP); caller frees, by free(3). NULL: it is damaged. */
BYTE *tnef_rtf(variableLength *value, size_t *length_r);

#endif
