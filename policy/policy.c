#include <string.h>

#include "core/log.h"
#include "policy/directory_lookup.h"
#include "policy/parser.h"
#include "policy/sources.h"

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
	if (condition->group != NULL)
		g_ptr_array_unref(condition->group);
	if (condition->table != NULL && condition->table->name == NULL)
		table_free(condition->table);
	if (condition->patterns != NULL)
		g_ptr_array_unref(condition->patterns);
	if (condition->spans != NULL)
		g_array_unref(condition->spans);
	pcre2_code_free(condition->regex);
	g_free(condition->name);
	g_free(condition->text);
	g_free(condition);
}

struct condition *
condition_group(struct condition *member)
{
	struct condition *group = condition_new(&match_all);

	group->group = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
	g_ptr_array_add(group->group, member);
	return group;
}

struct rule *
rule_new(void)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->conditions = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
	rule->leaves = g_ptr_array_new();
	rule->methods = g_ptr_array_new();
	rule->levels = g_ptr_array_new();
	rule->tags = g_ptr_array_new();
	return rule;
}

struct rule *
rule_take_conditions(struct rule *rule, struct condition *group)
{
	if (group->matcher == &match_all) {
		g_ptr_array_extend_and_steal(rule->conditions, g_steal_pointer(&group->group));
		condition_free(group);
	} else {
		g_ptr_array_add(rule->conditions, group);
	}
	return rule;
}

const char *
rule_file(const struct policy *policy, const struct rule *rule)
{
	const struct configuration_file *file = rule->place.file;

	return file == g_ptr_array_index(policy->files, 0) ? NULL : file->path;
}

char *
rule_line_shown(const struct policy *policy, const struct rule *rule)
{
	const char *file = rule_file(policy, rule);

	return file == NULL ? g_strdup_printf("line %u", rule->place.line)
			    : g_strdup_printf("line %u of %s", rule->place.line, file);
}

char *
rule_shown(const struct policy *policy, const struct rule *rule)
{
	g_autofree char *line = rule_line_shown(policy, rule);

	return rule->name == NULL ? g_strdup_printf("the rule in %s", line)
				  : g_strdup_printf("the rule \"%s\" in %s", rule->name, line);
}

void
rule_options_clear(struct rule_options *options)
{
	g_clear_pointer(&options->added, g_array_unref);
}

void
rule_hold_free(struct rule_hold *hold)
{
	if (hold == NULL)
		return;
	g_free(hold->reason);
	g_free(hold->officers);
	g_ptr_array_unref(hold->approvers);
	g_free(hold);
}

void
rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	g_ptr_array_unref(rule->conditions);
	g_ptr_array_unref(rule->leaves);
	g_ptr_array_unref(rule->methods);
	g_ptr_array_unref(rule->levels);
	g_ptr_array_unref(rule->tags);
	g_free(rule->name);
	g_free(rule->reject);
	g_free(rule->refuse);
	rule_hold_free(rule->hold);
	rule_options_clear(&rule->options);
	g_free(rule->receiving.mark_encrypted);
	g_free(rule->receiving.mark_signed);
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
	g_ptr_array_unref(policy->deciding_names);
	g_ptr_array_unref(policy->watching_names);
	g_ptr_array_unref(policy->marks);
	g_ptr_array_unref(policy->receiving);
	g_ptr_array_unref(policy->tables);
	g_ptr_array_unref(policy->detectors);
	settings_free(policy->settings);
	logins_free(policy->logins);
	pcre2_match_context_free(policy->match_context);
	if (policy->files != NULL)
		g_ptr_array_unref(policy->files);
	g_free(policy->text);
	g_free(policy->digest);
	g_free(policy->file_list);
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

const char *
policy_files(const struct policy *policy)
{
	return policy->file_list;
}

bool
policy_has_condition(const struct policy *policy, const char *name)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(policy->rules, i);

		for (guint j = 0; j < rule->leaves->len; j++) {
			const struct condition *condition = g_ptr_array_index(rule->leaves, j);

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

bool
policy_receives(const struct policy *policy)
{
	return policy->receiving->len > 0;
}

const char *const *
policy_marks(const struct policy *policy)
{
	return (const char *const *)policy->marks->pdata;
}

const char *const *
policy_names(const struct policy *policy, bool watching)
{
	return (const char *const *)(watching ? policy->watching_names : policy->deciding_names)
		->pdata;
}

unsigned
policy_rule_count(const struct policy *policy)
{
	return policy->rules->len + policy->receiving->len;
}

/* --- the whole file --- */

static void
table_use_clear(struct table_use *use)
{
	g_free(use->name);
}

static void
detector_use_clear(struct detector_use *use)
{
	g_free(use->name);
}

static struct policy *
policy_new(void)
{
	struct policy *policy = g_new0(struct policy, 1);

	policy->references = 1;
	policy->tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free);
	policy->detectors = detectors_new();
	policy->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	policy->receiving = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	policy->marks = g_ptr_array_new();
	policy->deciding_names = g_ptr_array_new();
	policy->watching_names = g_ptr_array_new();
	policy->match_context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(policy->match_context, MATCH_LIMIT);
	pcre2_set_depth_limit(policy->match_context, DEPTH_LIMIT);
	pcre2_set_heap_limit(policy->match_context, HEAP_LIMIT_KIB);
	return policy;
}

static void
use_tables_of_settings(struct parser *parser, const struct settings_reader *reader)
{
	const GPtrArray *tables = settings_reader_tables(reader);

	for (guint i = 0; i < tables->len; i++) {
		const struct token *token = g_ptr_array_index(tables, i);
		struct table_use use = {NULL, NULL, g_strdup(token->text), token->place};

		g_array_append_val(parser->uses, use);
	}
}

static void
read_logins(struct parser *parser)
{
	struct policy *policy = parser->policy;
	struct fault fault;

	policy->logins = logins_load(policy->settings->sign_logins, &fault);
	if (policy->logins == NULL)
		g_ptr_array_add(parser->errors, g_strdup(fault.text));
}

/* Line by line, so that errors appear in the order of the file. */
static void
read_lines(struct parser *parser)
{
	const struct configuration *configuration = parser->configuration;
	struct settings_reader *reader = settings_reader_new(configuration, parser->errors);
	bool good;

	for (guint i = 0; i < configuration->lines->len; i++) {
		const struct configuration_line *line = g_ptr_array_index(configuration->lines, i);

		if (line->is_rule)
			parser_line(parser, line);
		else
			settings_reader_line(reader, line);
	}
	good = parser->errors->len == 0;
	use_tables_of_settings(parser, reader);
	parser->policy->text = settings_reader_public(reader);
	parser->policy->settings = settings_reader_finish(reader);
	read_logins(parser);
	parser_resolve_tables(parser);
	parser_resolve_directories(parser);
	parser_resolve_detectors(parser);
	g_ptr_array_add(parser->policy->marks, NULL);
	g_ptr_array_add(parser->policy->deciding_names, NULL);
	g_ptr_array_add(parser->policy->watching_names, NULL);
	if (good)
		parser_review(parser);
}

void
policy_complaints_init(struct policy_complaints *complaints)
{
	complaints->errors = g_ptr_array_new_with_free_func(g_free);
	complaints->warnings = g_ptr_array_new_with_free_func(g_free);
}

void
policy_complaints_clear(struct policy_complaints *complaints)
{
	g_clear_pointer(&complaints->errors, g_ptr_array_unref);
	g_clear_pointer(&complaints->warnings, g_ptr_array_unref);
}

struct policy *
policy_load(const char *path, const struct policy_method *methods,
	    struct policy_complaints *complaints)
{
	g_autoptr(configuration_auto) configuration = configuration_read(path, complaints->errors);
	g_autoptr(policy_auto) policy = NULL;
	struct parser parser = {.configuration = configuration,
				.methods = methods,
				.errors = complaints->errors,
				.warnings = complaints->warnings};

	if (configuration == NULL)
		return NULL;
	parser.policy = policy = policy_new();
	policy->files = g_ptr_array_ref(configuration->files);
	parser.uses = g_array_new(FALSE, FALSE, sizeof(struct table_use));
	g_array_set_clear_func(parser.uses, (GDestroyNotify)table_use_clear);
	parser.detector_uses = g_array_new(FALSE, FALSE, sizeof(struct detector_use));
	g_array_set_clear_func(parser.detector_uses, (GDestroyNotify)detector_use_clear);
	parser.lookups = g_array_new(FALSE, FALSE, sizeof(struct lookup_use));
	parser.indexes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	read_lines(&parser);
	g_array_unref(parser.lookups);
	g_hash_table_unref(parser.indexes);
	g_array_unref(parser.uses);
	g_array_unref(parser.detector_uses);
	if (complaints->errors->len > 0)
		return NULL;
	policy->digest = sources_digest(policy);
	policy->file_list = sources_shown(policy);
	return g_steal_pointer(&policy);
}

struct policy *
policy_read(const char *path, const struct policy_method *methods)
{
	g_auto(policy_complaints_auto) complaints = {0};
	struct policy *policy;

	policy_complaints_init(&complaints);
	policy = policy_load(path, methods, &complaints);
	configuration_log(complaints.errors);
	for (guint i = 0; i < complaints.warnings->len; i++)
		log_warning("%s", (const char *)g_ptr_array_index(complaints.warnings, i));
	return policy;
}

/* --- who may send as whom --- */

bool
policy_vouches_for(const struct policy *policy, const char *login, const char *sender)
{
	if (login == NULL || *login == '\0')
		return false;
	return policy->settings->sign == SIGN_MTA ||
	       logins_may_send_as(policy->logins, login, sender);
}

bool
policy_lists_login(const struct policy *policy, const char *login, const char *address)
{
	return logins_may_send_as(policy->logins, login, address);
}

bool
policy_signs_for(const struct policy *policy, const char *login, const char *sender)
{
	return policy->settings->sign == SIGN_ANY || policy_vouches_for(policy, login, sender);
}

/* --- tables --- */

struct table *
policy_find_table(const struct policy *policy, const char *name)
{
	for (guint i = 0; i < policy->tables->len; i++) {
		struct table *table = g_ptr_array_index(policy->tables, i);

		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

bool
policy_table_has(const struct policy *policy, struct database *database, const char *table,
		 const char *address, bool *has_r, struct fault *fault)
{
	const struct table *found = policy_find_table(policy, table);

	*has_r = false;
	if (found == NULL)
		return fault_set(fault, FAULT_BUG, "asking the table <%s>: there is none", table);
	return table_has_address(found, database, address, has_r, fault);
}

/* A rule with `hold` names addresses, not domains. */
bool
policy_may_approve(const struct policy *policy, const char *officers, const char *address)
{
	const struct table *table = policy_find_table(policy, officers);

	return table != NULL && strchr(address, '@') != NULL &&
	       g_hash_table_contains(table->entries, address);
}

const char *const *
policy_hold_tags(const struct policy *policy, const char *text)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(policy->rules, i);

		if (rule->hold != NULL && strcmp(rule->text, text) == 0)
			return (const char *const *)rule->tags->pdata;
	}
	return NULL;
}

bool
policy_table_give(const struct policy *policy, const char *table, const GPtrArray *members,
		  struct fault *fault)
{
	struct table *found = policy_find_table(policy, table);

	if (found == NULL)
		return fault_set(fault, FAULT_CONFIG, "there is no table <%s> in the rules", table);
	return table_give(found, members, fault);
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

bool
policy_asks_directories(const struct policy *policy)
{
	for (guint i = 0; i < policy->tables->len; i++)
		if (((const struct table *)g_ptr_array_index(policy->tables, i))->lookup != NULL)
			return true;
	return false;
}

bool
policy_check_directories(const struct policy *policy, struct fault *fault)
{
	for (guint i = 0; i < policy->tables->len; i++) {
		const struct table *table = g_ptr_array_index(policy->tables, i);
		bool ignored;

		if (table->lookup != NULL &&
		    !directory_lookup_ask(table->lookup, "nobody@invalid", &ignored, fault))
			return fault_within(fault, "asking the table <%s>", table->name);
	}
	return true;
}
