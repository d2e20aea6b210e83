#include "core/domain.h"

#include <glib.h>
#include <string.h>
#include <unicode/uidna.h>

#include "core/lower_case.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, MAPPED_MAX = 1024 };

static const uint32_t as_postfix =
	UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE;
static const uint32_t with_all_checks =
	UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE | UIDNA_USE_STD3_RULES |
	UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO;
/* Not UIDNA_DEFAULT: from ICU 76 on, it maps as Postfix does, so the two mappings would never
 * differ. */
static const uint32_t as_idna2003 = 0;

typedef int32_t mapping(const UIDNA *, const char *, int32_t, char *, int32_t, UIDNAInfo *,
			UErrorCode *);

static bool
map(mapping *function, uint32_t options, const char *text, char mapped_r[MAPPED_MAX])
{
	UErrorCode error = U_ZERO_ERROR;
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UIDNA *idna = uidna_openUTS46(options, &error);
	int32_t length = 0;

	if (U_SUCCESS(error))
		length = function(idna, text, (int32_t)strlen(text), mapped_r, MAPPED_MAX - 1,
				  &info, &error);
	uidna_close(idna);
	if (U_FAILURE(error) || info.errors != 0 || length <= 0)
		return false;
	mapped_r[length] = '\0';
	return true;
}

static bool
is_digits(const char *text, size_t length)
{
	return strspn(text, "0123456789") >= length;
}

/* An A-label stands for exactly one name, and that name for it (RFC 5890 §2.3.2.1). */
static bool
is_true_label(const char *label, size_t length)
{
	g_autofree char *own = g_ascii_strdown(label, (gssize)length);
	char unicode[MAPPED_MAX], ascii[MAPPED_MAX];

	return !g_str_has_prefix(own, "xn--") ||
	       (map(uidna_labelToUnicodeUTF8, as_postfix, own, unicode) &&
		map(uidna_labelToASCII_UTF8, as_postfix, unicode, ascii) &&
		strcmp(own, ascii) == 0);
}

/* Why this is not a valid label; NULL: it is valid. */
static const char *
fault_of_label(const char *label, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-' && label[i] != '_')
			return "has a character that is not allowed in host names";
	if (length == 0)
		return "begins with a dot or has two in a row";
	if (length > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (label[0] == '-' || label[length - 1] == '-')
		return "has a label that begins or ends with a hyphen";
	return is_true_label(label, length) ? NULL : "has an “xn--” label that is not valid";
}

static const char *
fault_of_name(const char *name)
{
	size_t length = strlen(name);
	const char *label = name, *dot, *why;

	if (length == 0)
		return "is missing";
	if (name[0] == '[')
		return "is an IP address, not a name";
	if (name[length - 1] == '.')
		return "ends with a dot";
	if (length > DOMAIN_MAX)
		return "is longer than 253 characters";
	for (; (dot = strchr(label, '.')) != NULL; label = dot + 1)
		if ((why = fault_of_label(label, (size_t)(dot - label))) != NULL)
			return why;
	why = fault_of_label(label, strlen(label));
	if (why != NULL)
		return why;
	if (label == name)
		return "is incomplete: there is no dot in it";
	return is_digits(label, strlen(label)) ? "ends with a number" : NULL;
}

/* For every program to map it in the same way, the name must be unchanged by the mapping, except
 * for case. */
static bool
is_read_in_one_way(const char *text, const char *ascii)
{
	char otherwise[MAPPED_MAX], unicode[MAPPED_MAX];
	g_autofree char *small = lower_case(text);

	return map(uidna_nameToASCII_UTF8, as_idna2003, text, otherwise) &&
	       strcmp(ascii, otherwise) == 0 &&
	       map(uidna_nameToUnicodeUTF8, as_postfix, ascii, unicode) && small != NULL &&
	       strcmp(small, unicode) == 0;
}

static bool
map_to_ascii(const char *text, char ascii_r[MAPPED_MAX], struct fault *fault)
{
	if (!g_utf8_validate(text, -1, NULL))
		return fault_set(fault, FAULT_ADDRESS, "the domain is not valid UTF-8");
	if (!map(uidna_nameToASCII_UTF8, with_all_checks, text, ascii_r))
		return fault_set(fault, FAULT_ADDRESS,
				 "the domain has characters that are not allowed in domains");
	if (!is_read_in_one_way(text, ascii_r))
		return fault_set(fault, FAULT_ADDRESS,
				 "the domain can be read in several ways; write the one you mean, "
				 "such as %s",
				 ascii_r);
	return true;
}

bool
domain_parse(const char *text, char **ascii_r, struct fault *fault)
{
	char mapped[MAPPED_MAX];
	const char *why;

	*ascii_r = NULL;
	if (!g_str_is_ascii(text)) {
		if (!map_to_ascii(text, mapped, fault))
			return false;
		text = mapped;
	}
	why = fault_of_name(text);
	if (why != NULL)
		return fault_set(fault, FAULT_ADDRESS, "the domain %s", why);
	*ascii_r = g_ascii_strdown(text, -1);
	return true;
}

char *
domain_shown(const char *ascii)
{
	char shown[MAPPED_MAX];

	return g_strdup(map(uidna_nameToUnicodeUTF8, as_postfix, ascii, shown) ? shown : ascii);
}

char *
domain_key(const char *text)
{
	struct fault ignored;
	char *ascii;

	return domain_parse(text, &ascii, &ignored) ? ascii : g_ascii_strdown(text, -1);
}
