#include "portal/totp.h"

#include <liboath/oath.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 6, STEP_SECONDS = 30, QUIET = 4 };

char *
totp_secret_text(const unsigned char secret[TOTP_SECRET_BYTES])
{
	char *text = NULL, *own;
	size_t length;

	if (oath_base32_encode((const char *)secret, TOTP_SECRET_BYTES, &text, &length) != OATH_OK)
		return g_strdup("");
	own = g_strdup(text);
	sodium_memzero(text, length);
	free(text);
	return own;
}

bool
totp_secret_read(unsigned char secret_r[TOTP_SECRET_BYTES], const char *text)
{
	char *bytes = NULL;
	size_t length = 0;
	bool good = oath_base32_decode(text, strlen(text), &bytes, &length) == OATH_OK &&
		    length == TOTP_SECRET_BYTES;

	if (good)
		memcpy(secret_r, bytes, TOTP_SECRET_BYTES);
	if (bytes != NULL)
		sodium_memzero(bytes, length);
	free(bytes);
	return good;
}

char *
totp_uri(const unsigned char secret[TOTP_SECRET_BYTES], const char *organisation,
	 const char *address)
{
	g_autofree char *text = totp_secret_text(secret);
	g_autofree char *issuer = g_uri_escape_string(organisation, NULL, FALSE);
	g_autofree char *account = g_uri_escape_string(address, NULL, FALSE);
	char *uri = g_strdup_printf("otpauth://totp/%s:%s?secret=%s&issuer=%s", issuer, account,
				    text, issuer);

	sodium_memzero(text, strlen(text));
	return uri;
}

char *
totp_picture(const char *uri, unsigned *modules_r)
{
	QRcode *code = QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_M);
	GString *path = g_string_new(NULL);

	*modules_r = 2 * QUIET;
	if (code == NULL)
		return g_string_free(path, FALSE);
	*modules_r += (unsigned)code->width;
	for (int y = 0; y < code->width; y++)
		for (int x = 0; x < code->width; x++)
			if ((code->data[y * code->width + x] & 1) != 0)
				g_string_append_printf(path, "M%d %dh1v1h-1z", x + QUIET,
						       y + QUIET);
	QRcode_free(code);
	return g_string_free(path, FALSE);
}

bool
totp_is_right(const unsigned char secret[TOTP_SECRET_BYTES], const char *typed, time_t now,
	      uint64_t *step_r)
{
	uint64_t current = (uint64_t)now / STEP_SECONDS;
	char digits[DIGITS + 1], right[DIGITS + 1];
	size_t count = 0;
	bool found = false;

	for (; *typed != '\0'; typed++) {
		if (g_ascii_isspace(*typed))
			continue;
		if (!g_ascii_isdigit(*typed) || count == DIGITS)
			return false;
		digits[count++] = *typed;
	}
	if (count != DIGITS)
		return false;
	for (uint64_t step = current - 1; step <= current + 1; step++) {
		if (oath_hotp_generate((const char *)secret, TOTP_SECRET_BYTES, step, DIGITS, false,
				       OATH_HOTP_DYNAMIC_TRUNCATION, right) != OATH_OK)
			continue;
		if (sodium_memcmp(digits, right, DIGITS) == 0) {
			found = true;
			*step_r = step;
		}
	}
	sodium_memzero(right, sizeof right);
	return found;
}
