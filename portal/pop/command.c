#include "portal/pop/command.h"

#include <glib.h>
#include <string.h>

enum arguments { NONE, NUMBER, MAYBE_NUMBER, TWO_NUMBERS, TEXT, MAYBE_TEXT };

enum { NUMBER_DIGITS_MAX = 9 };

static const struct {
	const char *word;
	enum arguments arguments;
} verbs[POP_VERBS] = {
	[POP_UNKNOWN] = {"", NONE},	     [POP_CAPA] = {"CAPA", NONE},
	[POP_STLS] = {"STLS", NONE},	     [POP_USER] = {"USER", TEXT},
	[POP_PASS] = {"PASS", TEXT},	     [POP_AUTH] = {"AUTH", MAYBE_TEXT},
	[POP_STAT] = {"STAT", NONE},	     [POP_LIST] = {"LIST", MAYBE_NUMBER},
	[POP_UIDL] = {"UIDL", MAYBE_NUMBER}, [POP_RETR] = {"RETR", NUMBER},
	[POP_TOP] = {"TOP", TWO_NUMBERS},    [POP_DELE] = {"DELE", NUMBER},
	[POP_RSET] = {"RSET", NONE},	     [POP_NOOP] = {"NOOP", NONE},
	[POP_QUIT] = {"QUIT", NONE},
};

static enum pop_verb
verb_of(const char *line, size_t length)
{
	for (int verb = POP_UNKNOWN + 1; verb < POP_VERBS; verb++)
		if (strlen(verbs[verb].word) == length &&
		    g_ascii_strncasecmp(verbs[verb].word, line, length) == 0)
			return (enum pop_verb)verb;
	return POP_UNKNOWN;
}

/* Moves past the digits, and past the blanks after them. */
static bool
read_number(const char **at, unsigned long *number_r)
{
	const char *text = *at;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > NUMBER_DIGITS_MAX ||
	    (text[digits] != '\0' && text[digits] != ' '))
		return false;
	*number_r = 0;
	for (size_t i = 0; i < digits; i++)
		*number_r = *number_r * 10 + (unsigned long)(text[i] - '0');
	text += digits;
	*at = text + strspn(text, " ");
	return true;
}

static bool
read_arguments(struct pop_command *command, const char *at)
{
	switch (verbs[command->verb].arguments) {
	case TEXT:
		return *at != '\0';
	case MAYBE_TEXT:
		return true;
	case MAYBE_NUMBER:
		command->has_number = *at != '\0';
		return !command->has_number || (read_number(&at, &command->number) && *at == '\0');
	case NUMBER:
		return read_number(&at, &command->number) && *at == '\0';
	case TWO_NUMBERS:
		return read_number(&at, &command->number) &&
		       read_number(&at, &command->lines_max) && *at == '\0';
	case NONE:
		break;
	}
	return *at == '\0';
}

void
pop_command_read(struct pop_command *command_r, const char *line, size_t length)
{
	size_t word = strcspn(line, " ");
	const char *at = line + word;

	*command_r = (struct pop_command){.text = line + length};
	if (strlen(line) != length) /* a NUL within */
		return;
	command_r->verb = verb_of(line, word);
	/* One blank ends the word: a password may begin with the next. */
	if (*at == ' ')
		at++;
	command_r->text = at;
	if (verbs[command_r->verb].arguments != TEXT)
		at += strspn(at, " ");
	command_r->is_well_formed = read_arguments(command_r, at);
}
