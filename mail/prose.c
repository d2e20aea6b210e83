#include "mail/prose.h"

#include <string.h>

enum {
	LINES_MAX = 20000, /* what follows is shown as one */
	COLUMNS_MAX = 400, /* of a line, that are looked at */
	CELLS_MAX = 24,
	TAB_COLUMNS = 8,
	GAP_COLUMNS = 2, /* between cells */
};

/* --- lines --- */

/* A piece of a line that a gap, or the line's beginning, precedes. */
struct cell {
	guint begin, end; /* columns */
	bool ends_with_digit;
};

struct line {
	const char *begin, *end; /* without quote marks and line end */
	unsigned depth;
	bool is_blank, is_rule, is_columns;
};

struct cells {
	guint count;
	struct cell cells[CELLS_MAX];
	bool is_drawn;
};

/* "> > text", ">>text". */
static const char *
skip_marks(const char *at, const char *end, unsigned *depth_r)
{
	*depth_r = 0;
	while (at < end && *at == '>') {
		++*depth_r;
		at++;
		if (at + 1 < end && at[0] == ' ' && at[1] == '>')
			at++;
	}
	return *depth_r > 0 && at < end && *at == ' ' ? at + 1 : at;
}

/* Two blanks after a sentence are a habit of typists. */
static bool
is_gap(guint blanks, bool has_tab, char before)
{
	return has_tab || blanks > GAP_COLUMNS ||
	       (blanks == GAP_COLUMNS && strchr(".!?:", before) == NULL);
}

static bool
is_drawing(gunichar character)
{
	return character >= 0x2500 && character <= 0x259f; /* box drawing, block elements */
}

static void
add_cell(struct cells *cells, guint column)
{
	if (cells->count < CELLS_MAX)
		cells->cells[cells->count++] = (struct cell){.begin = column};
}

struct measuring {
	guint column, blanks; /* blanks: since the last letter */
	bool has_tab, is_begun;
	char before; /* the last letter; 0 if it is not ASCII */
};

static void
measure_blank(struct measuring *measuring, char blank)
{
	guint width = blank == '\t' ? TAB_COLUMNS - measuring->column % TAB_COLUMNS : 1;

	measuring->column += width;
	measuring->blanks += width;
	measuring->has_tab |= blank == '\t';
}

static void
measure_letter(struct cells *cells, struct measuring *measuring, gunichar letter)
{
	if (!measuring->is_begun || letter == '|' ||
	    is_gap(measuring->blanks, measuring->has_tab,
		   measuring->before == 0 ? 'x' : measuring->before))
		add_cell(cells, measuring->column);
	measuring->is_begun = true;
	measuring->blanks = 0;
	measuring->has_tab = false;
	measuring->before = letter < 0x80 ? (char)letter : 0;
	measuring->column += g_unichar_iszerowidth(letter) ? 0 : g_unichar_iswide(letter) ? 2 : 1;
	if (cells->count > 0) {
		cells->cells[cells->count - 1].end = measuring->column;
		cells->cells[cells->count - 1].ends_with_digit = g_unichar_isdigit(letter);
	}
	cells->is_drawn |= is_drawing(letter);
}

static void
measure(const struct line *line, struct cells *cells)
{
	struct measuring measuring = {0};

	cells->count = 0;
	cells->is_drawn = false;
	for (const char *at = line->begin; at < line->end && measuring.column < COLUMNS_MAX;
	     at = g_utf8_next_char(at)) {
		if (*at == ' ' || *at == '\t')
			measure_blank(&measuring, *at);
		else
			measure_letter(cells, &measuring, g_utf8_get_char(at));
	}
}

/* --- taking the text apart --- */

static bool
has_only(const struct line *line, const char *characters)
{
	return line->begin + strspn(line->begin, characters) >= line->end;
}

static GArray *
lines_of(const char *text)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(struct line));

	while (*text != '\0') {
		size_t length = lines->len < LINES_MAX ? strcspn(text, "\n") : strlen(text);
		struct line line = {.end = text + length};

		if (length > 0 && text[length - 1] == '\r')
			line.end--;
		line.begin = skip_marks(text, line.end, &line.depth);
		line.is_blank = has_only(&line, " \t\r");
		line.is_rule = !line.is_blank && has_only(&line, " \t\r-=_+|*~");
		g_array_append_val(lines, line);
		text += length + (text[length] == '\n');
	}
	return lines;
}

/* --- which lines line up --- */

/* Texts begin in the same column; numbers also end in the same one. What begins a line says
 * nothing. */
static bool
cells_line_up(const struct cell *one, const struct cell *other)
{
	return one->begin == other->begin ||
	       (one->end == other->end && one->ends_with_digit && other->ends_with_digit);
}

static bool
lines_up(const struct cells *one, const struct cells *other)
{
	for (guint i = 1; i < one->count; i++)
		for (guint j = 1; j < other->count; j++)
			if (cells_line_up(&one->cells[i], &other->cells[j]))
				return true;
	return false;
}

static struct line *
line_at(const GArray *lines, guint number)
{
	return &g_array_index(lines, struct line, number);
}

/* One empty line may stand between two that line up, and rules. */
static void
find_columns(GArray *lines)
{
	struct cells cells[2];
	struct line *last = NULL;
	guint blank = 0, turn = 0;

	for (guint i = 0; i < lines->len; i++) {
		struct line *line = line_at(lines, i);

		if (line->is_blank || line->is_rule) {
			blank += line->is_blank;
			continue;
		}
		measure(line, &cells[turn]);
		line->is_columns |= cells[turn].is_drawn;
		if (last != NULL && blank <= 1 && last->depth == line->depth &&
		    lines_up(&cells[1 - turn], &cells[turn]))
			last->is_columns = line->is_columns = true;
		last = line;
		turn = 1 - turn;
		blank = 0;
	}
}

/* A row of one cell, or a rule, is part of the table around it. */
static bool
is_enclosed(const GArray *lines, guint i)
{
	const struct line *line = line_at(lines, i);
	bool after = i > 0 && line_at(lines, i - 1)->is_columns &&
		     line_at(lines, i - 1)->depth == line->depth;
	bool before = i + 1 < lines->len && line_at(lines, i + 1)->is_columns &&
		      line_at(lines, i + 1)->depth == line->depth;

	return (after && before) || (line->is_rule && (after || before));
}

static void
enclose(GArray *lines)
{
	g_autofree bool *enclosed = g_new0(bool, lines->len + 1);

	for (guint i = 0; i < lines->len; i++)
		enclosed[i] = is_enclosed(lines, i);
	for (guint i = 0; i < lines->len; i++)
		line_at(lines, i)->is_columns |= enclosed[i];
}

/* --- blocks --- */

static void
block_free(void *data)
{
	struct prose_block *block = data;

	g_free(block->text);
	g_free(block);
}

static bool
goes_on(const GPtrArray *blocks, const struct line *last, const struct line *line)
{
	return last != NULL && (blocks->len >= PROSE_BLOCKS_MAX ||
				(last->depth == line->depth &&
				 (line->is_blank || last->is_columns == line->is_columns)));
}

/* Without the empty lines at its end. */
static void
end_block(GString *text, GPtrArray *blocks)
{
	struct prose_block *block;

	while (text->len > 0 && text->str[text->len - 1] == '\n')
		g_string_truncate(text, text->len - 1);
	if (blocks->len > 0) {
		block = g_ptr_array_index(blocks, blocks->len - 1);
		block->text = g_strdup(text->str);
	}
	g_string_truncate(text, 0);
}

GPtrArray *
prose_blocks(const char *text)
{
	g_autoptr(GArray) lines = lines_of(text);
	g_autoptr(GString) own = g_string_new(NULL);
	GPtrArray *blocks = g_ptr_array_new_with_free_func(block_free);
	const struct line *last = NULL; /* the last one that is not blank */

	find_columns(lines);
	enclose(lines);
	for (guint i = 0; i < lines->len; i++) {
		const struct line *line = line_at(lines, i);

		if (line->is_blank && (last == NULL || last->depth != line->depth))
			continue;
		if (!goes_on(blocks, last, line)) {
			struct prose_block *block = g_new0(struct prose_block, 1);

			end_block(own, blocks);
			block->depth = MIN(line->depth, (unsigned)PROSE_DEPTH_MAX);
			block->is_columns = line->is_columns;
			g_ptr_array_add(blocks, block);
		}
		g_string_append_len(own, line->begin, line->end - line->begin);
		g_string_append_c(own, '\n');
		last = line->is_blank ? last : line;
	}
	end_block(own, blocks);
	return blocks;
}

/* --- links --- */

static bool
is_word(gunichar character)
{
	return g_unichar_isalnum(character) || character == '_';
}

static bool
begins_word(const char *text, const char *at)
{
	return at == text || !is_word(g_utf8_get_char(g_utf8_prev_char(at)));
}

/* RFC 3986 Appendix C: what encloses an address is no part of it. */
static bool
ends_link(gunichar character)
{
	static const gunichar marks[] = {'<',	 '>',	 '"',	 '\\',	 '^',	 '`',	 '{',
					 '}',	 '|',	 0x00ab, 0x00bb, 0x2018, 0x2019, 0x201c,
					 0x201d, 0x201e, 0x2039, 0x203a, 0x3001, 0x3002};

	if (g_unichar_isspace(character) || g_unichar_iscntrl(character) ||
	    g_unichar_type(character) == G_UNICODE_FORMAT)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (character == marks[i])
			return true;
	return false;
}

static bool
is_unbalanced(const char *begin, const char *end, char opening, char closing)
{
	int depth = 0;

	for (const char *at = begin; at < end; at++)
		depth += (*at == opening) - (*at == closing);
	return depth < 0;
}

/* The marks of the sentence around it are no part of it. */
static const char *
trim(const char *begin, const char *end)
{
	while (end > begin && (strchr(".,;:!?'*_~", end[-1]) != NULL ||
			       (end[-1] == ')' && is_unbalanced(begin, end, '(', ')')) ||
			       (end[-1] == ']' && is_unbalanced(begin, end, '[', ']'))))
		end--;
	return end;
}

static const char *
link_end(const char *begin)
{
	const char *end = begin;

	while (*end != '\0' && !ends_link(g_utf8_get_char(end)))
		end = g_utf8_next_char(end);
	return trim(begin, end);
}

/* What precedes the name of the host; 0: nothing does. */
static size_t
scheme_length(const char *at)
{
	static const char *const schemes[] = {"https://", "http://", "www."};

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(at, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	return 0;
}

/* "www." alone, or a host without a letter, is no address; a name before an @ is the oldest trick
 * to show another host than the one that is asked. */
static bool
has_host(const char *host, const char *end)
{
	size_t length = strcspn(host, "/?#");
	g_autofree char *name = g_strndup(host, MIN(length, (size_t)(end - host)));

	return is_word(g_utf8_get_char(name)) && strchr(name, '@') == NULL;
}

bool
prose_link(const char *text, const char **begin_r, const char **end_r, char **url_r)
{
	for (const char *at = text; (at = strpbrk(at, "hHwW")) != NULL; at++) {
		size_t scheme = scheme_length(at);
		const char *end;
		g_autofree char *shown = NULL;

		if (scheme == 0 || !begins_word(text, at))
			continue;
		end = link_end(at);
		if (end <= at + scheme || !has_host(at + scheme, end))
			continue;
		shown = g_strndup(at, (gsize)(end - at));
		*begin_r = at;
		*end_r = end;
		*url_r = g_strconcat(g_ascii_strncasecmp(at, "www.", 4) == 0 ? "https://" : "",
				     shown, NULL);
		return true;
	}
	return false;
}
