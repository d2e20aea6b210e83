#include "core/identifier.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

void
identifier_make(struct identifier *identifier)
{
	unsigned char b[16];
	uint64_t milliseconds = (uint64_t)(g_get_real_time() / 1000);

	randombytes_buf(b, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	g_snprintf(identifier->text, sizeof identifier->text,
		   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		   b[14], b[15]);
}

bool
identifier_parse(struct identifier *identifier, const char *text)
{
	if (strlen(text) != IDENTIFIER_LENGTH)
		return false;
	for (int i = 0; i < IDENTIFIER_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
			return false;
	}
	memcpy(identifier->text, text, sizeof identifier->text);
	return true;
}

int64_t
identifier_time(const struct identifier *identifier)
{
	uint64_t milliseconds = 0;

	/* 48 bits: the first twelve digits, with a dash after the eighth. */
	for (int i = 0; i < 13; i++)
		if (i != 8)
			milliseconds = milliseconds << 4 |
				       (uint64_t)g_ascii_xdigit_value(identifier->text[i]);
	return (int64_t)(milliseconds / 1000);
}
