#include "delivery/parcel/unlock_code.h"

#include <glib.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { ALPHABET = 32, CHECK_MODULUS = 37 };

static unsigned
check_value(const char *symbols)
{
	unsigned remainder = 0;

	for (; *symbols != '\0'; symbols++)
		remainder =
			(remainder * ALPHABET + (unsigned)(strchr(alphabet, *symbols) - alphabet)) %
			CHECK_MODULUS;
	return remainder;
}

static void
show(struct code *code)
{
	snprintf(code->shown, sizeof code->shown, "%.5s-%.5s-%c", code->symbols, code->symbols + 5,
		 alphabet[check_value(code->symbols)]);
}

char
code_symbol_make(void)
{
	return alphabet[randombytes_uniform(ALPHABET)];
}

void
code_make(struct code *code)
{
	do {
		for (int i = 0; i < CODE_SYMBOLS; i++)
			code->symbols[i] = code_symbol_make();
		code->symbols[CODE_SYMBOLS] = '\0';
	} while (check_value(code->symbols) >= ALPHABET);
	show(code);
}

char
code_symbol_meant(char typed)
{
	if (typed >= 'a' && typed <= 'z')
		typed = (char)(typed - 'a' + 'A');
	if (typed == 'O')
		return '0';
	if (typed == 'I' || typed == 'L')
		return '1';
	return typed != '\0' && strchr(alphabet, typed) != NULL ? typed : 0;
}

/* U+2212 is a minus sign, U+3002 an ideographic full stop, U+00B7 and U+2022 are dots. */
static bool
is_mark(gunichar character)
{
	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT: /* also a soft hyphen, and blanks without width */
	case G_UNICODE_SPACE_SEPARATOR:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
	case G_UNICODE_DASH_PUNCTUATION:
	case G_UNICODE_CONNECT_PUNCTUATION:
		return true;
	default:
		return character == '.' || character == ',' || character == 0x2212 ||
		       character == 0x3002 || character == 0xb7 || character == 0x2022;
	}
}

/* Letters and digits of full width, as East Asian keyboards type them, become common ones. What is
 * not valid UTF-8 is no code and stays as it is: GLib would read past its end. */
char *
code_without_marks(const char *typed)
{
	char *normal = g_utf8_validate(typed, -1, NULL)
			       ? g_utf8_normalize(typed, -1, G_NORMALIZE_NFKC)
			       : NULL;
	GString *symbols = g_string_new(NULL);

	for (const char *at = normal; at != NULL && *at != '\0'; at = g_utf8_next_char(at))
		if (!is_mark(g_utf8_get_char(at)))
			g_string_append_unichar(symbols, g_utf8_get_char(at));
	if (normal == NULL)
		g_string_append(symbols, typed);
	else
		sodium_memzero(normal, strlen(normal));
	g_free(normal);
	return g_string_free(symbols, FALSE);
}

static bool
read_symbols(struct code *code, const char *typed)
{
	char symbols[CODE_SYMBOLS + 1];
	int count = 0;
	bool good;

	for (; *typed != '\0'; typed++) {
		char symbol = code_symbol_meant(*typed);

		if (symbol == 0 || count > CODE_SYMBOLS)
			return false;
		symbols[count++] = symbol;
	}
	if (count != CODE_SYMBOLS + 1)
		return false;
	memcpy(code->symbols, symbols, CODE_SYMBOLS);
	code->symbols[CODE_SYMBOLS] = '\0';
	good = check_value(code->symbols) < ALPHABET &&
	       alphabet[check_value(code->symbols)] == symbols[CODE_SYMBOLS];
	if (good)
		show(code);
	sodium_memzero(symbols, sizeof symbols);
	return good;
}

bool
code_read(struct code *code, const char *typed)
{
	g_autofree char *symbols = code_without_marks(typed);
	bool good = read_symbols(code, symbols);

	sodium_memzero(symbols, strlen(symbols));
	return good;
}
