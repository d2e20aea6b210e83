#include "core/address.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "core/domain.h"
#include "core/lower_case.h"
#include "core/quote.h"

enum { ADDRESS_MAX = 320 };

/* RFC 5321 §4.1.2 atext without "%" and "!", which route mail. */
static const char marks[] = "#$&'*+-/=?^_`{|}~";

/* --- the local part --- */

static const char *
fault_of_character(UChar32 c)
{
	const uint32_t unseen = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK |
				U_GC_CN_MASK | U_GC_Z_MASK;

	if (c == '%' || c == '!')
		return "it has “%” or “!” before its domain, which would route the mail through "
		       "another host";
	if (c == '@')
		return "it has more than one “@”";
	if (c >= 0x80)
		return (U_GET_GC_MASK(c) & unseen) == 0 ? NULL : "it has an invisible character";
	if (g_ascii_isalnum((gchar)c) || c == '.' || c == ' ' || strchr(marks, (int)c) != NULL)
		return NULL;
	return g_ascii_isprint((gchar)c) ? "it has punctuation that is not allowed in addresses"
					 : "it has a control character";
}

/* `local` is unquoted, UTF-8. */
static const char *
fault_of_local(const char *local)
{
	UErrorCode error = U_ZERO_ERROR;
	UChar wide[ADDRESS_MAX + 1];
	int32_t length, at = 0;
	const char *why;
	UChar32 c;

	u_strFromUTF8(wide, ADDRESS_MAX + 1, &length, local, -1, &error);
	if (U_FAILURE(error))
		return "it is not valid UTF-8";
	if (length == 0)
		return "there is nothing before its “@”";
	while (at < length) {
		U16_NEXT(wide, at, length, c);
		why = fault_of_character(c);
		if (why != NULL)
			return why;
	}
	if (!unorm2_isNormalized(unorm2_getNFCInstance(&error), wide, length, &error) ||
	    U_FAILURE(error))
		return "its accents are separate characters (it is not in Unicode Normalization "
		       "Form C)";
	return NULL;
}

/* True unless the local part is a Dot-string of RFC 5321 §4.1.2. */
static bool
needs_quotes(const char *local)
{
	size_t length = strlen(local);

	return strchr(local, ' ') != NULL || strstr(local, "..") != NULL || local[0] == '.' ||
	       local[length - 1] == '.';
}

/* Removes the quotes from a quoted local part; returns what follows it, or NULL if the quotes are
 * not closed. */
static const char *
unquote(const char *text, GString *local)
{
	for (text++; *text != '\0' && *text != '"'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		g_string_append_c(local, *text);
	}
	return *text == '"' ? text + 1 : NULL;
}

/* --- the whole --- */

/* Splits `text` into its unquoted local part and its domain; returns why that is not possible, or
 * NULL. */
static const char *
part(const char *text, GString *local, const char **domain_r)
{
	const char *at;

	if (strlen(text) > ADDRESS_MAX)
		return "it is longer than 320 bytes";
	if (*text == '@')
		return "it contains a source route; give the destination alone";
	if (*text == '"') {
		at = unquote(text, local);
		if (at == NULL || *at != '@')
			return "its quotation marks do not enclose everything before its “@”";
	} else {
		at = strrchr(text, '@');
		if (at == NULL)
			return "it has no domain";
		g_string_append_len(local, text, at - text);
		if (strpbrk(local->str, " \"") != NULL)
			return "it has a space or a quotation mark";
	}
	*domain_r = at + 1;
	return fault_of_local(local->str);
}

static bool
make(struct address *address, const char *local, const char *domain, struct fault *fault)
{
	g_autofree char *ascii = NULL, *small = lower_case(local);
	const char *mark = needs_quotes(local) ? "\"" : "";

	if (!domain_parse(domain, &ascii, fault))
		return false;
	if (small == NULL)
		return fault_set(fault, FAULT_ADDRESS, "it cannot be converted to lower case");
	address->text = g_strconcat(mark, local, mark, "@", domain, NULL);
	address->key = g_strconcat(mark, small, mark, "@", ascii, NULL);
	/* Quotation marks, lower case and A-labels may have made it longer. */
	if (MAX(strlen(address->text), strlen(address->key)) > ADDRESS_MAX) {
		address_clear(address);
		return fault_set(fault, FAULT_ADDRESS, "it is longer than 320 bytes");
	}
	address->domain = address_domain(address->key);
	address->international = !g_str_is_ascii(address->text);
	return true;
}

bool
address_parse(struct address *address, const char *text, struct fault *fault)
{
	g_autoptr(GString) local = g_string_new(NULL);
	g_autofree char *shown = NULL;
	const char *domain = NULL, *why = part(text, local, &domain);

	*address = (struct address){0};
	if (why == NULL && make(address, local->str, domain, fault))
		return true;
	if (why != NULL)
		fault_set(fault, FAULT_ADDRESS, "%s", why);
	shown = quote(text);
	return fault_within(fault, "The address %s is not accepted", shown);
}

/* `reading` if it is `text` with a domain added, otherwise `text`. */
static const char *
completed(const char *text, const char *reading)
{
	size_t length = strlen(text);

	return length > 0 && strchr(text, '@') == NULL && reading != NULL &&
			       strncmp(reading, text, length) == 0 && reading[length] == '@'
		       ? reading
		       : text;
}

static bool
is_read_so(const struct address *address, const char *reading)
{
	g_auto(address_auto) other = {0};
	struct fault ignored;

	/* Sendmail's reading has no domain if the mailbox is on this host. */
	return reading == NULL || strchr(reading, '@') == NULL ||
	       (address_parse(&other, reading, &ignored) && strcmp(address->key, other.key) == 0);
}

bool
address_parse_path(struct address *address, const char *path, const char *reading,
		   struct fault *fault)
{
	size_t length = strlen(path);
	bool enclosed = length >= 2 && path[0] == '<' && path[length - 1] == '>';
	g_autofree char *text = enclosed ? g_strndup(path + 1, length - 2) : g_strdup(path);
	g_autofree char *shown = NULL, *other = NULL;

	if (!address_parse(address, completed(text, reading), fault))
		return false;
	if (is_read_so(address, reading))
		return true;
	address_clear(address);
	shown = quote(text);
	other = quote(reading);
	return fault_set(fault, FAULT_ADDRESS,
			 "The address %s is not accepted: the mail server would deliver to %s",
			 shown, other);
}

void
address_clear(struct address *address)
{
	g_clear_pointer(&address->text, g_free);
	g_clear_pointer(&address->key, g_free);
	address->domain = NULL;
}

bool
address_is_valid(const char *text)
{
	g_auto(address_auto) address = {0};
	struct fault ignored;

	return address_parse(&address, text, &ignored);
}

char *
address_fold(const char *text)
{
	g_auto(address_auto) address = {0};
	struct fault ignored;

	return address_parse(&address, text, &ignored) ? g_steal_pointer(&address.key)
						       : g_ascii_strdown(text, -1);
}

const char *
address_domain(const char *key)
{
	const char *at = strrchr(key, '@');

	return at == NULL ? "" : at + 1;
}
