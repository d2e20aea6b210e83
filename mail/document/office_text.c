#include "mail/document/office_text.h"

#include <expat.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/reader/serve.h"
#include "mail/document/office_elements.h"
#include "mail/document/text_out.h"
#include "mail/document/workbook_text.h"

enum {
	DEPTH_MAX = 512,     /* of elements */
	PARAGRAPHS_MAX = 32, /* within each other: text boxes, notes */
	ASIDE_BYTES = 64 * 1024,
	SPACES_MAX = 1000,
	REPEATS_MAX = 16, /* of a cell with as much as a piece of a number */
	REPEATED_BYTES = 8,
	REMOVED_BYTES = 64, /* of a deletion that may be a piece of a number */
};

/* --- the state --- */

struct office_text {
	XML_Parser parser;
	struct office_strings *strings;
	bool fills_strings;
	const char *why; /* what hides the text, or NULL */
	unsigned depth;
	unsigned char effects[DEPTH_MAX]; /* enum office_effect: of the open elements */
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
	char number[WORKBOOK_NUMBER_MAX];
	size_t number_length;
	GString *aside;
	struct office_names *names;
};

static struct text_line *
paragraph_of(struct office_text *office)
{
	return office->paragraphs_count == 0 ? NULL
					     : &office->paragraphs[office->paragraphs_count - 1];
}

static enum office_effect
open_effect(const struct office_text *office)
{
	return office->depth == 0 ? OFFICE_ASIDE : office->effects[office->depth - 1];
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

static void
close_page_edge(struct office_text *office)
{
	struct text_line *paragraph = paragraph_of(office);

	workbook_clear_page_edge(paragraph->wide);
	paragraph->differs = false;
	close_paragraph(office, '\n');
}

static void
unescape_line(struct text_line *line)
{
	g_string_truncate(line->wide, workbook_unescape(line->wide->str, line->wide->len));
	g_string_truncate(line->narrow, workbook_unescape(line->narrow->str, line->narrow->len));
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

static void
show_number(const struct office_text *office)
{
	char whole[WORKBOOK_NUMBER_MAX];
	const char *shown = workbook_whole_number(office->number, whole) ? whole : office->number;

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
		text_out(office->number, workbook_unescape(office->number, office->number_length));
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

/* Of a number, or a text. */
static void
put_value_aside(struct office_text *office, const char *value)
{
	char whole[WORKBOOK_NUMBER_MAX];

	put_aside(office, value != NULL && workbook_whole_number(value, whole) ? whole : value);
}

static void
put_cached(struct office_text *office, const char *const *attributes)
{
	const char *value = attribute(attributes, "v");
	g_autofree char *text = g_strdup(value);

	if (text != NULL)
		text[workbook_unescape(text, strlen(text))] = '\0';
	put_value_aside(office, text);
}

static void
put_attributes(struct office_text *office, const char *const *attributes)
{
	for (; *attributes != NULL; attributes += 2)
		if (office_attribute_tells(attributes[0], attributes[1]))
			put_value_aside(office, attributes[1]);
}

/* At least one. */
static gulong
repeats(const char *const *attributes, const char *name)
{
	const char *count = attribute(attributes, name);

	return count == NULL ? 1 : MAX(MIN(strtoul(count, NULL, 10), (gulong)REPEATS_MAX), 1ul);
}

static void
open_element(struct office_text *office, enum office_effect effect, const char *const *attributes)
{
	switch (effect) {
	case OFFICE_PARAGRAPH:
	case OFFICE_PAGE_EDGE:
	case OFFICE_FLOW:
	case OFFICE_STRING:
	case OFFICE_CELL_STRING:
		open_paragraph(office);
		break;
	case OFFICE_ASIDE:
		begin_aside(office);
		break;
	case OFFICE_RUN:
		office->run_is_hidden = false;
		break;
	case OFFICE_HIDES_RUN:
		/* Within the properties of a run, not of a paragraph's mark or a style. */
		if (office->depth >= 2 && office->effects[office->depth - 2] == OFFICE_RUN)
			office->run_is_hidden |= is_on(attributes);
		break;
	case OFFICE_DELETION:
		office->deletions++;
		break;
	case OFFICE_PHONETIC:
		begin_aside(office);
		office->phonetics++;
		break;
	case OFFICE_TAB:
		put_string(office, "\t");
		break;
	case OFFICE_BREAK:
		put_string(office, "\n");
		break;
	case OFFICE_HYPHEN:
		put_string(office, "-");
		break;
	case OFFICE_SOFT_HYPHEN:
		put_string(office, "\xc2\xad");
		break;
	case OFFICE_SPACES:
		put_spaces(office, attributes);
		break;
	case OFFICE_SYMBOL:
		put_symbol(office, attributes);
		break;
	case OFFICE_CELL:
		open_cell(office, attributes);
		break;
	case OFFICE_NAMED:
		put_aside(office, attribute(attributes, "name"));
		break;
	case OFFICE_VARIABLE:
		put_aside(office, attribute(attributes, "val"));
		break;
	case OFFICE_ITEM:
		put_cached(office, attributes);
		break;
	case OFFICE_SAME_ROWS:
		begin_aside(office);
		office->same_rows = repeats(attributes, "number-rows-repeated");
		break;
	case OFFICE_SAME_CELLS:
		begin_aside(office);
		office->same_cells = repeats(attributes, "number-columns-repeated");
		break;
	case OFFICE_CHANGE:
		begin_aside(office);
		name_change(office, attribute(attributes, "id"));
		break;
	case OFFICE_REMOVAL:
		begin_aside(office);
		office->is_removed = true;
		break;
	case OFFICE_REMOVED:
		put_removal(office, attribute(attributes, "change-id"));
		break;
	case OFFICE_CIPHER:
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
close_element(struct office_text *office, enum office_effect effect)
{
	switch (effect) {
	case OFFICE_FLOW:
		repeat_paragraph(office);
		keep_removal(office);
		close_line(office);
		break;
	case OFFICE_PARAGRAPH:
		close_line(office);
		break;
	case OFFICE_CELL_STRING:
		unescape_line(paragraph_of(office));
		close_paragraph(office, '\0');
		break;
	case OFFICE_PAGE_EDGE:
		close_page_edge(office);
		break;
	case OFFICE_STRING:
		close_string(office);
		break;
	case OFFICE_CHANGE:
		name_change(office, NULL);
		begin_aside(office);
		break;
	case OFFICE_REMOVAL:
		office->is_removed = false;
		begin_aside(office);
		break;
	case OFFICE_SAME_ROWS:
		office->same_rows = 1;
		begin_aside(office);
		break;
	case OFFICE_SAME_CELLS:
		office->same_cells = 1;
		begin_aside(office);
		break;
	case OFFICE_ASIDE:
		begin_aside(office);
		break;
	case OFFICE_RUN:
		office->run_is_hidden = false;
		break;
	case OFFICE_DELETION:
		office->deletions--;
		break;
	case OFFICE_PHONETIC:
		office->phonetics--;
		begin_aside(office);
		break;
	case OFFICE_CELL_VALUE:
		close_value(office);
		break;
	case OFFICE_ROW:
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
	const enum office_effect effect =
		office_names_effect(office->names, name, open_effect(office));

	if (office->depth == DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	open_element(office, effect, (const char *const *)attributes);
	if (*attributes != NULL && effect != OFFICE_CELL)
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
	case OFFICE_SPAN:
	case OFFICE_FLOW:
	case OFFICE_PAGE_EDGE:
		put(office, text, bytes, false);
		break;
	case OFFICE_DELETED:
		put(office, text, bytes, true);
		break;
	case OFFICE_CELL_VALUE:
		put_value(office, text, bytes);
		break;
	case OFFICE_NOTHING:
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
	office->names = office_names_new();
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
	office_names_free(office->names);
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
