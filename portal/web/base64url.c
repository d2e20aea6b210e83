#include "portal/web/base64url.h"

#include <sodium.h>
#include <string.h>

char *
base64url_text(const void *bytes, size_t length)
{
	size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

	return sodium_bin2base64(g_malloc(size), size, bytes, length,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

GBytes *
base64url_bytes(const char *text)
{
	size_t length = strlen(text), got;
	unsigned char *bytes = g_malloc(length + 1);

	if (sodium_base642bin(bytes, length, text, length, NULL, &got, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		got = 0;
	return g_bytes_new_take(bytes, got);
}
