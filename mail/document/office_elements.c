#include "mail/document/office_elements.h"

#include <string.h>

enum {
	TELLING_LEAST = 4,   /* characters of an attribute with text */
	DIGITS_LEAST = 12,   /* in one that may be a number of somebody */
	ATTRIBUTE_MAX = 256, /* what is longer is a drawing's */
};

enum family { OTHER, WORD, DRAWING, SHEET, MATH, TEXT, TABLE, MANIFEST, COMPATIBILITY, VISIO };

static const struct {
	const char *name;
	enum family family;
} namespaces[] = {
	{"http://schemas.openxmlformats.org/wordprocessingml/2006/main", WORD},
	{"http://purl.oclc.org/ooxml/wordprocessingml/main", WORD},
	{"http://schemas.openxmlformats.org/drawingml/2006/main", DRAWING},
	{"http://purl.oclc.org/ooxml/drawingml/main", DRAWING},
	{"http://schemas.openxmlformats.org/spreadsheetml/2006/main", SHEET},
	{"http://purl.oclc.org/ooxml/spreadsheetml/main", SHEET},
	{"http://schemas.openxmlformats.org/officeDocument/2006/math", MATH},
	{"http://purl.oclc.org/ooxml/officeDocument/math", MATH},
	{"urn:oasis:names:tc:opendocument:xmlns:text:1.0", TEXT},
	{"urn:oasis:names:tc:opendocument:xmlns:table:1.0", TABLE},
	{"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0", MANIFEST},
	{"http://schemas.openxmlformats.org/markup-compatibility/2006", COMPATIBILITY},
	{"http://schemas.microsoft.com/office/visio/2012/main", VISIO},
};

static const struct element {
	enum family family;
	const char *name;
	enum office_effect effect;
} elements[] = {
	{WORD, "p", OFFICE_PARAGRAPH},
	{WORD, "r", OFFICE_RUN},
	{WORD, "t", OFFICE_SPAN},
	{WORD, "delText", OFFICE_DELETED},
	{WORD, "vanish", OFFICE_HIDES_RUN},
	{WORD, "webHidden", OFFICE_HIDES_RUN},
	{WORD, "specVanish", OFFICE_HIDES_RUN},
	{WORD, "moveFrom", OFFICE_DELETION},
	{WORD, "del", OFFICE_DELETION},
	{WORD, "tab", OFFICE_TAB},
	{WORD, "ptab", OFFICE_TAB},
	{WORD, "br", OFFICE_BREAK},
	{WORD, "cr", OFFICE_BREAK},
	{WORD, "noBreakHyphen", OFFICE_HYPHEN},
	{WORD, "softHyphen", OFFICE_SOFT_HYPHEN},
	{WORD, "sym", OFFICE_SYMBOL},
	{WORD, "rt", OFFICE_PHONETIC},
	{DRAWING, "p", OFFICE_PARAGRAPH},
	{DRAWING, "t", OFFICE_SPAN},
	{DRAWING, "br", OFFICE_BREAK},
	{MATH, "t", OFFICE_SPAN},
	{SHEET, "row", OFFICE_ROW},
	{SHEET, "c", OFFICE_CELL},
	{SHEET, "cell", OFFICE_CELL}, /* kept of another workbook */
	{SHEET, "s", OFFICE_ITEM},
	{SHEET, "n", OFFICE_ITEM},
	{SHEET, "inputCells", OFFICE_VARIABLE},
	{SHEET, "filter", OFFICE_VARIABLE},
	{SHEET, "customFilter", OFFICE_VARIABLE},
	{SHEET, "v", OFFICE_CELL_VALUE},
	{SHEET, "t", OFFICE_SPAN},
	{SHEET, "si", OFFICE_STRING},
	{SHEET, "is", OFFICE_CELL_STRING},
	{SHEET, "comment", OFFICE_PARAGRAPH},
	{SHEET, "rPh", OFFICE_PHONETIC},
	{SHEET, "sheet", OFFICE_NAMED},
	{SHEET, "oddHeader", OFFICE_PAGE_EDGE},
	{SHEET, "oddFooter", OFFICE_PAGE_EDGE},
	{SHEET, "evenHeader", OFFICE_PAGE_EDGE},
	{SHEET, "evenFooter", OFFICE_PAGE_EDGE},
	{SHEET, "firstHeader", OFFICE_PAGE_EDGE},
	{SHEET, "firstFooter", OFFICE_PAGE_EDGE},
	{SHEET, "cacheField", OFFICE_NAMED},
	{WORD, "docVar", OFFICE_VARIABLE},
	{WORD, "default", OFFICE_VARIABLE},
	{WORD, "listEntry", OFFICE_VARIABLE},
	{WORD, "helpText", OFFICE_VARIABLE},
	{WORD, "statusText", OFFICE_VARIABLE},
	{WORD, "alias", OFFICE_VARIABLE},
	{WORD, "tag", OFFICE_VARIABLE},
	{WORD, "lvlText", OFFICE_VARIABLE},
	{COMPATIBILITY, "Fallback", OFFICE_PHONETIC},
	{VISIO, "Text", OFFICE_FLOW},
	{VISIO, "cp", OFFICE_NOTHING},
	{VISIO, "pp", OFFICE_NOTHING},
	{VISIO, "tp", OFFICE_NOTHING},
	{VISIO, "fld", OFFICE_SPAN},
	{TEXT, "p", OFFICE_FLOW},
	{TEXT, "h", OFFICE_FLOW},
	{TEXT, "s", OFFICE_SPACES},
	{TEXT, "tab", OFFICE_TAB},
	{TEXT, "line-break", OFFICE_BREAK},
	{TEXT, "soft-page-break", OFFICE_NOTHING},
	{TEXT, "ruby-text", OFFICE_PHONETIC},
	{TEXT, "changed-region", OFFICE_CHANGE},
	{TEXT, "deletion", OFFICE_REMOVAL},
	{TEXT, "change", OFFICE_REMOVED},
	{TABLE, "table-row", OFFICE_SAME_ROWS},
	{TABLE, "table-cell", OFFICE_SAME_CELLS},
	{MANIFEST, "encryption-data", OFFICE_CIPHER},
};

/* Attributes with text, whatever their element. */
static const char *const telling[] = {
	"descr", "title", "alt", "Target", "href", "tooltip", "displayText", "description",
	"prompt", "error", "string-value", "value", "author", "promptTitle", "errorTitle",
	"comment", "caption",
	/* buttons and lists, WordArt, fields, the text of XPS */
	"label", "current-value", "string", "instr", "UnicodeString", "string-value-if-true",
	"string-value-if-false", "num-prefix", "num-suffix", "formatCode", NULL};

/* Attributes whose numbers are places. */
static const char *const drawn[] = {"d", "points", "path", "viewBox", "v", NULL};

struct office_names {
	char *last_namespace;
	enum family last_family;
};

struct office_names *
office_names_new(void)
{
	return g_new0(struct office_names, 1);
}

void
office_names_free(struct office_names *names)
{
	g_free(names->last_namespace);
	g_free(names);
}

static enum family
family_of(struct office_names *names, const char *name, size_t length)
{
	if (names->last_namespace != NULL && strncmp(names->last_namespace, name, length) == 0 &&
	    names->last_namespace[length] == '\0')
		return names->last_family;
	g_free(names->last_namespace);
	names->last_namespace = g_strndup(name, length);
	names->last_family = OTHER;
	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++)
		if (strcmp(namespaces[i].name, names->last_namespace) == 0)
			names->last_family = namespaces[i].family;
	return names->last_family;
}

/* Text in an element of ODF that is not named above belongs to the paragraph around it: spans,
 * links, fields. That of other elements stands aside. */
enum office_effect
office_names_effect(struct office_names *names, const char *name, enum office_effect around)
{
	const char *space = strrchr(name, ' '), *local = space == NULL ? name : space + 1;
	const enum family family =
		space == NULL ? OTHER : family_of(names, name, (size_t)(space - name));

	for (size_t i = 0; family != OTHER && i < G_N_ELEMENTS(elements); i++)
		if (elements[i].family == family && elements[i].name[0] == *local &&
		    strcmp(elements[i].name, local) == 0)
			return elements[i].effect == OFFICE_TAB && around != OFFICE_RUN &&
					       family == WORD
				       ? OFFICE_NOTHING /* where a tab stops */
				       : elements[i].effect;
	if (family == TEXT)
		return around == OFFICE_FLOW || around == OFFICE_SPAN ? OFFICE_SPAN : OFFICE_ASIDE;
	return OFFICE_ASIDE;
}

/* A number in the name of a shape or column, in a format, in a formula without a result, in data
 * that is in attributes only; in braces is what programs tell things apart by. */
static bool
has_number(const char *name, const char *value, size_t length)
{
	unsigned digits = 0;

	if (length < DIGITS_LEAST || length > ATTRIBUTE_MAX || *value == '{')
		return false;
	for (const char *at = value; *at != '\0'; at++)
		digits += g_ascii_isdigit(*at);
	return digits >= DIGITS_LEAST && !g_strv_contains(drawn, name);
}

bool
office_attribute_tells(const char *name, const char *value)
{
	const char *space = strrchr(name, ' '), *local = space == NULL ? name : space + 1;
	const size_t length = strlen(value);

	return (length >= TELLING_LEAST && g_strv_contains(telling, local)) ||
	       has_number(local, value, length);
}
