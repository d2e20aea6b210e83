#include "delivery/parcel/unlock_code.h"

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

bool
code_read(struct code *code, const char *typed)
{
	char symbols[CODE_SYMBOLS + 1];
	int count = 0;
	bool good;

	for (; *typed != '\0'; typed++) {
		char symbol = code_symbol_meant(*typed);

		if (strchr(CODE_BLANKS, *typed) != NULL)
			continue;
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
