/* Words that say that nine digits are a social security number. */
#include "policy/detector/numbers.h"
#include "policy/detector/symbols.h"

enum { NEAR_BEFORE = 60, NEAR_BEHIND = 30 };

/* In capitals; ? is any letter, and # any punctuation. */
static const char *const words[] = {
	"SSN",
	"SS#",
	"SOCIAL SECURITY",
	"SOC SEC",
	"SOZIALVERSICHERUNG",
	"S?CURIT? SOCIALE",
	"PREVIDENZA SOCIALE",
	"SICUREZZA SOCIALE",
};

static bool
is_like(char symbol, char wanted)
{
	if (wanted == '?')
		return symbol_is_letter(symbol);
	if (wanted == '#')
		return g_ascii_ispunct(symbol);
	return g_ascii_toupper(symbol) == wanted ||
	       (wanted == ' ' && (symbol == '\n' || symbol == '\t'));
}

static bool
is_word_at(const char *at, const char *end, const char *word)
{
	for (; *word != '\0'; word++, at++)
		if (at == end || !is_like(*at, *word))
			return false;
	return true;
}

/* The first letter is compared first: this is called at every word. */
static bool
is_any_word_at(const char *at, const char *end)
{
	const char first = g_ascii_toupper(*at);

	if (first != 'S' && first != 'P')
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (is_word_at(at, end, words[i]))
			return true;
	return false;
}

bool
number_has_words(const struct number_window *window)
{
	const char *end =
		window->end - window->to > NEAR_BEHIND ? window->to + NEAR_BEHIND : window->end;
	struct number_words *seen = window->words;

	if (seen->next == NULL)
		seen->next = window->begin;
	for (; seen->next < end; seen->next++)
		if ((seen->next == window->begin || !g_ascii_isalnum(seen->next[-1])) &&
		    is_any_word_at(seen->next, window->end))
			seen->last = seen->next;
	return seen->last != NULL && window->from - seen->last <= NEAR_BEFORE;
}
