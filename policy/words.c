/* The tokens of a line (core/configuration.h) with the keywords of the grammar. */
#include <string.h>

#include "grammar.h"
#include "policy/parser.h"

int policy_lex(POLICY_STYPE *value, struct place *place, struct parser *parser);

static const struct {
	const char *word;
	int token;
} keywords[] = {
	{"table", TABLE},
	{"match", MATCH},
	{"otherwise", OTHERWISE},
	{"rule", RULE},
	{"watch", WATCH},
	{"and", AND},
	{"or", OR},
	{"not", NOT},
	{"any", ANY},
	{"sender", SENDER},
	{"recipient", RECIPIENT},
	{"domain", DOMAIN_},
	{"domains", DOMAINS},
	{"in", IN},
	{"subject", SUBJECT},
	{"tag", TAG},
	{"header", HEADER},
	{"size", SIZE},
	{"over", OVER},
	{"under", UNDER},
	{"attachment", ATTACHMENT},
	{"name", NAME},
	{"type", TYPE},
	{"text", TEXT},
	{"regex", REGEX},
	{"deliver", DELIVER},
	{"reject", REJECT},
	{"refuse", REFUSE},
	{"hold", HOLD},
	{"for", FOR},
	{"show", SHOW},
	{"expire", EXPIRE},
	{"encrypted", ENCRYPTED},
	{"sign", SIGN},
	{"signed", SIGNED},
	{"hide", HIDE},
	{"add", ADD},
	{"portal", PORTAL},
	{"conversation", CONVERSATION},
	{"receipt", RECEIPT},
	{"file", FILE_},
	{"database", DATABASE},
	{"directory", DIRECTORY},
	{"filter", FILTER},
	{"lifetime", LIFETIME},
	{"opaque", OPAQUE},
	{"authenticated", AUTHENTICATED},
	{"receive", RECEIVE},
	{"open", OPEN},
	{"pass", PASS},
	{"old", OLD},
	{"cipher", CIPHER},
	{"ciphers", CIPHERS},
	{"mark", MARK},
	{"trust", TRUST},
	{"client", CLIENT},
	{"at", AT},
	{"least", LEAST},
	{"words", WORDS},
	{"networks", NETWORKS},
	{"time", TIME},
	{"detect", DETECT},
	{"checksum", CHECKSUM},
	{"weights", WEIGHTS},
	{"modulo", MODULO},
};

static int
keyword(const struct token *token, POLICY_STYPE *value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++)
		if (strcmp(keywords[i].word, token->text) == 0)
			return keywords[i].token;
	switch (unit_find(token->text, &value->number)) {
	case UNIT_BYTES:
		return BYTES;
	case UNIT_SECONDS:
		return SECONDS;
	case UNIT_NONE:
		break;
	}
	value->text = g_strdup(token->text);
	return WORD;
}

int
policy_lex(POLICY_STYPE *value, struct place *place, struct parser *parser)
{
	const struct token *token =
		&g_array_index(parser->line->tokens, struct token, parser->next);

	*place = token->place;
	if (token->kind == TOKEN_END)
		return POLICY_EOF;
	parser->next++;
	switch (token->kind) {
	case TOKEN_WORD:
		return keyword(token, value);
	case TOKEN_STRING:
		value->text = g_strdup(token->text);
		return STRING;
	case TOKEN_TABLE:
		value->text = g_strdup(token->text);
		return TABLE_NAME;
	case TOKEN_NUMBER:
		value->number = token->number;
		return NUMBER;
	case TOKEN_OPEN:
		return '{';
	case TOKEN_CLOSE:
		return '}';
	case TOKEN_COMMA:
		return ',';
	case TOKEN_OPEN_GROUP:
		return '(';
	case TOKEN_CLOSE_GROUP:
		return ')';
	case TOKEN_BROKEN:
		parser_error(parser, place, "found %s", token->text);
		return POLICY_error; /* already reported */
	default:
		return UNKNOWN_CHARACTER;
	}
}
