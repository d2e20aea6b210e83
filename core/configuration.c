#include "core/configuration.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/scan.h"

enum {
	SHOWN_MAX = 60,
	DIGITS_MAX = 18,
	FILE_MAX_BYTES = 64 << 20,
	FILES_MAX = 500,
	DEPTH_MAX = 8 /* of files that include files */
};

int scanner_lex_init_extra(struct scan *extra, void **scanner);
void *scanner__scan_bytes(const char *bytes, int length, void *scanner);
int scanner_lex(void *scanner);
int scanner_lex_destroy(void *scanner);

struct scan {
	const struct configuration_file *file;
	GPtrArray *lines;		 /* struct configuration_line */
	struct configuration_line *line; /* NULL: it is empty so far */
	struct place at, next;
	unsigned depth; /* of nested braces */
};

/* --- owning --- */

static void
token_clear(struct token *token)
{
	g_free(token->text);
}

static struct configuration_line *
line_new(void)
{
	struct configuration_line *line = g_new0(struct configuration_line, 1);

	line->tokens = g_array_new(FALSE, FALSE, sizeof(struct token));
	g_array_set_clear_func(line->tokens, (GDestroyNotify)token_clear);
	return line;
}

static void
line_free(struct configuration_line *line)
{
	if (line == NULL)
		return;
	g_array_unref(line->tokens);
	g_free(line);
}

static void
file_free(struct configuration_file *file)
{
	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

void
configuration_free(struct configuration *configuration)
{
	if (configuration == NULL)
		return;
	g_ptr_array_unref(configuration->lines);
	g_ptr_array_unref(configuration->files);
	g_free(configuration);
}

/* --- lines --- */

/* A line is a rule if its first word says so; if that word is misspelt, its other words decide. */
static bool
is_rule(const GArray *tokens)
{
	static const char *const first[] = {"table",	 "detect",  "rule", "match",
					    "otherwise", "receive", NULL};
	static const char *const later[] = {"deliver", "reject", NULL};

	for (guint i = 0; i < tokens->len; i++) {
		const struct token *token = &g_array_index(tokens, struct token, i);

		if (token->kind == TOKEN_WORD &&
		    g_strv_contains(i == 0 ? first : later, token->text))
			return true;
	}
	return false;
}

static unsigned
count_characters(const char *text, size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* The position after the last token of the line. */
static struct place
place_behind(const struct scan *scan, const GArray *tokens)
{
	struct place place = g_array_index(tokens, struct token, tokens->len - 1).place;

	place.column += count_characters(scan->file->text + place.begin, place.end - place.begin);
	place.begin = place.end;
	return place;
}

static void
finish_line(struct scan *scan)
{
	struct token end = {.kind = TOKEN_END};

	scan->depth = 0;
	if (scan->line == NULL)
		return;
	end.place = place_behind(scan, scan->line->tokens);
	g_array_append_val(scan->line->tokens, end);
	scan->line->is_rule = is_rule(scan->line->tokens);
	scan->line = NULL;
}

void
scan_advance(struct scan *scan, const char *text, size_t length)
{
	scan->at = scan->next;
	scan->next.begin += length;
	scan->next.column += count_characters(text, length);
	scan->at.end = scan->next.begin;
}

void
scan_next_line(struct scan *scan, unsigned indent)
{
	scan->next.line++;
	scan->next.column = 1 + indent;
}

void
scan_end_line(struct scan *scan)
{
	if (scan->depth == 0)
		finish_line(scan);
}

void
scan_end_file(struct scan *scan)
{
	scan->at = scan->next;
	finish_line(scan);
}

/* \" and \\ stand for a quote and a backslash; any other backslash is kept, for regular
 * expressions: "\\d" and "\d" both mean the expression \d, "\\\\" a backslash. */
static char *
unquoted(const char *text, size_t length)
{
	GString *plain = g_string_sized_new(length);

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length &&
		    (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++;
		g_string_append_c(plain, text[i]);
	}
	return g_string_free(plain, FALSE);
}

static void
put(struct scan *scan, struct token token)
{
	token.place = scan->at;
	if (scan->line == NULL) {
		scan->line = line_new();
		g_ptr_array_add(scan->lines, scan->line);
	}
	g_array_append_val(scan->line->tokens, token);
}

void
scan_broken(struct scan *scan, const char *found)
{
	put(scan, (struct token){.kind = TOKEN_BROKEN, .text = g_strdup(found)});
}

void
scan_add(struct scan *scan, enum token_kind kind, const char *text, size_t length)
{
	struct token token = {.kind = kind};

	/* Braces contain only texts: a word at the left margin begins a line, so a brace was not
	 * closed. */
	if (kind == TOKEN_WORD && scan->depth > 0 && scan->at.column == 1)
		finish_line(scan);
	if (kind == TOKEN_OPEN)
		scan->depth++;
	else if (kind == TOKEN_CLOSE && scan->depth > 0)
		scan->depth--;
	/* GLib's text functions rely on valid UTF-8, and a NUL would hide what follows it. */
	if (text != NULL && !g_utf8_validate_len(text, length, NULL))
		scan_broken(scan, "a byte that is not valid UTF-8");
	else if (kind == TOKEN_NUMBER && length > DIGITS_MAX)
		scan_broken(scan, "a number of more than 18 digits");
	else {
		if (kind == TOKEN_STRING)
			token.text = unquoted(text, length);
		else if (kind == TOKEN_NUMBER)
			token.number = g_ascii_strtoull(text, NULL, 10);
		else if (text != NULL)
			token.text = g_strndup(text, length);
		put(scan, token);
	}
}

/* --- files --- */

static struct configuration_file *
file_new(const char *path)
{
	struct configuration_file *file = g_new0(struct configuration_file, 1);

	file->path = g_strdup(path);
	return file;
}

static bool
fail(char **why_r, char *why)
{
	*why_r = why;
	return false;
}

/* The first file may be a pipe; those that are included are not, or a name in them could make each
 * program wait. *why_r: why it cannot be read; caller frees. */
static bool
file_read(struct configuration_file *file, bool is_first, char **why_r)
{
	g_autoptr(GError) error = NULL;

	if (!is_first && g_file_test(file->path, G_FILE_TEST_EXISTS) &&
	    !g_file_test(file->path, G_FILE_TEST_IS_REGULAR))
		return fail(why_r, g_strdup_printf("%s is not a regular file", file->path));
	if (!g_file_get_contents(file->path, &file->text, &file->length, &error))
		return fail(why_r, g_strdup(error->message));
	return file->length <= FILE_MAX_BYTES ||
	       fail(why_r, g_strdup_printf("%s is larger than 64 MiB", file->path));
}

/* Adds the lines of the file; returns the place after the last one. */
static struct place
scan_text(const struct configuration_file *file, GPtrArray *lines)
{
	struct scan scan = {
		.file = file, .lines = lines, .next = {.file = file, .line = 1, .column = 1}};
	void *scanner;

	scanner_lex_init_extra(&scan, &scanner);
	scanner__scan_bytes(file->text, (int)file->length, scanner);
	scanner_lex(scanner);
	scanner_lex_destroy(scanner);
	return scan.next;
}

char *
configuration_path(const struct place *place, const char *path)
{
	g_autofree char *directory = g_path_get_dirname(place->file->path);

	return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(directory, path, NULL);
}

/* --- files that are included --- */

struct reading {
	struct configuration *configuration;
	GPtrArray *errors;
	const struct configuration_file *open[DEPTH_MAX]; /* each includes the next one */
	unsigned depth;
};

static void add_lines(struct reading *reading, const struct configuration_file *file,
		      struct place *end_r);

static bool
is_open(const struct reading *reading, const char *path)
{
	for (unsigned i = 0; i < reading->depth; i++)
		if (strcmp(reading->open[i]->path, path) == 0)
			return true;
	return false;
}

static void
include_file(struct reading *reading, const struct place *place, const char *path)
{
	struct configuration_file *file;
	g_autofree char *why = NULL;
	struct place end;

	if (is_open(reading, path))
		configuration_complain(reading->errors, place, "found %s, which includes this file",
				       path);
	else if (reading->depth == DEPTH_MAX)
		configuration_complain(reading->errors, place,
				       "found include in a file that is included %d levels deep, "
				       "expected none there",
				       DEPTH_MAX - 1);
	else if (reading->configuration->files->len == FILES_MAX)
		configuration_complain(reading->errors, place,
				       "found more than %d files, expected fewer", FILES_MAX);
	else {
		file = file_new(path);
		g_ptr_array_add(reading->configuration->files, file);
		if (file_read(file, false, &why))
			add_lines(reading, file, &end);
		else
			configuration_complain(reading->errors, place, "including %s: %s", path,
					       why);
	}
}

/* A pattern need not match anything, so that a directory can be empty. */
static void
include_pattern(struct reading *reading, const struct place *place, const char *pattern)
{
	glob_t found = {0};
	int error = glob(pattern, GLOB_ERR, NULL, &found);

	if (error != 0 && error != GLOB_NOMATCH)
		configuration_complain(reading->errors, place, "including %s: %s", pattern,
				       error == GLOB_NOSPACE ? "out of memory" : strerror(errno));
	for (size_t i = 0; error == 0 && i < found.gl_pathc; i++)
		include_file(reading, place, found.gl_pathv[i]);
	globfree(&found);
}

static bool
is_include(const GArray *tokens)
{
	const struct token *first = &g_array_index(tokens, struct token, 0);

	return first->kind == TOKEN_WORD && strcmp(first->text, "include") == 0;
}

/* `include "rules"`; a path without a leading slash begins at the file that includes it. */
static void
include(struct reading *reading, const GArray *tokens)
{
	const struct token *what = &g_array_index(tokens, struct token, 1);
	const struct token *end = what->kind == TOKEN_STRING ? what + 1 : what;
	g_autofree char *path = NULL;

	if (what->kind != TOKEN_STRING || *what->text == '\0' || end->kind != TOKEN_END) {
		g_autofree char *found = configuration_show(end);

		configuration_complain(reading->errors, &end->place,
				       "found %s, expected include \"file\" and nothing else",
				       found);
		return;
	}
	path = configuration_path(&what->place, what->text);
	(strpbrk(path, "*?[") == NULL ? include_file : include_pattern)(reading, &what->place,
									path);
}

static void
add_lines(struct reading *reading, const struct configuration_file *file, struct place *end_r)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);

	*end_r = scan_text(file, lines);
	reading->open[reading->depth++] = file;
	for (guint i = 0; i < lines->len; i++) {
		struct configuration_line *line = g_ptr_array_index(lines, i);

		if (is_include(line->tokens)) {
			include(reading, line->tokens);
		} else {
			g_ptr_array_add(reading->configuration->lines, line);
			lines->pdata[i] = NULL;
		}
	}
	reading->depth--;
}

/* --- the whole configuration --- */

struct configuration *
configuration_read(const char *path, GPtrArray *errors)
{
	struct configuration_file *file = file_new(path);
	struct configuration *configuration = g_new0(struct configuration, 1);
	struct reading reading = {.configuration = configuration, .errors = errors};
	g_autofree char *why = NULL;

	configuration->files = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
	configuration->lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
	g_ptr_array_add(configuration->files, file);
	if (file_read(file, true, &why)) {
		add_lines(&reading, file, &configuration->end);
		return configuration;
	}
	g_ptr_array_add(
		errors,
		g_strdup_printf("reading the configuration: %s%s", why,
				access(path, F_OK) != 0 && errno == ENOENT
					? "; \"postseal setup\", run by root, writes a first one"
					: ""));
	configuration_free(configuration);
	return NULL;
}

void
configuration_complain(GPtrArray *complaints, const struct place *place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(complaints, g_strdup_printf("%s:%u:%u: %s", place->file->path, place->line,
						    place->column, text));
}

void
configuration_log(const GPtrArray *errors)
{
	for (guint i = 0; i < errors->len; i++)
		log_error("%s", (const char *)g_ptr_array_index(errors, i));
}

char *
configuration_show(const struct token *token)
{
	const char *text = token->place.file->text + token->place.begin;
	size_t length = token->place.end - token->place.begin;

	if (token->kind == TOKEN_END)
		return g_strdup("the end of the line");
	if (token->kind == TOKEN_BROKEN)
		return g_strdup(token->text);
	if (g_utf8_strlen(text, (gssize)length) <= SHOWN_MAX)
		return g_strndup(text, length);
	return g_strndup(text, (size_t)(g_utf8_offset_to_pointer(text, SHOWN_MAX) - text));
}

/* --- units --- */

enum unit
unit_find(const char *word, uint64_t *factor_r)
{
	static const struct {
		const char *word;
		enum unit unit;
		uint64_t factor;
	} units[] = {
		{"B", UNIT_BYTES, 1},
		{"kB", UNIT_BYTES, 1000},
		{"KB", UNIT_BYTES, 1000},
		{"MB", UNIT_BYTES, 1000000},
		{"GB", UNIT_BYTES, 1000000000},
		{"KiB", UNIT_BYTES, 1024},
		{"MiB", UNIT_BYTES, 1024 * 1024},
		{"GiB", UNIT_BYTES, 1024 * 1024 * 1024},
		{"second", UNIT_SECONDS, 1},
		{"seconds", UNIT_SECONDS, 1},
		{"minute", UNIT_SECONDS, 60},
		{"minutes", UNIT_SECONDS, 60},
		{"hour", UNIT_SECONDS, 3600},
		{"hours", UNIT_SECONDS, 3600},
		{"day", UNIT_SECONDS, 86400},
		{"days", UNIT_SECONDS, 86400},
		{"week", UNIT_SECONDS, 7 * 86400},
		{"weeks", UNIT_SECONDS, 7 * 86400},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (strcmp(units[i].word, word) == 0) {
			*factor_r = units[i].factor;
			return units[i].unit;
		}
	return UNIT_NONE;
}

bool
unit_multiply(uint64_t number, uint64_t factor, uint64_t *product_r)
{
	return !__builtin_mul_overflow(number, factor, product_r) && *product_r <= INT64_MAX;
}
