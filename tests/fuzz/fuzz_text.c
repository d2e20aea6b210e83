/* Short texts from outside: addresses, unlock codes, links, identifiers, requests of Postfix. */
#include <stdint.h>
#include <string.h>

#include "core/address.h"
#include "core/identifier.h"
#include "core/quote.h"
#include "delivery/parcel/parcel.h"
#include "delivery/parcel/unlock_code.h"
#include "milter/netstring.h"
#include "policy/detector/checksum.h"
#include "policy/detector/detections.h"
#include "policy/detector/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both forms of an address are valid addresses, and mean the same one; they can be put unchanged
 * into an SMTP command, a line of the log and a comma-separated list. */
static void
look_at_address(const char *text)
{
	g_auto(address_auto) address = {0}, again = {0}, key = {0};
	g_autofree char *folded = address_fold(text), *path = g_strdup_printf("<%s>", text);
	struct fault fault;

	if (!address_parse_path(&address, path, NULL, &fault)) {
		if (fault.cause != FAULT_ADDRESS || address_is_valid(folded))
			abort();
		return;
	}
	if (!address_parse(&again, address.text, &fault) ||
	    !address_parse(&key, address.key, &fault) || strcmp(address.text, again.text) != 0 ||
	    strcmp(address.key, again.key) != 0 || strcmp(address.key, key.key) != 0 ||
	    strcmp(address.key, folded) != 0 || strcmp(address.domain, address_domain(folded)) != 0)
		abort();
	if (strpbrk(address.text, "<>,;:()[]\\%!\r\n\t") != NULL ||
	    strchr(address.text, '@') != strrchr(address.text, '@') ||
	    (strchr(address.text, ' ') != NULL && address.text[0] != '"') ||
	    !g_str_is_ascii(address.domain))
		abort();
}

/* A single line, with no double quotes except the enclosing ones. */
static void
look_at_quoted(const char *text)
{
	g_autofree char *quoted = quote(text), *line = g_strdup(text);

	quote_flatten(line);
	if (!g_utf8_validate(quoted, -1, NULL) ||
	    strchr(quoted + 1, '"') != quoted + strlen(quoted) - 1 ||
	    strpbrk(quoted, "\r\n") != NULL || strpbrk(line, "\r\n") != NULL ||
	    strlen(line) != strlen(text))
		abort();
}

/* Bytes that come one by one say the same, and a netstring is made again as it was. */
static void
look_at_requests(const uint8_t *data, size_t size)
{
	enum { MOST = 1024 };
	GString *whole = g_string_new_len((const char *)data, (gssize)size),
		*pieces = g_string_new(NULL);
	size_t come = 0;
	bool good = true;

	while (good) {
		const size_t before = whole->len;
		g_autofree char *text = NULL, *piece = NULL, *again = NULL;

		good = netstring_take(whole, MOST, &text);
		if (text == NULL)
			break;
		while (piece == NULL) {
			if (come == size || (g_string_append_c(pieces, (char)data[come++]),
					     !netstring_take(pieces, MOST, &piece)))
				abort();
		}
		again = netstring_of(text);
		if (strcmp(text, piece) != 0 || strlen(again) != before - whole->len ||
		    memcmp(again, data + come - strlen(again), strlen(again)) != 0)
			abort();
	}
	g_string_free(whole, TRUE);
	g_string_free(pieces, TRUE);
}

/* What is found is right, lies within the text, and is masked. */
static void
look_at_number(void *context, const struct number_found *found)
{
	const GString *symbols = context;
	g_autofree char *masked = NULL;
	g_autofree char *compact = g_strndup(found->compact, found->length);
	static bool (*const checks[NUMBER_KINDS])(const struct checksum *, const char *, size_t) = {
		[NUMBER_CARD] = checksum_luhn,
		[NUMBER_IBAN] = checksum_iban,
		[NUMBER_AHV] = checksum_ean13,
	};

	if (found->from < symbols->str || found->to > symbols->str + symbols->len ||
	    (size_t)(found->to - found->from) < found->length || found->length > NUMBER_LENGTH_MAX)
		abort();
	if (checks[found->kind] != NULL &&
	    !checks[found->kind](NULL, found->compact, found->length))
		abort();
	masked = detections_mask(found->from, (size_t)(found->to - found->from));
	if (strstr(masked, compact) != NULL || strchr(masked, '*') == NULL)
		abort();
}

static void
look_at_numbers(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *symbols = g_string_new(NULL);

	symbols_read(symbols, valid, strlen(valid));
	if (symbols->len > strlen(valid) || strlen(symbols->str) != symbols->len)
		abort();
	numbers_each(symbols, (1u << NUMBER_KINDS) - 1, look_at_number, symbols);
	g_string_free(symbols, TRUE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	unsigned char hash[SEAL_DIGEST_BYTES];
	struct identifier identifier;
	struct code code, again;

	look_at_address(text);
	look_at_quoted(text);
	look_at_numbers(text);
	look_at_requests(data, size);
	if (code_read(&code, text) &&
	    (!code_read(&again, code.shown) || strcmp(code.symbols, again.symbols) != 0))
		abort();
	parcel_link_hash(text, hash);
	identifier_parse(&identifier, text);
	return 0;
}
