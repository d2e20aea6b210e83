#include "portal/long_code.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#include "delivery/parcel/unlock_code.h"

void
long_code_make(char *text_r, unsigned groups)
{
	char *to = text_r;

	for (unsigned i = 0; i < groups * LONG_CODE_GROUP; i++) {
		if (i > 0 && i % LONG_CODE_GROUP == 0)
			*to++ = '-';
		*to++ = code_symbol_make();
	}
	*to = '\0';
}

void
long_code_read(char *text_r, unsigned groups, const char *typed)
{
	g_autofree char *symbols = code_without_marks(typed);
	unsigned count = 0;
	char *to = text_r;

	for (typed = symbols; *typed != '\0' && count < groups * LONG_CODE_GROUP; typed++) {
		char symbol = code_symbol_meant(*typed);

		if (count > 0 && count % LONG_CODE_GROUP == 0)
			*to++ = '-';
		*to++ = symbol == 0 ? *typed : symbol; /* not in the alphabet: stays wrong */
		count++;
	}
	*to = '\0';
	sodium_memzero(symbols, strlen(symbols));
}
