#include "policy/text_words.h"

#include <string.h>

#include "policy/detect.h"
#include "policy/dictionary.h"

struct word_search {
	const struct policy_facts *facts;
	struct dictionary_finds *finds;
	unsigned enough;
	bool found;
	const char *where, *field; /* as of found_where() */
	char *first;		   /* where the first entry is */
};

static bool
look(void *visitor, const char *text, size_t length)
{
	struct word_search *search = visitor;
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);

	search->found = dictionary_search(search->finds, valid, strlen(valid), search->enough);
	if (search->first == NULL && dictionary_finds_count(search->finds) > 0)
		search->first = found_where(search->facts, search->where, search->field);
	return !search->found;
}

static bool
look_at_name(void *visitor, const char *name, const char *type)
{
	(void)type;
	return name == NULL || look(visitor, name, strlen(name));
}

/* What people write into the header counts as text, in each way in which it may be read. */
static bool
look_at_fields(struct word_search *search, struct fault *fault)
{
	static const char *const fields[] = {"Subject", "Thread-Topic", "Comments", "Keywords",
					     "X-Message-Flag"};
	const struct policy_facts *facts = search->facts;

	for (size_t i = 0; i < G_N_ELEMENTS(fields) && !search->found; i++) {
		search->field = fields[i];
		if (!facts->headers(facts->context, fields[i], true, look, search, fault))
			return false;
	}
	search->field = NULL;
	return true;
}

/* And so do the names of files. */
static bool
look_everywhere(struct word_search *search, struct fault *fault)
{
	const struct policy_facts *facts = search->facts;

	search->field = "Subject";
	if (!look(search, facts->subject, strlen(facts->subject)))
		return true;
	if (facts->headers != NULL && !look_at_fields(search, fault))
		return false;
	search->field = NULL;
	search->where = "file name";
	if (!search->found && facts->parts != NULL &&
	    !facts->parts(facts->context, look_at_name, search, fault))
		return false;
	search->where = NULL;
	return search->found || facts->text(facts->context, look, search, fault);
}

static void
note(struct policy_question *question, const struct condition *condition,
     const struct word_search *search)
{
	if (search->first == NULL)
		return;
	if (question->words == NULL)
		question->words =
			g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)json_decref);
	g_hash_table_replace(question->words, (gpointer)condition,
			     json_pack("{s:s, s:i, s:s}", "table", condition->table->name, "count",
				       (int)dictionary_finds_count(search->finds), "part",
				       search->first));
}

bool
text_words_match(struct policy_question *question, const struct condition *condition,
		 bool *matched_r, struct fault *fault)
{
	struct word_search search = {
		.facts = &question->facts,
		.finds = dictionary_finds_new(condition->table->words),
		.enough = condition->size == 0 ? 1 : (unsigned)condition->size,
	};
	const bool looked = look_everywhere(&search, fault);

	if (looked)
		note(question, condition, &search);
	dictionary_finds_free(search.finds);
	g_free(search.first);
	*matched_r = search.found;
	return looked;
}

json_t *
text_words_found(const struct policy_question *question, const struct condition *condition)
{
	if (question->words == NULL)
		return NULL;
	return json_incref(g_hash_table_lookup(question->words, condition));
}
