#include "core/configuration.h"

#include <stdarg.h>
#include <string.h>

#include "core/log.h"
#include "core/scan.h"

enum { SHOWN_MAX = 60, DIGITS_MAX = 18, FILE_MAX_BYTES = 64 << 20 };

int scanner_lex_init_extra(struct scan *extra, void **scanner);
void *scanner__scan_bytes(const char *bytes, int length, void *scanner);
int scanner_lex(void *scanner);
int scanner_lex_destroy(void *scanner);

struct scan {
	struct configuration *configuration;
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
	g_array_unref(line->tokens);
	g_free(line);
}

void
configuration_free(struct configuration *configuration)
{
	if (configuration == NULL)
		return;
	g_ptr_array_unref(configuration->lines);
	g_free(configuration->path);
	g_free(configuration->text);
	g_free(configuration);
}

/* --- lines --- */

/* A line is a rule if its first word says so; if that word is misspelt, its other words decide. */
static bool
is_rule(const GArray *tokens)
{
	static const char *const first[] = {"table", "rule", "match", "otherwise", "receive", NULL};
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

	place.column +=
		count_characters(scan->configuration->text + place.begin, place.end - place.begin);
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
	scan->configuration->end = scan->next;
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
		g_ptr_array_add(scan->configuration->lines, scan->line);
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

/* --- the whole file --- */

static void
scan_text(struct configuration *configuration)
{
	struct scan scan = {.configuration = configuration, .next = {.line = 1, .column = 1}};
	void *scanner;

	scanner_lex_init_extra(&scan, &scanner);
	scanner__scan_bytes(configuration->text, (int)configuration->length, scanner);
	scanner_lex(scanner);
	scanner_lex_destroy(scanner);
}

struct configuration *
configuration_read(const char *path, GPtrArray *errors)
{
	struct configuration *configuration;
	g_autoptr(GError) error = NULL;
	char *text;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, &error)) {
		g_ptr_array_add(
			errors,
			g_strdup_printf(
				"reading the configuration: %s%s", error->message,
				g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
					? "; \"postseal setup\", run by root, writes a first one"
					: ""));
		return NULL;
	}
	if (length > FILE_MAX_BYTES) {
		g_ptr_array_add(
			errors,
			g_strdup_printf("reading the configuration: %s is larger than 64 MiB",
					path));
		g_free(text);
		return NULL;
	}
	configuration = g_new0(struct configuration, 1);
	configuration->path = g_strdup(path);
	configuration->text = text;
	configuration->length = length;
	configuration->lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
	scan_text(configuration);
	return configuration;
}

void
configuration_complain(const struct configuration *configuration, GPtrArray *complaints,
		       const struct place *place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(complaints, g_strdup_printf("%s:%u:%u: %s", configuration->path,
						    place->line, place->column, text));
}

void
configuration_log(const GPtrArray *errors)
{
	for (guint i = 0; i < errors->len; i++)
		log_error("%s", (const char *)g_ptr_array_index(errors, i));
}

char *
configuration_show(const struct configuration *configuration, const struct token *token)
{
	const char *text = configuration->text + token->place.begin;
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
