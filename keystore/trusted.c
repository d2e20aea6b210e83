#include "keystore/trusted.h"

#include <string.h>

/* A usable key, and how far it is trusted. */
struct candidate {
	struct key *key; /* borrowed */
	enum trust_level level;
};

bool
trusted_level(struct connection *connection, const struct trusted_question *question,
	      const struct key *key, enum trust_level *level_r, struct fault *fault)
{
	const struct trust_question stated = {.sender = question->sender,
					      .address = key->gateway != NULL ? key->gateway
									      : question->address,
					      .kind = key_kind_name(key->kind),
					      .subject = key->fingerprint,
					      .colleagues = question->colleagues,
					      .by_authority = key->by_authority};

	return trust_level_find(connection, &stated, level_r, fault);
}

static bool
is_among(const GArray *candidates, const struct key *key)
{
	for (guint i = 0; i < candidates->len; i++)
		if (strcmp(g_array_index(candidates, struct candidate, i).key->fingerprint,
			   key->fingerprint) == 0)
			return true;
	return false;
}

/* Every usable key once, with its level. */
static bool
find_candidates(struct connection *connection, const struct trusted_question *question,
		const GPtrArray *known, GArray *candidates, GString *passed_over,
		struct fault *fault)
{
	time_t now = time(NULL);

	for (guint i = 0; i < known->len; i++) {
		struct candidate candidate = {.key = g_ptr_array_index(known, i)};
		g_autofree char *why = NULL;

		if (!key_is_usable(candidate.key, KEY_ENCRYPTS, now, &why)) {
			key_pass_over(passed_over, candidate.key, why);
		} else if (question->is_employee && keystore_bars_employee(candidate.key) != NULL) {
			key_pass_over(passed_over, candidate.key,
				      keystore_bars_employee(candidate.key));
		} else if (!is_among(candidates, candidate.key)) {
			if (!trusted_level(connection, question, candidate.key, &candidate.level,
					   fault))
				return false;
			g_array_append_val(candidates, candidate);
		}
	}
	return true;
}

static enum trust_level
highest(const GArray *candidates, guint *count_r)
{
	enum trust_level top = TRUST_NONE;

	for (guint i = 0; i < candidates->len; i++)
		top = MAX(top, g_array_index(candidates, struct candidate, i).level);
	*count_r = 0;
	for (guint i = 0; i < candidates->len; i++)
		*count_r += g_array_index(candidates, struct candidate, i).level == top;
	return top;
}

static char *
listed(const GArray *candidates)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < candidates->len; i++) {
		const struct candidate *each = &g_array_index(candidates, struct candidate, i);

		g_string_append_printf(text, "%s%.16s (%s)", i > 0 ? ", " : "",
				       each->key->fingerprint, trust_level_name(each->level));
	}
	return g_string_free(text, FALSE);
}

/* The organisation may vouch for several keys of a person, and so may a sender; anybody else who
 * names two leaves open which is right. */
static void
choose(const struct trusted_question *question, const GArray *candidates, GString *passed_over,
       struct trusted_answer *answer)
{
	guint count;
	bool is_open;

	answer->found = highest(candidates, &count);
	is_open = count > 1 && answer->found < TRUST_ORGANISATION;
	for (guint i = 0; i < candidates->len; i++) {
		const struct candidate *each = &g_array_index(candidates, struct candidate, i);
		g_autofree char *why = NULL;

		if (each->level < question->asked)
			why = g_strdup_printf("its level of trust is %s, the rule asks for %s",
					      trust_level_name(each->level),
					      trust_level_name(question->asked));
		else if (is_open && each->level == answer->found)
			why = g_strdup_printf(
				"another key is claimed at the same level of trust, %s",
				trust_level_name(each->level));
		else if (each->level < answer->found)
			why = g_strdup_printf("its level of trust is %s, another key's is %s",
					      trust_level_name(each->level),
					      trust_level_name(answer->found));
		if (why == NULL)
			g_ptr_array_add(answer->keys, key_ref(each->key));
		else
			key_pass_over(passed_over, each->key, why);
	}
	if (candidates->len > 1 && answer->keys->len < candidates->len)
		answer->conflict = listed(candidates);
}

bool
trusted_find(struct keystore *keystore, struct database *database,
	     const struct trusted_question *question, struct trusted_answer *answer_r,
	     struct fault *fault)
{
	g_autoptr(GPtrArray) known =
		keystore_known(keystore, question->kind, question->address, fault);
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));
	g_autoptr(GString) passed_over = g_string_new(NULL);
	g_autoptr(connection_auto) connection = NULL;

	*answer_r = (struct trusted_answer){0};
	if (known == NULL)
		return false;
	answer_r->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	if (known->len > 0) {
		connection = database_take(database, fault);
		if (connection == NULL ||
		    !find_candidates(connection, question, known, candidates, passed_over, fault))
			return false;
		choose(question, candidates, passed_over, answer_r);
	}
	if (passed_over->len > 0)
		answer_r->passed_over = g_strdup(passed_over->str);
	return true;
}

void
trusted_answer_clear(struct trusted_answer *answer)
{
	g_clear_pointer(&answer->keys, g_ptr_array_unref);
	g_clear_pointer(&answer->passed_over, g_free);
	g_clear_pointer(&answer->conflict, g_free);
}
