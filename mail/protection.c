#include "mail/protection.h"

#include <gmime/gmime.h>
#include <string.h>

enum { INLINE_BYTES = 4096 }; /* of a body, in which an inline OpenPGP message begins */

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

bool
protection_find(const struct message *message, struct protection *protection_r, struct fault *fault)
{
	static const char *const enveloped[] = {"enveloped-data", "authEnveloped-data", NULL};
	static const char *const signed_only[] = {"signed-data", NULL};
	g_autofree char *value = message_field_text(message, "Content-Type");
	GMimeContentType *type = g_mime_content_type_parse(NULL, value == NULL ? "text/plain" : value);
	bool known = true, cms = g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
				 g_mime_content_type_is_type(type, "application", "x-pkcs7-mime");

	*protection_r = (struct protection){
		.encrypted = g_mime_content_type_is_type(type, "multipart", "encrypted") ||
			     (cms && has_parameter(type, "smime-type", enveloped)),
		.is_signed = g_mime_content_type_is_type(type, "multipart", "signed") ||
			     (cms && has_parameter(type, "smime-type", signed_only)),
	};
	if (g_mime_content_type_is_type(type, "text", "plain"))
		known = is_inline_openpgp(message, &protection_r->encrypted, fault);
	g_object_unref(type);
	return known;
}
