/* The grammar of tables and rules in postseal.conf(5), one line at a time; core/settings.c reads the
 * settings. */
%code requires {
#include "policy/parser.h"
}
%code {
#include "grammar.h"
int policy_lex(POLICY_STYPE *value, struct place *place, struct parser *parser);
static void policy_error(const struct place *place, struct parser *parser, const char *message);
}

%define api.pure full
%define api.prefix {policy_}
%define api.location.type {struct place}
%define parse.error custom
%define parse.lac full
%locations
%param { struct parser *parser }

%union {
	char *text;
	uint64_t number;
	enum table_content content;
	GPtrArray *texts;
	struct condition *condition;
	struct rule *rule;
	struct rule_options options;
	struct rule_receiving receiving;
	const struct matcher *matcher;
	struct checksum *checksum;
}
%destructor { g_free($$); } <text>
%destructor { g_ptr_array_unref($$); } <texts>
%destructor { g_free($$); } <checksum>
%destructor { condition_free($$); } <condition>
%destructor { rule_free($$); } <rule>
%destructor { rule_options_clear(&$$); } <options>
%destructor { g_free($$.mark_encrypted); g_free($$.mark_signed); } <receiving>

%token YYEOF 0 "end of line"
%token <text> WORD "a word" STRING "a text in quotes" TABLE_NAME "a table such as <name>"
%token <number> NUMBER "a number" BYTES "a unit of size (kB, MB, GB)"
%token <number> SECONDS "a unit of time (seconds, minutes, hours, days)"
%token TABLE "table" MATCH "match" OTHERWISE "otherwise" NOT "not" ANY "any" SENDER "sender"
%token RECIPIENT "recipient" DOMAIN_ "domain" DOMAINS "domains" IN "in" SUBJECT "subject" TAG "tag"
%token HEADER "header" SIZE "size" OVER "over" UNDER "under" ATTACHMENT "attachment" NAME "name"
%token RULE "rule" WATCH "watch" AND "and" OR "or"
%token TYPE "type" TEXT "text" REGEX "regex" DELIVER "deliver" REJECT "reject" REFUSE "refuse" EXPIRE "expire"
%token HOLD "hold" FOR "for" SHOW "show"
%token OPAQUE "opaque" ENCRYPTED "encrypted" SIGN "sign" SIGNED "signed" HIDE "hide" ADD "add" PORTAL "portal" CONVERSATION "conversation"
%token AT "at" LEAST "least" WORDS "words"
%token CLIENT "client" NETWORKS "networks" TIME "time"
%token RECEIPT "receipt" AUTHENTICATED "authenticated" TRUST "trust"
%token RECEIVE "receive" OPEN "open" PASS "pass" OLD "old" CIPHER "cipher" CIPHERS "ciphers" MARK "mark"
%token DETECT "detect" CHECKSUM "checksum" WEIGHTS "weights" MODULO "modulo"
%token DIRECTORY "directory" FILTER "filter" LIFETIME "lifetime"
%token FILE_ "file" DATABASE "database" UNKNOWN_CHARACTER "a character that has no meaning here"

%type <content> content
%type <texts> strings listed one_or_more
%type <number> size duration at_least lifetime
%type <checksum> checksum weights
%type <options> options hold_options
%type <receiving> opened passed
%type <text> trust
%type <condition> condition conditions item operand
%type <rule> sentence methods

%%

line
	: table
	| detector
	| sentence		{ parser_rule(parser, &@1, &@1, $1); }
	| RULE STRING sentence	{ parser_name(parser, &@2, $3, $2); parser_rule(parser, &@$, &@3, $3); }
	;

listed
	: '{' strings '}'	{ $$ = $2; }
	;

one_or_more
	: STRING		{ $$ = g_ptr_array_new_with_free_func(g_free); g_ptr_array_add($$, $1); }
	| listed
	;

strings
	: STRING		{ $$ = g_ptr_array_new_with_free_func(g_free); g_ptr_array_add($$, $1); }
	| strings STRING	{ g_ptr_array_add($1, $2); $$ = $1; }
	| strings ',' STRING	{ g_ptr_array_add($1, $3); $$ = $1; }
	;

size
	: NUMBER		{ $$ = $1; }
	| NUMBER BYTES		{ $$ = parser_product(parser, &@1, $1, $2); }
	;

duration
	: NUMBER SECONDS	{ $$ = parser_product(parser, &@1, $1, $2); }
	;

/* --- tables --- */

table
	: TABLE WORD content listed	{ parser_table(parser, &@2, $2, &table_inline, $3, NULL, $4); }
	| TABLE WORD content FILE_ STRING	{ parser_table(parser, &@2, $2, &table_file, $3, $5, NULL); }
	| TABLE WORD DATABASE STRING	{ parser_table(parser, &@2, $2, &table_database, TABLE_OF_ADDRESSES, $4, NULL); }
	| TABLE WORD DIRECTORY WORD FILTER STRING lifetime	{
		parser_directory_table(parser, &@2, $2, &@6, (struct directory_table){$4, $6, $7});
	}
	;

lifetime
	: %empty		{ $$ = PARSER_LIFETIME; }
	| LIFETIME duration	{ $$ = parser_lifetime(parser, &@2, $2); }
	;

content
	: %empty		{ $$ = TABLE_OF_ADDRESSES; }
	| NETWORKS		{ $$ = TABLE_OF_NETWORKS; }
	| WORDS			{ $$ = TABLE_OF_WORDS; }
	;

at_least
	: %empty		{ $$ = 0; }
	| AT LEAST NUMBER	{ $$ = parser_at_least(parser, &@3, $3); }
	;

/* --- detectors --- */

detector
	: DETECT WORD REGEX STRING checksum at_least	{ parser_detector(parser, &@2, $2, &@4, $4, $5, $6); }
	;

checksum
	: %empty		{ $$ = NULL; }
	| CHECKSUM WORD		{ $$ = parser_checksum(parser, &@2, $2); }
	| CHECKSUM WEIGHTS '{' weights '}' MODULO NUMBER	{ $$ = parser_modulus(parser, &@7, $4, $7); }
	;

weights
	: NUMBER		{ $$ = parser_weight(parser, &@1, NULL, $1); }
	| weights NUMBER	{ $$ = parser_weight(parser, &@2, $1, $2); }
	| weights ',' NUMBER	{ $$ = parser_weight(parser, &@3, $1, $3); }
	;

/* --- rules --- */

sentence
	: MATCH conditions DELIVER methods options	{ $$ = rule_take_conditions($4, $2); $$->options = $5; }
	| MATCH conditions REJECT STRING	{
		$$ = rule_take_conditions(rule_new(), $2);
		$$->reject = parser_sentence(parser, &@4, $4);
	}
	| MATCH conditions REFUSE RECIPIENT STRING	{
		$$ = rule_take_conditions(rule_new(), $2);
		$$->refuse = parser_sentence(parser, &@5, $5);
	}
	| MATCH conditions HOLD STRING FOR TABLE_NAME hold_options	{
		$$ = rule_take_conditions(rule_new(), $2);
		$$->hold = parser_hold(parser, parser_sentence(parser, &@4, $4), &@6, $6, &$7);
	}
	| MATCH conditions WATCH	{ $$ = rule_take_conditions(rule_new(), $2); $$->watches = true; }
	| OTHERWISE DELIVER methods options	{ $$ = $3; $$->options = $4; }
	| OTHERWISE REJECT STRING	{ $$ = rule_new(); $$->reject = parser_sentence(parser, &@3, $3); }
	| OTHERWISE REFUSE RECIPIENT STRING	{ $$ = rule_new(); $$->refuse = parser_sentence(parser, &@4, $4); }
	| RECEIVE conditions opened	{ $$ = rule_take_conditions(rule_new(), $2); $$->receiving = $3; }
	| RECEIVE conditions passed	{ $$ = rule_take_conditions(rule_new(), $2); $$->receiving = $3; }
	;

conditions
	: item			{ $$ = condition_group($1); }
	| conditions item	{ $$ = parser_join(parser, &@2, $1, &match_all, $2); }
	| conditions AND item	{ $$ = parser_join(parser, &@2, $1, &match_all, $3); }
	| conditions OR item	{ $$ = parser_join(parser, &@2, $1, &match_either, $3); }
	;

item
	: operand		{ $$ = $1; parser_condition(parser, &@$, false, $1); }
	| NOT operand		{ $$ = $2; parser_condition(parser, &@$, true, $2); }
	;

operand
	: condition
	| '(' conditions ')'	{ $$ = $2; }
	;

condition
	: ANY			{ $$ = condition_new(&match_any); }
	| SENDER one_or_more	{ $$ = parser_listed(parser, &@2, &match_sender, $2); }
	| SENDER IN TABLE_NAME	{ $$ = parser_named(parser, &match_sender, $3, &@3); }
	| SENDER IN DOMAINS	{ $$ = parser_named(parser, &match_sender_domain, NULL, &@3); }
	| SENDER DOMAIN_ one_or_more	{ $$ = parser_listed(parser, &@3, &match_sender_domain, $3); }
	| SENDER DOMAIN_ IN TABLE_NAME	{ $$ = parser_named(parser, &match_sender_domain, $4, &@4); }
	| RECIPIENT one_or_more	{ $$ = parser_listed(parser, &@2, &match_recipient, $2); }
	| RECIPIENT IN TABLE_NAME	{ $$ = parser_named(parser, &match_recipient, $3, &@3); }
	| RECIPIENT IN DOMAINS	{ $$ = parser_named(parser, &match_recipient_domain, NULL, &@3); }
	| RECIPIENT DOMAIN_ one_or_more	{ $$ = parser_listed(parser, &@3, &match_recipient_domain, $3); }
	| RECIPIENT DOMAIN_ IN TABLE_NAME	{ $$ = parser_named(parser, &match_recipient_domain, $4, &@4); }
	| SUBJECT TAG STRING	{ $$ = parser_tag(parser, &@3, $3); }
	| HEADER STRING one_or_more	{ $$ = parser_header(parser, &@2, $2, $3); }
	| SIZE OVER size	{ $$ = condition_new(&match_size_over); $$->size = $3; }
	| SIZE UNDER size	{ $$ = condition_new(&match_size_under); $$->size = $3; }
	| ATTACHMENT NAME one_or_more	{ $$ = parser_patterns(parser, &@3, &match_attachment_name, $3); }
	| ATTACHMENT TYPE one_or_more	{ $$ = parser_patterns(parser, &@3, &match_attachment_type, $3); }
	| ENCRYPTED		{ $$ = condition_new(&match_encrypted); }
	| SIGNED		{ $$ = condition_new(&match_signed); }
	| OPAQUE		{ $$ = condition_new(&match_opaque); }
	| PORTAL		{ $$ = condition_new(&match_portal); }
	| AUTHENTICATED		{ $$ = condition_new(&match_authenticated); }
	| CONVERSATION		{ $$ = condition_new(&match_conversation); }
	| DETECT WORD at_least	{ $$ = parser_detect(parser, &@2, $2, $3); }
	| TEXT REGEX STRING	{ $$ = parser_regex(parser, &@3, &match_text_regex, $3); }
	| TEXT IN TABLE_NAME at_least	{ $$ = parser_named(parser, &match_text_words, $3, &@3); $$->size = $4; }
	| SUBJECT REGEX STRING	{ $$ = parser_regex(parser, &@3, &match_subject_regex, $3); }
	| CLIENT one_or_more	{ $$ = parser_listed(parser, &@2, &match_client, $2); }
	| CLIENT IN TABLE_NAME	{ $$ = parser_named(parser, &match_client, $3, &@3); }
	| CLIENT IN NETWORKS	{ $$ = parser_named(parser, &match_client, NULL, &@3); }
	| TIME one_or_more	{ $$ = parser_time(parser, &@2, $2); }
	;

methods
	: WORD trust		{ $$ = rule_new(); parser_method(parser, &@1, $$, $1); parser_level(parser, &@2, $$, $2); }
	| methods ',' WORD trust	{ $$ = $1; parser_method(parser, &@3, $$, $3); parser_level(parser, &@4, $$, $4); }
	;

trust
	: %empty		{ $$ = NULL; }
	| TRUST WORD		{ $$ = $2; }
	| TRUST DOMAIN_		{ $$ = g_strdup("domain"); }
	;

options
	: %empty		{ $$ = (struct rule_options){0}; }
	| options EXPIRE duration	{ $$ = $1; $$.expire_seconds = parser_expire(parser, &@3, $3); }
	| options HIDE SUBJECT	{ $$ = $1; $$.hide_subject = true; }
	| options SIGN		{ $$ = $1; $$.sign = true; }
	| options CIPHER WORD	{ $$ = $1; $$.cipher = parser_cipher(parser, &@3, $3); }
	| options ADD HEADER STRING STRING	{
		$$ = $1;
		$$.added = parser_added(parser, $1.added, &@4, $4, &@5, $5);
	}
	| options RECEIPT	{ $$ = $1; $$.receipt = "mail"; }
	| options RECEIPT WORD	{ $$ = $1; $$.receipt = parser_receipt(parser, &@3, $3); }
	;

hold_options
	: %empty		{ $$ = (struct rule_options){0}; }
	| hold_options EXPIRE duration	{ $$ = $1; $$.expire_seconds = parser_expire(parser, &@3, $3); }
	| hold_options SHOW SUBJECT	{ $$ = $1; $$.show_subject = true; }
	;

opened
	: OPEN			{ $$ = (struct rule_receiving){.is_receiving = true, .opens = true}; }
	| opened OLD CIPHERS	{ $$ = $1; $$.old_ciphers = true; }
	| opened MARK ENCRYPTED STRING	{ $$ = $1; $$.mark_encrypted = parser_mark(parser, &@4, $1.mark_encrypted, $4); }
	| opened MARK SIGNED STRING	{ $$ = $1; $$.mark_signed = parser_mark(parser, &@4, $1.mark_signed, $4); }
	;

passed
	: PASS			{ $$ = (struct rule_receiving){.is_receiving = true}; }
	| passed MARK SIGNED STRING	{ $$ = $1; $$.mark_signed = parser_mark(parser, &@4, $1.mark_signed, $4); }
	;

%%

enum { EXPECTED_MAX = 40 };

/* "table words ..." found a word and expected one. */
static const char *
expected_name(const yypcontext_t *context, yysymbol_kind_t expected)
{
	const yysymbol_kind_t found = yypcontext_token(context);

	return expected == YYSYMBOL_WORD && found >= YYSYMBOL_TABLE &&
			       found < YYSYMBOL_UNKNOWN_CHARACTER
		       ? "a word that the language does not use itself"
		       : yysymbol_name(expected);
}

static int
yyreport_syntax_error(const yypcontext_t *context, struct parser *parser)
{
	yysymbol_kind_t expected[EXPECTED_MAX];
	int count = yypcontext_expected_tokens(context, expected, EXPECTED_MAX);
	g_autofree char *found = parser_found(parser, yypcontext_location(context));
	g_autoptr(GString) list = g_string_new(NULL);

	for (int i = 0; i < count; i++)
		g_string_append_printf(list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ",
				       expected_name(context, expected[i]));
	parser_error(parser, yypcontext_location(context), "found %s, expected %s", found, list->str);
	return 0;
}

static void
yyerror(const struct place *place, struct parser *parser, const char *message)
{
	parser_error(parser, place, "%s", message);
}
