#include "policy/parser.h"

#include <stdarg.h>
#include <string.h>

int policy_parse(struct parser *parser);

/* --- a line --- */

#define DEFINE_COMPLAINT(function, list)                                                           \
	void function(struct parser *parser, const struct place *place, const char *format, ...)   \
	{                                                                                          \
		g_autofree char *text = NULL;                                                      \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		text = g_strdup_vprintf(format, args);                                             \
		va_end(args);                                                                      \
		configuration_complain(parser->list, place, "%s", text);                           \
	}

DEFINE_COMPLAINT(parser_error, errors)
DEFINE_COMPLAINT(parser_warn, warnings)

void
parser_line(struct parser *parser, const struct configuration_line *line)
{
	guint before = parser->uses->len, detector_uses = parser->detector_uses->len;

	parser->line = line;
	parser->next = 0;
	if (policy_parse(parser) == 0)
		return;
	/* The grammar has freed the conditions of the line; only the names of their tables and
	 * detectors are still checked. */
	for (guint i = before; i < parser->uses->len; i++) {
		struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		use->condition = NULL;
		use->hold = NULL;
	}
	for (guint i = detector_uses; i < parser->detector_uses->len; i++)
		g_array_index(parser->detector_uses, struct detector_use, i).condition = NULL;
}

char *
parser_found(const struct parser *parser, const struct place *place)
{
	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin == place->begin)
			return configuration_show(token);
	}
	return g_strdup("the end of the line");
}

/* Part of the line as a single line of text, without comments. */
char *
parser_source_text(const struct parser *parser, const struct place *place)
{
	const char *source = place->file->text;
	GString *text = g_string_new(NULL);
	size_t last = place->begin;

	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin < place->begin || token->place.end > place->end)
			continue;
		if (token->place.begin > last)
			g_string_append_c(text, ' ');
		last = token->place.end;
		g_string_append_len(text, source + token->place.begin,
				    (gssize)(last - token->place.begin));
	}
	return g_strstrip(g_string_free(text, FALSE));
}

/* --- what the grammar finds --- */

uint64_t
parser_product(struct parser *parser, const struct place *place, uint64_t number, uint64_t factor)
{
	uint64_t product = 0;

	if (!unit_multiply(number, factor, &product))
		parser_error(parser, place,
			     "found a number that is too large, expected a smaller one");
	return product;
}

enum { EXPIRE_DAYS_MAX = 3660, DAY_SECONDS = 86400 };

uint64_t
parser_expire(struct parser *parser, const struct place *place, uint64_t seconds)
{
	if (seconds == 0 || seconds > (uint64_t)EXPIRE_DAYS_MAX * DAY_SECONDS)
		parser_error(parser, place,
			     "found a time that is out of range, expected 1 second to %d days",
			     EXPIRE_DAYS_MAX);
	return seconds;
}

char *
parser_sentence(struct parser *parser, const struct place *place, char *text)
{
	if (*text == '\0')
		parser_error(parser, place,
			     "found an empty text, expected the sentence that the sender is told");
	return text;
}
