#include "admin/expectation.h"

#include <stddef.h>
#include <string.h>

#include "delivery/method.h"

/* The words that are followed by a text. */
static const struct {
	const char *word;
	size_t offset;
} texts[] = {
#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct expectation, name)                                          \
	}
	FIELD(from), FIELD(user),    FIELD(client), FIELD(time),
	FIELD(file), FIELD(subject), FIELD(text),   FIELD(by),
#undef FIELD
};

struct cursor {
	struct expectation *expectation;
	const struct token *at;
	GPtrArray *errors;
};

static bool
expect(const struct cursor *cursor, const char *expected)
{
	g_autofree char *found = configuration_show(cursor->at);

	configuration_complain(cursor->errors, &cursor->at->place, "found %s, expected %s", found,
			       expected);
	return false;
}

static bool
is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && strcmp(token->text, word) == 0;
}

static bool
take_text(struct cursor *cursor, const char **text_r)
{
	if (cursor->at->kind != TOKEN_STRING)
		return expect(cursor, "a text in quotes");
	*text_r = cursor->at->text;
	cursor->at++;
	return true;
}

/* `"a@x.example"`, or `{ "a@x.example" "b@x.example" }` */
static bool
read_texts(struct cursor *cursor, GPtrArray *read)
{
	const bool is_list = cursor->at->kind == TOKEN_OPEN;

	cursor->at += is_list;
	do {
		const char *text;

		if (!take_text(cursor, &text))
			return false;
		g_ptr_array_add(read, (gpointer)text);
		if (is_list && cursor->at->kind == TOKEN_COMMA)
			cursor->at++;
	} while (is_list && cursor->at->kind == TOKEN_STRING);
	if (is_list && cursor->at->kind != TOKEN_CLOSE)
		return expect(cursor, "another text in quotes or a closing brace");
	cursor->at += is_list;
	return true;
}

static bool
is_outcome(const struct token *token)
{
	static const char *const without_method[] = {"reject", "refuse", "hold", "wait"};
	bool is = false;

	for (size_t i = 0; i < G_N_ELEMENTS(without_method); i++)
		is = is || is_word(token, without_method[i]);

	for (const struct policy_method *m = methods_for_policy(); m->name != NULL; m++)
		is = is || is_word(token, m->name);
	return is;
}

/* `gives smime, pickup`, `gives only smime`, `gives reject` */
static bool
read_outcome(struct cursor *cursor)
{
	struct expectation *expectation = cursor->expectation;

	expectation->is_exact = is_word(cursor->at, "only");
	cursor->at += expectation->is_exact;
	for (bool more = true; more; cursor->at += more) {
		if (!is_outcome(cursor->at))
			return expect(cursor,
				      "a method such as smime or pickup, reject, refuse, hold or "
				      "wait");
		g_ptr_array_add(expectation->gives, cursor->at->text);
		cursor->at++;
		more = cursor->at->kind == TOKEN_COMMA;
	}
	return true;
}

static bool
read_part(struct cursor *cursor)
{
	const struct token *word = cursor->at;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char **text = (const char **)((char *)cursor->expectation + texts[i].offset);

		if (!is_word(word, texts[i].word))
			continue;
		if (*text != NULL)
			return expect(cursor, "it once");
		cursor->at++;
		return take_text(cursor, text);
	}
	if (is_word(word, "to")) {
		cursor->at++;
		return read_texts(cursor, cursor->expectation->to);
	}
	if (is_word(word, "gives") && cursor->expectation->gives->len == 0) {
		cursor->at++;
		return read_outcome(cursor);
	}
	if (is_word(word, "portal") && !cursor->expectation->is_portal) {
		cursor->at++;
		cursor->expectation->is_portal = true;
		return true;
	}
	return expect(cursor, "from, to, user, client, time, portal, file, subject, text, gives, "
			      "by or the end of the line");
}

static bool
is_complete(const struct cursor *cursor)
{
	const struct expectation *expectation = cursor->expectation;

	if (expectation->from == NULL)
		return expect(cursor, "from, the sender");
	if (expectation->to->len == 0)
		return expect(cursor, "to, a recipient");
	if (expectation->gives->len == 0)
		return expect(cursor, "gives, what the rules say");
	if (expectation->file != NULL &&
	    (expectation->subject != NULL || expectation->text != NULL))
		return expect(cursor, "either file, or subject and text");
	return true;
}

/* --- who is in a table --- */

bool
expected_members_is(const struct configuration_line *line)
{
	return is_word(&g_array_index(line->tokens, struct token, 0), "table");
}

bool
expected_members_read(struct expected_members *members, const struct configuration_line *line,
		      GPtrArray *errors)
{
	struct cursor cursor = {.at = &g_array_index(line->tokens, struct token, 0),
				.errors = errors};

	*members =
		(struct expected_members){.place = cursor.at->place, .members = g_ptr_array_new()};
	cursor.at++;
	if (cursor.at->kind != TOKEN_WORD)
		return expect(&cursor, "the name of a table");
	members->table = cursor.at->text;
	cursor.at++;
	if (cursor.at->kind != TOKEN_OPEN)
		return expect(&cursor, "the members of the table in braces");
	if (cursor.at[1].kind == TOKEN_CLOSE)
		cursor.at += 2; /* nobody */
	else if (!read_texts(&cursor, members->members))
		return false;
	return cursor.at->kind == TOKEN_END || expect(&cursor, "the end of the line");
}

void
expected_members_clear(struct expected_members *members)
{
	g_clear_pointer(&members->members, g_ptr_array_unref);
}

/* --- what is expected --- */

bool
expectation_read(struct expectation *expectation, const struct configuration_line *line,
		 GPtrArray *errors)
{
	struct cursor cursor = {.expectation = expectation,
				.at = &g_array_index(line->tokens, struct token, 0),
				.errors = errors};

	*expectation = (struct expectation){
		.place = cursor.at->place, .to = g_ptr_array_new(), .gives = g_ptr_array_new()};
	while (cursor.at->kind != TOKEN_END)
		if (!read_part(&cursor))
			return false;
	return is_complete(&cursor);
}

void
expectation_clear(struct expectation *expectation)
{
	g_clear_pointer(&expectation->to, g_ptr_array_unref);
	g_clear_pointer(&expectation->gives, g_ptr_array_unref);
}

char *
expectation_shown(const struct expectation *expectation)
{
	GString *text = g_string_new(expectation->is_exact ? "only " : "");

	for (guint i = 0; i < expectation->gives->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
				       (const char *)g_ptr_array_index(expectation->gives, i));
	if (expectation->by != NULL)
		g_string_append_printf(text, " by \"%s\"", expectation->by);
	return g_string_free(text, FALSE);
}
