#include "admin/report.h"

#include <stdlib.h>
#include <string.h>

/* PostgreSQL's types (pg_type.dat). */
enum {
	BOOLOID = 16,
	INT8OID = 20,
	INT2OID = 21,
	INT4OID = 23,
	JSONOID = 114,
	TIMESTAMPTZOID = 1184,
	JSONBOID = 3802
};

json_t *
report_text(const char *text)
{
	g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid(text, -1);

	return valid == NULL ? json_null() : json_string(valid);
}

/* Converts PostgreSQL's form of a time in UTC, "2026-11-26 17:21:38.5+00", to ISO 8601. */
static json_t *
time_of(const char *text)
{
	g_autoptr(GString) time = g_string_new(text);
	char *blank = strchr(time->str, ' ');

	if (blank != NULL && g_str_has_suffix(time->str, "+00")) {
		*blank = 'T';
		g_string_truncate(time, time->len - strlen("+00"));
		g_string_append_c(time, 'Z');
	}
	return json_string(time->str);
}

static json_t *
value_of(const PGresult *result, int row, int column)
{
	const char *text = PQgetvalue(result, row, column);

	if (PQgetisnull(result, row, column))
		return json_null();
	switch (PQftype(result, column)) {
	case BOOLOID:
		return json_boolean(*text == 't');
	case INT2OID:
	case INT4OID:
	case INT8OID:
		return json_integer(g_ascii_strtoll(text, NULL, 10));
	case TIMESTAMPTZOID:
		return time_of(text);
	case JSONOID:
	case JSONBOID:
		return json_loads(text, JSON_DECODE_ANY, NULL);
	default:
		return report_text(text);
	}
}

json_t *
report_of(const PGresult *result)
{
	json_t *rows = json_array();

	for (int row = 0; row < PQntuples(result); row++) {
		json_t *object = json_object();

		for (int column = 0; column < PQnfields(result); column++)
			json_object_set_new(object, PQfname(result, column),
					    value_of(result, row, column));
		json_array_append_new(rows, object);
	}
	return rows;
}

/* --- as text --- */

/* Control characters of ASCII and ISO 6429, line ends, and characters that change the direction of
 * text. */
static bool
is_obeyed(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return true;
	default:
		return false;
	}
}

char *
report_shown(const char *text)
{
	GString *shown = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (is_obeyed(c))
			g_string_append_printf(shown, "\\u%04x", c);
		else
			g_string_append_unichar(shown, c);
	}
	return g_string_free(shown, FALSE);
}

static char *cell(const json_t *value);

static char *
cells(const json_t *list)
{
	GString *text = g_string_new(json_array_size(list) == 0 ? "-" : NULL);
	const json_t *each;
	size_t i;

	json_array_foreach((json_t *)list, i, each)
	{
		g_autofree char *one = cell(each);

		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", one);
	}
	return g_string_free(text, FALSE);
}

static char *
cell(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return *json_string_value(value) == '\0' ? g_strdup("-")
							 : report_shown(json_string_value(value));
	case JSON_INTEGER:
		return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_TRUE:
		return g_strdup("yes");
	case JSON_FALSE:
		return g_strdup("no");
	case JSON_ARRAY:
		return cells(value);
	default:
		return g_strdup("-");
	}
}

/* "offered_at", as people would write it. */
static char *
title(const char *key)
{
	return g_strdelimit(g_strdup(key), "_", ' ');
}

/* How many columns it takes on a terminal. */
static size_t
width(const char *text)
{
	size_t columns = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return columns;
}

/* The keys of all rows, each once, in order of appearance. */
static GPtrArray *
keys_of(const json_t *rows)
{
	GPtrArray *keys = g_ptr_array_new();
	const json_t *row;
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) json_object_foreach((json_t *)row, key, value)
	{
		(void)value;
		if (!g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL))
			g_ptr_array_add(keys, (void *)key);
	}
	return keys;
}

/* A column: its title, followed by a cell for each row. */
static GPtrArray *
column_of(const json_t *rows, const char *key, size_t *width_r)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
	const json_t *row;
	size_t i;

	g_ptr_array_add(texts, title(key));
	json_array_foreach((json_t *)rows, i, row)
	{
		const json_t *value = json_object_get(row, key);

		g_ptr_array_add(texts, value == NULL ? g_strdup("-") : cell(value));
	}
	*width_r = 0;
	for (guint t = 0; t < texts->len; t++)
		*width_r = MAX(*width_r, width(g_ptr_array_index(texts, t)));
	return texts;
}

static void
print_table(FILE *file, const json_t *rows, const char *indent)
{
	g_autoptr(GPtrArray) keys = keys_of(rows);
	g_autoptr(GPtrArray) columns =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_autofree size_t *widths = g_new(size_t, keys->len);

	for (guint k = 0; k < keys->len; k++)
		g_ptr_array_add(columns, column_of(rows, g_ptr_array_index(keys, k), &widths[k]));
	for (size_t line = 0; keys->len > 0 && line <= json_array_size(rows); line++) {
		fputs(indent, file);
		for (guint k = 0; k < keys->len; k++) {
			const GPtrArray *column = g_ptr_array_index(columns, k);
			const char *text = g_ptr_array_index(column, line);

			fputs(text, file);
			if (k + 1 < keys->len)
				fprintf(file, "%*s", (int)(widths[k] - width(text) + 2), "");
		}
		fputc('\n', file);
	}
}

void
report_table(FILE *file, const json_t *rows)
{
	print_table(file, rows, "");
}

void
report_lines(FILE *file, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
	{
		g_autofree char *line = cell(json_object_get(row, "text"));

		fprintf(file, "%s\n", line);
	}
}

/* Rows within a row. */
static bool
is_rows(const json_t *value)
{
	return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void
print_record(FILE *file, const json_t *row)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)row, key, value)
	{
		g_autofree char *name = title(key);
		g_autofree char *text = cell(value);

		if (is_rows(value)) {
			fprintf(file, "%s\n", name);
			print_table(file, value, "  ");
		} else if (!json_is_null(value) && !json_is_object(value)) {
			fprintf(file, "%-16s %s\n", name, text);
		}
	}
}

void
report_records(FILE *file, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
	{
		if (i > 0)
			fputc('\n', file);
		print_record(file, row);
	}
}

/* Jansson leaves DELETE unescaped, which RFC 8259 §7 allows; it occurs only in strings. */
static void
print_json(FILE *file, const json_t *rows)
{
	char *text = json_dumps(rows, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	for (const char *at = text; *at != '\0'; at++)
		if (*at == 0x7f)
			fputs("\\u007f", file);
		else
			fputc(*at, file);
	fputc('\n', file);
	free(text);
}

void
report_print(const json_t *rows, bool as_json, report_form *form)
{
	if (!as_json) {
		form(stdout, rows);
		return;
	}
	print_json(stdout, rows);
}
