#include "mail/document/office_text.h"

#include <expat.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/reader/serve.h"
#include "mail/document/text_out.h"

enum {
	DEPTH_MAX = 512,     /* of elements */
	PARAGRAPHS_MAX = 32, /* within each other: text boxes, notes */
	ASIDE_BYTES = 64 * 1024,
	NUMBER_MAX = 64, /* characters of a cell's number */
	SPACES_MAX = 1000,
	REPEATS_MAX = 16, /* of a cell with as much as a piece of a number */
	REPEATED_BYTES = 8,
	REMOVED_BYTES = 64,  /* of a deletion that may be a piece of a number */
	DIGITS_LEAST = 12,   /* in an attribute that may be a number of somebody */
	ATTRIBUTE_MAX = 256, /* what is longer is a drawing's */
};

static const double WHOLE_MAX = 9007199254740992.; /* every whole number below it is exact */

/* --- the elements that matter --- */

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

enum effect {
	ASIDE,	   /* its text stands aside: that of every element that is not named here */
	NOTHING,   /* has no text */
	PARAGRAPH, /* a line, of the texts of elements within */
	FLOW,	   /* the same, with text of its own */
	SPAN,	   /* the text within is shown, in its paragraph */
	DELETED,   /* the same, but not in each view */
	RUN,
	HIDES_RUN,
	DELETION, /* all runs within are deleted */
	TAB,
	BREAK,
	HYPHEN,
	SOFT_HYPHEN,
	SPACES,
	SYMBOL,
	CELL,
	CELL_VALUE,
	CELL_STRING,
	ROW,
	STRING,
	PHONETIC,  /* how a text is pronounced, above it; or what some show in place of another */
	PAGE_EDGE, /* the head or foot of a page, with codes in its text */
	NAMED,	   /* has a name that is shown */
	VARIABLE,  /* has a value that fields show */
	ITEM,	   /* has a value that a pivot table keeps of its source */
	SAME_ROWS, /* stands for as many rows as it says */
	SAME_CELLS,
	CHANGE,	 /* recorded, with a name */
	REMOVAL, /* what was deleted by it */
	REMOVED, /* where it was */
	CIPHER,
};

static const struct element {
	enum family family;
	const char *name;
	enum effect effect;
} elements[] = {
	{WORD, "p", PARAGRAPH},
	{WORD, "r", RUN},
	{WORD, "t", SPAN},
	{WORD, "delText", DELETED},
	{WORD, "vanish", HIDES_RUN},
	{WORD, "webHidden", HIDES_RUN},
	{WORD, "specVanish", HIDES_RUN},
	{WORD, "moveFrom", DELETION},
	{WORD, "del", DELETION},
	{WORD, "tab", TAB},
	{WORD, "ptab", TAB},
	{WORD, "br", BREAK},
	{WORD, "cr", BREAK},
	{WORD, "noBreakHyphen", HYPHEN},
	{WORD, "softHyphen", SOFT_HYPHEN},
	{WORD, "sym", SYMBOL},
	{WORD, "rt", PHONETIC},
	{DRAWING, "p", PARAGRAPH},
	{DRAWING, "t", SPAN},
	{DRAWING, "br", BREAK},
	{MATH, "t", SPAN},
	{SHEET, "row", ROW},
	{SHEET, "c", CELL},
	{SHEET, "cell", CELL}, /* kept of another workbook */
	{SHEET, "s", ITEM},
	{SHEET, "n", ITEM},
	{SHEET, "inputCells", VARIABLE},
	{SHEET, "filter", VARIABLE},
	{SHEET, "customFilter", VARIABLE},
	{SHEET, "v", CELL_VALUE},
	{SHEET, "t", SPAN},
	{SHEET, "si", STRING},
	{SHEET, "is", CELL_STRING},
	{SHEET, "comment", PARAGRAPH},
	{SHEET, "rPh", PHONETIC},
	{SHEET, "sheet", NAMED},
	{SHEET, "oddHeader", PAGE_EDGE},
	{SHEET, "oddFooter", PAGE_EDGE},
	{SHEET, "evenHeader", PAGE_EDGE},
	{SHEET, "evenFooter", PAGE_EDGE},
	{SHEET, "firstHeader", PAGE_EDGE},
	{SHEET, "firstFooter", PAGE_EDGE},
	{SHEET, "cacheField", NAMED},
	{WORD, "docVar", VARIABLE},
	{WORD, "default", VARIABLE},
	{WORD, "listEntry", VARIABLE},
	{WORD, "helpText", VARIABLE},
	{WORD, "statusText", VARIABLE},
	{WORD, "alias", VARIABLE},
	{WORD, "tag", VARIABLE},
	{WORD, "lvlText", VARIABLE},
	{COMPATIBILITY, "Fallback", PHONETIC},
	{VISIO, "Text", FLOW},
	{VISIO, "cp", NOTHING},
	{VISIO, "pp", NOTHING},
	{VISIO, "tp", NOTHING},
	{VISIO, "fld", SPAN},
	{TEXT, "p", FLOW},
	{TEXT, "h", FLOW},
	{TEXT, "s", SPACES},
	{TEXT, "tab", TAB},
	{TEXT, "line-break", BREAK},
	{TEXT, "soft-page-break", NOTHING},
	{TEXT, "ruby-text", PHONETIC},
	{TEXT, "changed-region", CHANGE},
	{TEXT, "deletion", REMOVAL},
	{TEXT, "change", REMOVED},
	{TABLE, "table-row", SAME_ROWS},
	{TABLE, "table-cell", SAME_CELLS},
	{MANIFEST, "encryption-data", CIPHER},
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

/* --- the state --- */

struct office_text {
	XML_Parser parser;
	struct office_strings *strings;
	bool fills_strings;
	const char *why; /* what hides the text, or NULL */
	unsigned depth;
	unsigned char effects[DEPTH_MAX]; /* enum effect: of the open elements */
	struct text_line paragraphs[PARAGRAPHS_MAX];
	unsigned paragraphs_count;
	unsigned deletions, phonetics; /* how many are open */
	bool run_is_hidden;
	char *change;			       /* the name of the recorded change that is open */
	bool is_removed;		       /* its text was deleted */
	GHashTable *removals;		       /* short texts, by the names of their changes */
	gulong same_rows, same_cells;	       /* for how many the open ones stand */
	enum { NUMBER, SHARED, LITERAL } cell; /* what its value is */
	bool has_cell;			       /* in this row, so far */
	char number[NUMBER_MAX];
	size_t number_length;
	GString *aside;
	char *last_namespace;
	enum family last_family;
};

static struct text_line *
paragraph_of(struct office_text *office)
{
	return office->paragraphs_count == 0 ? NULL
					     : &office->paragraphs[office->paragraphs_count - 1];
}

static enum effect
open_effect(const struct office_text *office)
{
	return office->depth == 0 ? ASIDE : office->effects[office->depth - 1];
}

/* --- text --- */

static void
flush_aside(struct office_text *office)
{
	if (office->aside->len == 0)
		return;
	text_out(office->aside->str, office->aside->len);
	text_out_line();
	g_string_truncate(office->aside, 0);
}

static void
begin_aside(struct office_text *office)
{
	GString *aside = office->aside;

	if (aside->len > ASIDE_BYTES)
		flush_aside(office);
	else if (aside->len > 0 && aside->str[aside->len - 1] != '\n')
		g_string_append_c(aside, '\n');
}

static bool
is_hidden(const struct office_text *office)
{
	return office->run_is_hidden || office->deletions > 0;
}

/* Outside every paragraph, the text is on its own. */
static void
put(struct office_text *office, const char *text, size_t length, bool hidden)
{
	struct text_line *paragraph = paragraph_of(office);

	if (paragraph == NULL || office->phonetics > 0) {
		g_string_append_len(office->aside, text, (gssize)length);
		return;
	}
	text_line_put(paragraph, text, length, hidden || is_hidden(office));
}

static void
put_string(struct office_text *office, const char *text)
{
	put(office, text, strlen(text), false);
}

static void
open_paragraph(struct office_text *office)
{
	if (office->paragraphs_count == PARAGRAPHS_MAX)
		reader_refuse(READER_TOO_DEEP);
	text_line_begin(&office->paragraphs[office->paragraphs_count++]);
}

/* `end`: a character behind it, or NUL. */
static void
close_paragraph(struct office_text *office, char end)
{
	text_line_end(paragraph_of(office), end);
	if (--office->paragraphs_count == 0)
		flush_aside(office);
}

/* LibreOffice writes equal cells beside each other once, such as those with a digit each. */
static void
repeat_paragraph(struct office_text *office)
{
	const GString *text = paragraph_of(office)->wide;
	gulong left = MIN(office->same_rows * office->same_cells, (gulong)REPEATS_MAX);

	if (text->len == 0 || text->len > REPEATED_BYTES)
		return;
	while (left-- > 1) {
		text_out(text->str, text->len);
		text_out_line();
	}
}

/* OpenDocument has what was deleted before the text, and a mark where it was. */
static void
keep_removal(struct office_text *office)
{
	const GString *text = paragraph_of(office)->wide;

	if (office->is_removed && office->change != NULL && text->len <= REMOVED_BYTES)
		g_hash_table_insert(office->removals, g_strdup(office->change),
				    g_strndup(text->str, text->len));
}

/* Once: a mark that comes again is none. */
static void
put_removal(struct office_text *office, const char *change)
{
	const char *text = change == NULL ? NULL : g_hash_table_lookup(office->removals, change);

	if (text == NULL)
		return;
	put(office, text, strlen(text), true);
	g_hash_table_remove(office->removals, change);
}

static void
name_change(struct office_text *office, const char *name)
{
	g_free(office->change);
	office->change = g_strdup(name);
}

/* --- workbooks --- */

/* The length of a code in the head or foot of a page, such as "&L", "&12", "&\"Arial\"" and
 * "&K00FF00" (ECMA-376 Part 1 §18.3.1.46). */
static size_t
code_length(const char *code)
{
	if (code[1] == '"')
		return strcspn(code + 2, "\"") + 3;
	if (g_ascii_isdigit(code[1]))
		return 1 + strspn(code + 1, "0123456789");
	return code[1] == 'K' ? 8 : 2;
}

static void
close_page_edge(struct office_text *office)
{
	struct text_line *paragraph = paragraph_of(office);
	GString *text = paragraph->wide;
	gsize at = 0;

	while (at < text->len) {
		const char letter = text->str[at] == '&' ? text->str[at + 1] : '\0';

		if (letter == '\0' || letter == '&') {
			g_string_erase(text, (gssize)at, letter == '&');
			at++;
			continue;
		}
		g_string_erase(text, (gssize)at,
			       (gssize)MIN(code_length(text->str + at), text->len - at));
		if (letter == 'L' || letter == 'C' || letter == 'R')
			g_string_insert_c(text, (gssize)at++, '\n');
	}
	paragraph->differs = false;
	close_paragraph(office, '\n');
}

/* "_x0041_" in a string of a workbook stands for A (ECMA-376 Part 1 §22.9.2.19). Returns how many
 * bytes it has become. */
static size_t
put_escaped(char *out, const char *code)
{
	gunichar c = 0;

	for (int i = 2; i < 6; i++)
		c = c << 4 | (gunichar)g_ascii_xdigit_value(code[i]);
	return c != 0 && g_unichar_validate(c) ? (size_t)g_unichar_to_utf8(c, out) : 0;
}

static bool
is_escape(const char *text, size_t length)
{
	return length >= 7 && text[0] == '_' && text[1] == 'x' && g_ascii_isxdigit(text[2]) &&
	       g_ascii_isxdigit(text[3]) && g_ascii_isxdigit(text[4]) &&
	       g_ascii_isxdigit(text[5]) && text[6] == '_';
}

/* Returns the new length. */
static size_t
unescape(char *text, size_t length)
{
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		if (is_escape(text + at, length - at)) {
			char shown[6];
			const size_t bytes = put_escaped(shown, text + at);

			memcpy(text + used, shown, bytes);
			used += bytes;
			at += 7;
		} else {
			text[used++] = text[at++];
		}
	}
	return used;
}

static void
unescape_line(struct text_line *line)
{
	g_string_truncate(line->wide, unescape(line->wide->str, line->wide->len));
	g_string_truncate(line->narrow, unescape(line->narrow->str, line->narrow->len));
}

static void
close_string(struct office_text *office)
{
	struct text_line *paragraph = paragraph_of(office);
	struct office_strings *strings = office->strings;

	unescape_line(paragraph);
	if (office->fills_strings) {
		g_string_append_len(strings->text, paragraph->wide->str,
				    (gssize)paragraph->wide->len);
		g_array_append_val(strings->ends, strings->text->len);
		g_string_truncate(paragraph->wide, 0);
		paragraph->differs = false;
	}
	close_paragraph(office, '\n');
}

static void
show_string(struct office_strings *strings, gulong index)
{
	const gsize from = index == 0 ? 0 : g_array_index(strings->ends, gsize, index - 1),
		    to = g_array_index(strings->ends, gsize, index);

	text_out(strings->text->str + from, to - from);
	strings->shown[index] = true;
}

/* Whole numbers as they are shown, whichever way they are written: "7.561234567897E12". False: it
 * is shown as it is written. */
static bool
whole_number(const char *number, char whole_r[NUMBER_MAX])
{
	char *end;
	const double value = strtod(number, &end);

	if (end == number || *end != '\0' || strpbrk(number, "eE.") == NULL ||
	    fabs(value) >= WHOLE_MAX || value != trunc(value))
		return false;
	g_snprintf(whole_r, NUMBER_MAX, "%.0f", value);
	return true;
}

static void
show_number(const struct office_text *office)
{
	char whole[NUMBER_MAX];
	const char *shown = whole_number(office->number, whole) ? whole : office->number;

	text_out(shown, strlen(shown));
}

static void
open_cell(struct office_text *office, const char *const *attributes)
{
	office->cell = NUMBER;
	office->number_length = 0;
	if (office->has_cell)
		text_out("\t", 1);
	office->has_cell = true;
	for (; *attributes != NULL; attributes += 2)
		if (strcmp(attributes[0], "t") == 0)
			office->cell = strcmp(attributes[1], "s") == 0	 ? SHARED
				       : strcmp(attributes[1], "n") == 0 ? NUMBER
									 : LITERAL;
}

/* A text that is longer than a number was shown as it came. */
static void
close_value(struct office_text *office)
{
	const struct office_strings *strings = office->strings;
	gulong index;

	office->number[office->number_length] = '\0';
	index = strtoul(office->number, NULL, 10);
	if (office->cell == SHARED && strings->shown != NULL && index < strings->ends->len)
		show_string(office->strings, index);
	else if (office->cell == NUMBER)
		show_number(office);
	else if (office->cell == LITERAL)
		text_out(office->number, unescape(office->number, office->number_length));
	office->number_length = 0;
}

static void
put_value(struct office_text *office, const char *text, size_t length)
{
	if (office->number_length + length < sizeof office->number) {
		memcpy(office->number + office->number_length, text, length);
		office->number_length += length;
		return;
	}
	text_out(office->number, office->number_length);
	text_out(text, length);
	office->number_length = 0;
	office->cell = LITERAL;
}

/* --- elements --- */

static enum family
family_of(struct office_text *office, const char *name, size_t length)
{
	if (office->last_namespace != NULL && strncmp(office->last_namespace, name, length) == 0 &&
	    office->last_namespace[length] == '\0')
		return office->last_family;
	g_free(office->last_namespace);
	office->last_namespace = g_strndup(name, length);
	office->last_family = OTHER;
	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++)
		if (strcmp(namespaces[i].name, office->last_namespace) == 0)
			office->last_family = namespaces[i].family;
	return office->last_family;
}

/* Text in an element of ODF that is not named above belongs to the paragraph around it: spans,
 * links, fields. That of other elements stands aside. */
static enum effect
effect_of(struct office_text *office, const char *name)
{
	const char *space = strrchr(name, ' '), *local = space == NULL ? name : space + 1;
	const enum family family =
		space == NULL ? OTHER : family_of(office, name, (size_t)(space - name));
	const enum effect around = open_effect(office);

	for (size_t i = 0; family != OTHER && i < G_N_ELEMENTS(elements); i++)
		if (elements[i].family == family && elements[i].name[0] == *local &&
		    strcmp(elements[i].name, local) == 0)
			return elements[i].effect == TAB && around != RUN && family == WORD
				       ? NOTHING /* where a tab stops */
				       : elements[i].effect;
	if (family == TEXT)
		return around == FLOW || around == SPAN ? SPAN : ASIDE;
	return ASIDE;
}

static const char *
attribute(const char *const *attributes, const char *name)
{
	for (; *attributes != NULL; attributes += 2) {
		const char *space = strrchr(attributes[0], ' ');

		if (strcmp(space == NULL ? attributes[0] : space + 1, name) == 0)
			return attributes[1];
	}
	return NULL;
}

/* A property is on unless it says that it is off (ECMA-376 Part 1 §17.17.4). */
static bool
is_on(const char *const *attributes)
{
	const char *value = attribute(attributes, "val");

	return value == NULL || (strcmp(value, "0") != 0 && strcmp(value, "false") != 0 &&
				 strcmp(value, "off") != 0);
}

static void
put_spaces(struct office_text *office, const char *const *attributes)
{
	const char *count = attribute(attributes, "c");
	gulong left = count == NULL ? 1 : MIN(strtoul(count, NULL, 10), (gulong)SPACES_MAX);

	while (left-- > 0)
		put_string(office, " ");
}

/* A character by its number in a font of symbols; 0xf000 is added to it (§17.3.3.30). */
static void
put_symbol(struct office_text *office, const char *const *attributes)
{
	const char *code = attribute(attributes, "char");
	gunichar c = code == NULL ? 0 : (gunichar)strtoul(code, NULL, 16);
	char bytes[6];

	if (c >= 0xf020 && c <= 0xf0ff)
		c -= 0xf000;
	if (c >= 0x20 && g_unichar_validate(c))
		put(office, bytes, (size_t)g_unichar_to_utf8(c, bytes), false);
}

static void
put_aside(struct office_text *office, const char *text)
{
	if (text == NULL)
		return;
	begin_aside(office);
	g_string_append(office->aside, text);
	begin_aside(office);
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

/* Of a number, or a text. */
static void
put_value_aside(struct office_text *office, const char *value)
{
	char whole[NUMBER_MAX];

	put_aside(office, value != NULL && whole_number(value, whole) ? whole : value);
}

static void
put_cached(struct office_text *office, const char *const *attributes)
{
	const char *value = attribute(attributes, "v");
	g_autofree char *text = g_strdup(value);

	if (text != NULL)
		text[unescape(text, strlen(text))] = '\0';
	put_value_aside(office, text);
}

static void
put_attributes(struct office_text *office, const char *const *attributes)
{
	for (; *attributes != NULL; attributes += 2) {
		const char *space = strrchr(attributes[0], ' '),
			   *name = space == NULL ? attributes[0] : space + 1;
		const size_t length = strlen(attributes[1]);

		if ((length >= 4 && g_strv_contains(telling, name)) ||
		    has_number(name, attributes[1], length))
			put_value_aside(office, attributes[1]);
	}
}

/* At least one. */
static gulong
repeats(const char *const *attributes, const char *name)
{
	const char *count = attribute(attributes, name);

	return count == NULL ? 1 : MAX(MIN(strtoul(count, NULL, 10), (gulong)REPEATS_MAX), 1ul);
}

static void
open_element(struct office_text *office, enum effect effect, const char *const *attributes)
{
	switch (effect) {
	case PARAGRAPH:
	case PAGE_EDGE:
	case FLOW:
	case STRING:
	case CELL_STRING:
		open_paragraph(office);
		break;
	case ASIDE:
		begin_aside(office);
		break;
	case RUN:
		office->run_is_hidden = false;
		break;
	case HIDES_RUN:
		/* Within the properties of a run, not of a paragraph's mark or a style. */
		if (office->depth >= 2 && office->effects[office->depth - 2] == RUN)
			office->run_is_hidden |= is_on(attributes);
		break;
	case DELETION:
		office->deletions++;
		break;
	case PHONETIC:
		begin_aside(office);
		office->phonetics++;
		break;
	case TAB:
		put_string(office, "\t");
		break;
	case BREAK:
		put_string(office, "\n");
		break;
	case HYPHEN:
		put_string(office, "-");
		break;
	case SOFT_HYPHEN:
		put_string(office, "\xc2\xad");
		break;
	case SPACES:
		put_spaces(office, attributes);
		break;
	case SYMBOL:
		put_symbol(office, attributes);
		break;
	case CELL:
		open_cell(office, attributes);
		break;
	case NAMED:
		put_aside(office, attribute(attributes, "name"));
		break;
	case VARIABLE:
		put_aside(office, attribute(attributes, "val"));
		break;
	case ITEM:
		put_cached(office, attributes);
		break;
	case SAME_ROWS:
		begin_aside(office);
		office->same_rows = repeats(attributes, "number-rows-repeated");
		break;
	case SAME_CELLS:
		begin_aside(office);
		office->same_cells = repeats(attributes, "number-columns-repeated");
		break;
	case CHANGE:
		begin_aside(office);
		name_change(office, attribute(attributes, "id"));
		break;
	case REMOVAL:
		begin_aside(office);
		office->is_removed = true;
		break;
	case REMOVED:
		put_removal(office, attribute(attributes, "change-id"));
		break;
	case CIPHER:
		office->why = "is encrypted";
		break;
	default:
		break;
	}
}

/* What stands in the place of something else is not in the middle of it. */
static void
close_line(struct office_text *office)
{
	if (office->phonetics > 0)
		begin_aside(office);
	close_paragraph(office, '\n');
}

static void
close_element(struct office_text *office, enum effect effect)
{
	switch (effect) {
	case FLOW:
		repeat_paragraph(office);
		keep_removal(office);
		close_line(office);
		break;
	case PARAGRAPH:
		close_line(office);
		break;
	case CELL_STRING:
		unescape_line(paragraph_of(office));
		close_paragraph(office, '\0');
		break;
	case PAGE_EDGE:
		close_page_edge(office);
		break;
	case STRING:
		close_string(office);
		break;
	case CHANGE:
		name_change(office, NULL);
		begin_aside(office);
		break;
	case REMOVAL:
		office->is_removed = false;
		begin_aside(office);
		break;
	case SAME_ROWS:
		office->same_rows = 1;
		begin_aside(office);
		break;
	case SAME_CELLS:
		office->same_cells = 1;
		begin_aside(office);
		break;
	case ASIDE:
		begin_aside(office);
		break;
	case RUN:
		office->run_is_hidden = false;
		break;
	case DELETION:
		office->deletions--;
		break;
	case PHONETIC:
		office->phonetics--;
		begin_aside(office);
		break;
	case CELL_VALUE:
		close_value(office);
		break;
	case ROW:
		text_out_line();
		office->has_cell = false;
		break;
	default:
		break;
	}
}

/* --- what expat calls --- */

static void
on_start(void *context, const char *name, const char **attributes)
{
	struct office_text *office = context;
	const enum effect effect = effect_of(office, name);

	if (office->depth == DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	open_element(office, effect, (const char *const *)attributes);
	if (*attributes != NULL && effect != CELL)
		put_attributes(office, (const char *const *)attributes);
	office->effects[office->depth++] = (unsigned char)effect;
}

static void
on_end(void *context, const char *name)
{
	struct office_text *office = context;

	(void)name;
	close_element(office, office->effects[--office->depth]);
}

static bool
is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			return false;
	return true;
}

static void
on_text(void *context, const char *text, int length)
{
	struct office_text *office = context;
	const size_t bytes = (size_t)length;

	switch (open_effect(office)) {
	case SPAN:
	case FLOW:
	case PAGE_EDGE:
		put(office, text, bytes, false);
		break;
	case DELETED:
		put(office, text, bytes, true);
		break;
	case CELL_VALUE:
		put_value(office, text, bytes);
		break;
	case NOTHING:
		break;
	default:
		if (!is_blank(text, bytes))
			g_string_append_len(office->aside, text, length);
	}
}

/* An older OpenDocument package has a document type, without entities. */
static void
on_entity(void *context, const char *name, int is_parameter, const char *value, int length,
	  const char *base, const char *system, const char *public, const char *notation)
{
	struct office_text *office = context;

	(void)name, (void)is_parameter, (void)value, (void)length;
	(void)base, (void)system, (void)public, (void)notation;
	office->why = "has entities that some programs replace";
	XML_StopParser(office->parser, XML_FALSE);
}

static void *
reallocate(void *memory, size_t size)
{
	void *larger = reader_allocate(size);

	if (memory != NULL)
		memcpy(larger, memory, MIN(malloc_usable_size(memory), size));
	reader_release(memory);
	return larger;
}

/* A salt of its own would be read from a file. The kernel gives each program 16 random bytes. */
static void
salt(XML_Parser parser)
{
	const unsigned char *random = (const void *)getauxval(AT_RANDOM);
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 8
	XML_SetHashSalt16Bytes(parser, random);
#else
	unsigned long number;

	memcpy(&number, random, sizeof number);
	XML_SetHashSalt(parser, number | 1); /* 0 is none */
#endif
}

struct office_text *
office_text_new(struct office_strings *strings, bool fills_strings)
{
	static const XML_Memory_Handling_Suite memory = {reader_allocate, reallocate,
							 reader_release};
	struct office_text *office = g_new0(struct office_text, 1);

	office->strings = strings;
	office->fills_strings = fills_strings;
	office->aside = g_string_new(NULL);
	office->same_rows = office->same_cells = 1;
	office->removals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	office->parser = XML_ParserCreate_MM(NULL, &memory, " ");
	if (office->parser == NULL)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	salt(office->parser);
	XML_SetUserData(office->parser, office);
	XML_SetElementHandler(office->parser, on_start, on_end);
	XML_SetCharacterDataHandler(office->parser, on_text);
	XML_SetEntityDeclHandler(office->parser, on_entity);
	return office;
}

static bool
parse(struct office_text *office, const char *bytes, size_t length, bool is_end)
{
	if (office->why != NULL)
		return false;
	if (XML_Parse(office->parser, bytes, (int)length, is_end) != XML_STATUS_ERROR)
		return true;
	if (XML_GetErrorCode(office->parser) == XML_ERROR_NO_MEMORY)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	if (office->why == NULL)
		office->why = "is a damaged document";
	return false;
}

bool
office_text_step(struct office_text *office, const char *bytes, size_t length)
{
	return parse(office, bytes, length, false);
}

const char *
office_text_end(struct office_text *office)
{
	const char *why;

	parse(office, "", 0, true);
	while (office->paragraphs_count > 0)
		close_paragraph(office, '\n');
	flush_aside(office);
	text_out_line();
	why = office->why;
	for (unsigned i = 0; i < PARAGRAPHS_MAX; i++)
		text_line_clear(&office->paragraphs[i]);
	XML_ParserFree(office->parser);
	g_string_free(office->aside, TRUE);
	g_free(office->last_namespace);
	g_free(office->change);
	g_hash_table_unref(office->removals);
	g_free(office);
	return why;
}

void
office_strings_show_rest(struct office_strings *strings)
{
	const guint count = strings->ends->len;

	for (guint i = 0; i < count; i++)
		if (!strings->shown[i]) {
			show_string(strings, i);
			text_out_line();
		}
}
