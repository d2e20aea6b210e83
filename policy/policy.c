#include <stdarg.h>
#include <string.h>

#include "core/address.h"
#include "policy/parser.h"
#include "grammar.h"

#define YY_EXTRA_TYPE struct parser *
int policy_lex_init_extra(YY_EXTRA_TYPE extra, void **scanner);
void *policy__scan_bytes(const char *bytes, int length, void *scanner);
int policy_lex_destroy(void *scanner);

enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 250, HEAP_LIMIT_KIB = 20000 };

/* --- owning --- */

struct condition *
condition_new(const struct matcher *matcher)
{
	struct condition *condition = g_new0(struct condition, 1);

	condition->matcher = matcher;
	return condition;
}

void
condition_free(struct condition *condition)
{
	if (condition == NULL)
		return;
	if (condition->table != NULL && condition->table->name == NULL)
		table_free(condition->table);
	if (condition->patterns != NULL)
		g_ptr_array_unref(condition->patterns);
	pcre2_code_free(condition->regex);
	g_free(condition->name);
	g_free(condition->text);
	g_free(condition);
}

struct rule *
rule_new(void)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->conditions = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
	rule->methods = g_ptr_array_new_with_free_func(g_free);
	rule->tags = g_ptr_array_new();
	return rule;
}

void
rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	g_ptr_array_unref(rule->conditions);
	if (rule->methods != NULL)
		g_ptr_array_unref(rule->methods);
	g_ptr_array_unref(rule->tags);
	g_free(rule->reject);
	g_free(rule->text);
	g_free(rule);
}

struct policy *
policy_ref(struct policy *policy)
{
	g_atomic_int_inc(&policy->references);
	return policy;
}

void
policy_unref(struct policy *policy)
{
	if (policy == NULL || !g_atomic_int_dec_and_test(&policy->references))
		return;
	g_ptr_array_unref(policy->rules);
	g_ptr_array_unref(policy->tables);
	settings_free(policy->settings);
	pcre2_match_context_free(policy->match_context);
	g_free(policy->path);
	g_free(policy->text);
	g_free(policy->digest);
	g_free(policy);
}

const struct settings *
policy_settings(const struct policy *policy)
{
	return policy->settings;
}

const char *
policy_text(const struct policy *policy)
{
	return policy->text;
}

const char *
policy_digest(const struct policy *policy)
{
	return policy->digest;
}

bool
policy_has_condition(const struct policy *policy, const char *name)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(policy->rules, i);

		for (guint j = 0; j < rule->conditions->len; j++) {
			const struct condition *condition = g_ptr_array_index(rule->conditions, j);

			if (strcmp(condition->matcher->name, name) == 0)
				return true;
		}
	}
	return false;
}

bool
policy_has_method(const struct policy *policy, const char *method)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(policy->rules, i);

		for (guint j = 0; j + 1 < rule->methods->len; j++)
			if (strcmp(g_ptr_array_index(rule->methods, j), method) == 0)
				return true;
	}
	return false;
}

unsigned
policy_rule_count(const struct policy *policy)
{
	return policy->rules->len;
}

/* --- what the grammar finds --- */

void
parser_error(struct parser *parser, const struct place *place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(parser->errors, g_strdup_printf("%s:%u:%u: %s", parser->policy->path,
							place->line, place->column, text));
}

/* The text of a statement on one line. */
static char *
source_text(const struct parser *parser, const struct place *place)
{
	g_autofree char *raw =
		g_strndup(parser->policy->text + place->begin, place->end - place->begin);
	g_autoptr(GString) text = g_string_new(NULL);

	for (const char *c = g_strstrip(raw); *c != '\0'; c++) {
		bool blank = g_ascii_isspace(*c);

		if (!blank || !g_ascii_isspace(c[1]))
			g_string_append_c(text, blank ? ' ' : *c);
	}
	return g_strdup(text->str);
}

void
parser_setting(struct parser *parser, const struct place *place, char *first, char *second,
	       struct setting_value *value)
{
	g_autofree char *one = first, *two = second;
	g_autofree char *name = two == NULL ? g_strdup(one) : g_strconcat(one, " ", two, NULL);
	const struct setting *setting = setting_find(name);

	if (setting == NULL)
		parser_error(parser, place,
			     "found %s, expected a setting, table, match or otherwise "
			     "(postseal.conf(5) names the settings)",
			     name);
	else if (g_hash_table_contains(parser->seen, setting))
		parser_error(parser, place, "found %s a second time, expected it once", name);
	else if (!settings_set(parser->policy->settings, setting, value))
		parser_error(parser, place, "found another kind of value for %s, expected %s", name,
			     setting_expected(setting->type));
	else if (!setting_allows(setting, value))
		parser_error(parser, place, "found %s \"%s\", expected one of: %s", name, value->text,
			     setting->choices);
	if (setting != NULL)
		g_hash_table_add(parser->seen, (gpointer)setting);
	if (setting != NULL && value->type == SETTING_TABLE) {
		struct table_use use = {NULL, g_strdup(value->text), *place};

		g_array_append_val(parser->uses, use);
	}
	g_free(value->text);
	g_strfreev(value->list);
	*value = (struct setting_value){0};
}

static struct table *
find_table(const struct policy *policy, const char *name)
{
	for (guint i = 0; i < policy->tables->len; i++) {
		struct table *table = g_ptr_array_index(policy->tables, i);

		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static void
add_table(struct parser *parser, const struct place *place, const char *name,
	  const struct table_kind *kind, const char *source, const GPtrArray *entries)
{
	struct table *table;
	struct fault fault;

	if (find_table(parser->policy, name) != NULL) {
		parser_error(parser, place, "found a second table <%s>, expected another name", name);
		return;
	}
	table = table_new(name, kind, source);
	g_ptr_array_add(parser->policy->tables, table);
	for (guint i = 0; entries != NULL && i < entries->len; i++)
		table_add(table, g_ptr_array_index(entries, i));
	if (kind->load != NULL && !kind->load(table, &fault))
		parser_error(parser, place, "%s", fault.text);
}

void
parser_table(struct parser *parser, const struct place *place, char *name,
	     const struct table_kind *kind, char *source, GPtrArray *entries)
{
	add_table(parser, place, name, kind, source, entries);
	g_free(name);
	g_free(source);
	if (entries != NULL)
		g_ptr_array_unref(entries);
}

void
parser_condition(struct parser *parser, const struct place *place, bool negated,
		 struct condition *condition)
{
	condition->negated = negated;
	condition->index = parser->policy->condition_count++;
	condition->text = source_text(parser, place);
}

const char *
parser_receipt(struct parser *parser, const struct place *place, char *form)
{
	static const char *const forms[] = {"mdn", "dsn"};
	const char *found = "mail";

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
		if (strcmp(forms[i], form) == 0)
			found = forms[i];
	if (strcmp(found, "mail") == 0)
		parser_error(parser, place, "found receipt %s, expected receipt, receipt mdn or receipt dsn", form);
	g_free(form);
	return found;
}

struct condition *
parser_listed(const struct matcher *matcher, GPtrArray *entries)
{
	struct condition *condition = condition_new(matcher);

	condition->table = table_new(NULL, &table_inline, NULL);
	for (guint i = 0; entries != NULL && i < entries->len; i++)
		table_add(condition->table, g_ptr_array_index(entries, i));
	if (entries != NULL)
		g_ptr_array_unref(entries);
	return condition;
}

/* A NULL name stands for the domains of the organisation. */
struct condition *
parser_named(struct parser *parser, const struct matcher *matcher, char *table,
	     const struct place *place)
{
	struct condition *condition = condition_new(matcher);
	struct table_use use = {condition, table, *place};

	g_array_append_val(parser->uses, use);
	return condition;
}

struct condition *
parser_patterns(const struct matcher *matcher, char *name, GPtrArray *globs)
{
	struct condition *condition = condition_new(matcher);

	condition->name = name;
	condition->patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);
	for (guint i = 0; i < globs->len; i++) {
		g_autofree char *folded = g_utf8_strdown(g_ptr_array_index(globs, i), -1);

		g_ptr_array_add(condition->patterns, g_pattern_spec_new(folded));
	}
	g_ptr_array_unref(globs);
	return condition;
}

struct condition *
parser_regex(struct parser *parser, const struct place *place, char *expression)
{
	g_autofree char *own = expression;
	struct condition *condition = condition_new(&match_text_regex);
	int error;
	PCRE2_SIZE offset;

	condition->regex = pcre2_compile((PCRE2_SPTR)own, PCRE2_ZERO_TERMINATED,
					 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, NULL);
	if (condition->regex == NULL) {
		PCRE2_UCHAR why[120];

		pcre2_get_error_message(error, why, sizeof why);
		parser_error(parser, place, "found a regular expression that is wrong at its character %zu: %s",
			     offset + 1, (const char *)why);
		return condition;
	}
	/* Where the JIT cannot be had, matching works without, only slower. */
	(void)pcre2_jit_compile(condition->regex, PCRE2_JIT_COMPLETE);
	return condition;
}

void
parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name)
{
	g_autoptr(GString) known = g_string_new(NULL);

	g_ptr_array_add(rule->methods, name);
	for (const char *const *m = parser->methods; *m != NULL; m++) {
		if (strcmp(*m, name) == 0)
			return;
		g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", *m);
	}
	parser_error(parser, place, "found the method %s, expected one of %s", name, known->str);
}

void
parser_rule(struct parser *parser, const struct place *place, struct rule *rule)
{
	rule->line = place->line;
	rule->text = source_text(parser, place);
	g_ptr_array_add(rule->methods, NULL);
	for (guint i = 0; i < rule->conditions->len; i++) {
		struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (condition->matcher == &match_subject_tag && !condition->negated)
			g_ptr_array_add(rule->tags, condition->name);
	}
	g_ptr_array_add(rule->tags, NULL);
	g_ptr_array_add(parser->policy->rules, rule);
}

/* --- the whole file --- */

/* Where the grammar found errors, it has freed conditions: then only names are looked at. */
static bool
table_use_resolve(struct parser *parser, const struct table_use *use)
{
	struct condition *condition = parser->errors->len == 0 ? use->condition : NULL;

	if (use->name == NULL && condition == NULL)
		return true;
	if (use->name == NULL) {
		condition->table = table_new(NULL, &table_inline, NULL);
		for (char **d = parser->policy->settings->domains; d != NULL && *d != NULL; d++)
			table_add(condition->table, *d);
		return true;
	}
	if (find_table(parser->policy, use->name) == NULL)
		return false;
	if (condition != NULL)
		condition->table = find_table(parser->policy, use->name);
	return true;
}

static void
resolve_tables(struct parser *parser)
{
	for (guint i = 0; i < parser->uses->len; i++) {
		struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (!table_use_resolve(parser, use))
			parser_error(parser, &use->place, "found <%s>, expected a table that the file defines",
				     use->name);
	}
}

/* What is written in the portal is decided before it is a message. */
static void
check_portal_rule(struct parser *parser, const struct rule *rule)
{
	const struct place place = {.line = rule->line, .column = 1};
	const struct condition *odd = NULL;
	bool is_for_portal = false;

	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (condition->matcher == &match_portal)
			is_for_portal = true;
		else if (condition->matcher != &match_any && condition->matcher != &match_sender &&
			 condition->matcher != &match_sender_domain && condition->matcher != &match_recipient &&
			 condition->matcher != &match_recipient_domain)
			odd = condition;
	}
	if (is_for_portal && odd != NULL)
		parser_error(parser, &place, "found %s beside portal, expected only sender and recipient there",
			     odd->text);
}

static void
check_complete(struct parser *parser)
{
	const struct policy *policy = parser->policy;
	const struct place end = parser->next;
	const struct rule *last;

	for (const struct setting *s = setting_all(); s->name != NULL; s++)
		if (settings_lack(policy->settings, s))
			parser_error(parser, &end, "found no setting %s, expected %s", s->name,
				     setting_expected(s->type));
	last = policy->rules->len == 0 ? NULL : g_ptr_array_index(policy->rules, policy->rules->len - 1);
	if (last == NULL || last->conditions->len > 0)
		parser_error(parser, &end,
			     "found the end of the file, expected a last rule that begins with otherwise");
	for (guint i = 0; i + 1 < policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(policy->rules, i);
		const struct place place = {.line = rule->line, .column = 1};

		check_portal_rule(parser, rule);
		if (rule->conditions->len == 0)
			parser_error(parser, &place, "found otherwise before other rules, expected it last");
	}
}

/* The digest covers the table files: another table is another policy. */
static char *
digest(const struct policy *policy)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)policy->text, (gssize)strlen(policy->text));
	for (guint i = 0; i < policy->tables->len; i++) {
		const struct table *table = g_ptr_array_index(policy->tables, i);
		g_autofree char *content = NULL;
		gsize length;

		if (table->kind == &table_file &&
		    g_file_get_contents(table->source, &content, &length, NULL))
			g_checksum_update(sum, (const guchar *)content, (gssize)length);
	}
	return g_strdup(g_checksum_get_string(sum));
}

static void
parse(struct parser *parser)
{
	void *scanner;
	size_t length = strlen(parser->policy->text);

	policy_lex_init_extra(parser, &scanner);
	policy__scan_bytes(parser->policy->text, (int)length, scanner);
	policy_parse(scanner, parser);
	policy_lex_destroy(scanner);
	resolve_tables(parser);
	if (parser->errors->len == 0)
		check_complete(parser);
}

static void
table_use_clear(struct table_use *use)
{
	g_free(use->name);
}

static struct policy *
policy_new(const char *path, char *text)
{
	struct policy *policy = g_new0(struct policy, 1);

	policy->references = 1;
	policy->path = g_strdup(path);
	policy->text = text;
	policy->settings = settings_new();
	policy->tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free);
	policy->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	policy->match_context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(policy->match_context, MATCH_LIMIT);
	pcre2_set_depth_limit(policy->match_context, DEPTH_LIMIT);
	pcre2_set_heap_limit(policy->match_context, HEAP_LIMIT_KIB);
	return policy;
}

/* GLib's functions for text rely on UTF-8, and a NUL would hide what is behind it. */
static bool
is_text(const char *path, const char *text, size_t length, GPtrArray *errors)
{
	const char *end;
	unsigned line = 1;

	if (g_utf8_validate_len(text, length, &end))
		return true;
	for (const char *c = text; c < end; c++)
		line += *c == '\n';
	g_ptr_array_add(errors, g_strdup_printf("%s:%u: found a byte that is no text in UTF-8", path, line));
	return false;
}

struct policy *
policy_load(const char *path, const char *const *methods, GPtrArray *errors)
{
	g_autoptr(policy_auto) policy = NULL;
	g_autoptr(GError) error = NULL;
	struct parser parser = {.methods = methods, .errors = errors, .next = {.line = 1, .column = 1}};
	char *text;
	gsize length;
	guint before = errors->len;

	if (!g_file_get_contents(path, &text, &length, &error)) {
		g_ptr_array_add(errors, g_strdup_printf("reading the configuration: %s", error->message));
		return NULL;
	}
	if (!is_text(path, text, length, errors)) {
		g_free(text);
		return NULL;
	}
	policy = policy_new(path, text);
	parser.policy = policy;
	parser.uses = g_array_new(FALSE, FALSE, sizeof(struct table_use));
	g_array_set_clear_func(parser.uses, (GDestroyNotify)table_use_clear);
	parser.seen = g_hash_table_new(NULL, NULL);
	parse(&parser);
	g_array_unref(parser.uses);
	g_hash_table_unref(parser.seen);
	if (errors->len > before)
		return NULL;
	policy->digest = digest(policy);
	return g_steal_pointer(&policy);
}

/* --- tables --- */

bool
policy_table_has(const struct policy *policy, struct database *database, const char *table,
		 const char *address, bool *has_r, struct fault *fault)
{
	const struct table *found = find_table(policy, table);

	*has_r = false;
	if (found == NULL)
		return fault_set(fault, FAULT_BUG, "asking the table <%s>: there is none", table);
	return table_has_address(found, database, address, has_r, fault);
}

bool
policy_check_tables(const struct policy *policy, struct database *database, struct fault *fault)
{
	for (guint i = 0; i < policy->tables->len; i++) {
		const struct table *table = g_ptr_array_index(policy->tables, i);
		bool ignored;

		if (table->kind == &table_database &&
		    !table->kind->has(table, database, "nobody@invalid", &ignored, fault))
			return false;
	}
	return true;
}
