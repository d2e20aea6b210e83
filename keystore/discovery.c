#include "keystore/discovery.h"

#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "keystore/answers.h"
#include "keystore/found_reader.h"
#include "keystore/round.h"

enum {
	ASKED_AT_ONCE = 64,	 /* questions under way, of all messages together */
	ASKED_FOR_MESSAGE = 200, /* more of them are left to the courier */
	BATCH = 8,		 /* of a courier */
	SOURCE_AT_ONCE = 8,	 /* no more of a batch while a source has that many under way */
	PATIENCE_SECONDS = 30,	 /* a courier's, with a question; it holds it for longer */
	ROUND_SECONDS = 1,	 /* before a courier leaves those that are slow to themselves */
	READING_SECONDS = 15,	 /* for parsing, which goes on when the message no longer waits */
	GRACE_SECONDS = 5,	 /* before the courier takes over */
};

struct discovery {
	struct database *database;
	char *finder;
	char **sources;
	struct found_reader *reader;
	GThreadPool *pool;
	GMutex lock;
	bool unreachable;      /* the finder, as was logged */
	GHashTable *under_way; /* of a courier: struct key_source -> how many questions */
};

struct task {
	struct round *round;
	struct key_asking *asking;
};

/* --- one question --- */

static void
tell_finder(struct discovery *discovery, const char *trouble)
{
	bool news;

	g_mutex_lock(&discovery->lock);
	news = discovery->unreachable != (trouble != NULL);
	discovery->unreachable = trouble != NULL;
	g_mutex_unlock(&discovery->lock);
	if (trouble != NULL)
		metrics_count(METRIC_FINDER_UNREACHABLE, "", 1);
	if (news && trouble != NULL)
		log_warning("keys from the network: %s", trouble);
	else if (news)
		log_info("keys from the network: postseal-finder answers again");
}

static void
count_answer(const struct key_asking *asking, const char *outcome)
{
	g_autofree char *labels =
		g_strdup_printf("source=\"%s\",outcome=\"%s\"", asking->source->name, outcome);

	metrics_count(METRIC_KEY_ANSWERS, labels, 1);
}

/* What of an answer may be keys. */
static GPtrArray *
items_of(const struct key_asking *asking, const struct finder_answer *answer)
{
	GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)found_item_free);

	for (guint i = 0; i < answer->items->len; i++) {
		GBytes *bytes = g_ptr_array_index(answer->items, i);
		struct found_item item = {.bytes = NULL};

		if (asking->source->take == NULL)
			item.bytes = g_bytes_ref(bytes);
		else if (!asking->source->take(bytes, asking->kind, &item))
			continue;
		g_ptr_array_add(items, g_memdup2(&item, sizeof item));
	}
	return items;
}

static bool
find_known(struct discovery *discovery, const struct key_asking *asking, GPtrArray *known,
	   struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	if (asking->kind != KEY_PGP)
		return true;
	connection = database_take(discovery->database, fault);
	return connection != NULL && answers_known(connection, asking->address, known, fault);
}

/* Holds no connection to the database while it waits for a process. */
static GPtrArray *
read_keys(struct discovery *discovery, const struct key_asking *asking,
	  const struct finder_answer *answer, char **why_r, struct fault *fault)
{
	g_autoptr(GPtrArray) items = items_of(asking, answer);
	g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	struct found_files files = {
		.kind = asking->kind, .address = asking->address, .items = items, .known = known};

	return find_known(discovery, asking, known, fault)
		       ? found_read(discovery->reader, &files,
				    g_get_monotonic_time() + READING_SECONDS * G_USEC_PER_SEC,
				    why_r, fault)
		       : NULL;
}

static void
tell_conflict(struct connection *connection, const struct key_asking *asking)
{
	g_autofree char *conflict = NULL;
	struct fault fault;

	if (!answers_conflict(connection, asking, &conflict, &fault) || conflict == NULL)
		return;
	metrics_count(METRIC_KEY_CONFLICTS, "", 1);
	log_warning("the sources contradict each other about the %s keys of %s: %s",
		    key_kind_name(asking->kind), asking->address, conflict);
}

static bool
store(struct discovery *discovery, const struct key_outcome *outcome, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(discovery->database, fault);

	if (connection == NULL || !answers_put(connection, outcome, fault))
		return fault_within(fault, "keeping what %s says about %s",
				    outcome->asking->source->name, outcome->asking->address);
	count_answer(outcome->asking, finder_outcome_name(outcome->outcome));
	if (outcome->outcome == FINDER_FOUND)
		tell_conflict(connection, outcome->asking);
	return true;
}

/* False if keys could not be read. */
static bool
judge(struct discovery *discovery, const struct finder_answer *answer, struct key_outcome *outcome,
      GPtrArray **keys_r, char **why_r, struct fault *fault)
{
	if (answer->outcome != FINDER_FOUND)
		return true;
	/* An answer that anybody on the way could have written is none. */
	if (!answer->secure) {
		outcome->outcome = FINDER_FAILED;
		outcome->why = "the answer came over a way that proves nothing";
		return true;
	}
	*keys_r = read_keys(discovery, outcome->asking, answer, why_r, fault);
	if (*keys_r == NULL)
		return false;
	outcome->keys = *keys_r;
	if (*why_r != NULL)
		outcome->why = *why_r;
	outcome->outcome = outcome->keys->len == 0 ? FINDER_NOTHING : FINDER_FOUND;
	return true;
}

static bool
take_answer(struct discovery *discovery, const struct key_asking *asking,
	    const struct finder_answer *answer, bool is_courier, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = NULL;
	g_autofree char *why = NULL;
	struct key_outcome outcome = {.asking = asking,
				      .outcome = answer->outcome,
				      .lifetime = answer->lifetime,
				      .secure = answer->secure,
				      .is_partial = answer->is_partial,
				      .place = answer->place,
				      .why = answer->why};

	if (!judge(discovery, answer, &outcome, &keys, &why, fault)) {
		if (!is_courier)
			return false;
		log_warning("keys of %s from %s: %s", asking->address, asking->source->name,
			    fault->text);
		outcome.outcome = FINDER_FAILED;
		outcome.why = fault->text;
	}
	return store(discovery, &outcome, fault);
}

/* False if it is still to be asked: the courier has more patience, and asks again if the finder was
 * not there. */
static bool
ask(struct discovery *discovery, const struct key_asking *asking, const struct round *round)
{
	const struct finder_question question = {.wish = asking->source->wishes[asking->kind],
						 .subject = asking->address};
	g_auto(finder_answer_auto) answer = {0};
	struct fault fault;
	bool reached = finder_ask(discovery->finder, &question, 1, round->until, &answer, &fault);

	tell_finder(discovery, reached ? NULL : fault.text);
	if (!reached || (answer.outcome == FINDER_FAILED && !round->is_courier)) {
		count_answer(asking, "late");
		return false;
	}
	if (take_answer(discovery, asking, &answer, round->is_courier, &fault))
		return true;
	log_warning("%s", fault.text);
	return false;
}

static void
count_under_way(struct discovery *discovery, const struct key_source *source, int change)
{
	guint count;

	g_mutex_lock(&discovery->lock);
	count = GPOINTER_TO_UINT(g_hash_table_lookup(discovery->under_way, source));
	g_hash_table_insert(discovery->under_way, (gpointer)source,
			    GUINT_TO_POINTER(count + (guint)change));
	g_mutex_unlock(&discovery->lock);
}

/* Names, one a line: sources that stand still, or nearly so, have no more to be asked; caller
 * frees. */
static char *
busy_sources(struct discovery *discovery)
{
	GString *names = g_string_new(NULL);

	g_mutex_lock(&discovery->lock);
	for (const struct key_source *const *source = key_sources; *source != NULL; source++)
		if (GPOINTER_TO_UINT(g_hash_table_lookup(discovery->under_way, *source)) >=
		    SOURCE_AT_ONCE)
			g_string_append_printf(names, "%s%s", names->len > 0 ? "\n" : "",
					       (*source)->name);
	g_mutex_unlock(&discovery->lock);
	return g_string_free(names, FALSE);
}

static void
run(gpointer data, gpointer context)
{
	struct task *task = data;
	const bool answered = ask(context, task->asking, task->round);

	if (task->round->is_courier)
		count_under_way(context, task->asking->source, -1);
	round_leave(task->round, answered);
	key_asking_free(task->asking);
	g_free(task);
}

/* --- many at once --- */

/* Returns when all are settled, or at `wait`, how many were not, or came to nothing in time. Takes
 * the askings out of the array. */
static guint
ask_all(struct discovery *discovery, GPtrArray *askings, gint64 until, gint64 wait, bool is_courier)
{
	struct round *round = round_new(askings->len, until, is_courier);

	while (askings->len > 0) {
		struct task *task = g_new(struct task, 1);

		*task = (struct task){.round = round,
				      .asking = g_ptr_array_steal_index(askings, askings->len - 1)};
		if (is_courier)
			count_under_way(discovery, task->asking->source, 1);
		g_thread_pool_push(discovery->pool, task, NULL);
	}
	return round_wait(round, wait);
}

static bool
is_in_network(const struct key_source *source)
{
	return key_source_is_asked(source, KEY_SMIME) || key_source_is_asked(source, KEY_PGP);
}

struct discovery *
discovery_new(const struct discovery_settings *settings)
{
	struct discovery *discovery;
	bool any = false;

	for (const struct key_source *const *source = key_sources; *source != NULL; source++)
		any |= is_in_network(*source) &&
		       g_strv_contains((const char *const *)settings->sources, (*source)->name);
	if (!any)
		return NULL;
	discovery = g_new0(struct discovery, 1);
	discovery->database = settings->database;
	discovery->finder = g_strdup(settings->finder);
	discovery->sources = g_strdupv((char **)settings->sources);
	discovery->reader = found_reader_new(settings->gpg_program);
	discovery->pool = g_thread_pool_new(run, discovery, ASKED_AT_ONCE, FALSE, NULL);
	discovery->under_way = g_hash_table_new(NULL, NULL);
	g_mutex_init(&discovery->lock);
	return discovery;
}

void
discovery_free(struct discovery *discovery)
{
	if (discovery == NULL)
		return;
	g_thread_pool_free(discovery->pool, FALSE, TRUE);
	found_reader_free(discovery->reader);
	g_strfreev(discovery->sources);
	g_free(discovery->finder);
	g_hash_table_unref(discovery->under_way);
	g_mutex_clear(&discovery->lock);
	g_free(discovery);
}

/* Adds the questions for an address; `known`: only for sources that come before its own if
 * `before`, and after it otherwise. */
static void
add_askings(const struct discovery *discovery, const struct discovery_want *want, bool before,
	    GPtrArray *askings)
{
	for (unsigned i = 0; discovery->sources[i] != NULL; i++)
		for (const struct key_source *const *s = key_sources; *s != NULL; s++) {
			const bool comes_before = want->known == NULL || i + 1 <= want->known->rank;

			if (strcmp((*s)->name, discovery->sources[i]) != 0 ||
			    !key_source_is_asked(*s, want->kind) || comes_before != before ||
			    (want->is_employee && !(*s)->for_employees))
				continue;
			g_ptr_array_add(askings, key_asking_new(want->address, *s, want->kind));
		}
}

/* --- before a decision --- */

/* The questions without a good answer: those that the message waits for, and the others. */
static bool
sort_out(struct discovery *discovery, const struct discovery_want *wants, size_t count,
	 GPtrArray *now, GPtrArray *later, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	for (size_t i = 0; i < count; i++) {
		add_askings(discovery, &wants[i], true, now);
		add_askings(discovery, &wants[i], false, later);
	}
	connection = database_take(discovery->database, fault);
	if (connection == NULL || !answers_drop_good(connection, now, fault) ||
	    !answers_drop_good(connection, later, fault))
		return false;
	while (now->len > ASKED_FOR_MESSAGE)
		g_ptr_array_add(later, g_ptr_array_steal_index(now, now->len - 1));
	return answers_want(connection, later, 0, fault) &&
	       answers_want(connection, now, GRACE_SECONDS, fault);
}

/* Whoever was asked about and has no good answer now is awaited. */
static bool
mark_awaited(struct discovery *discovery, struct discovery_want *wants, size_t count,
	     struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(discovery->database, fault);
	g_autoptr(GPtrArray) missing =
		g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);

	for (size_t i = 0; i < count; i++)
		add_askings(discovery, &wants[i], true, missing);
	if (connection == NULL || !answers_drop_good(connection, missing, fault))
		return false;
	for (size_t i = 0; i < count; i++)
		for (guint j = 0; j < missing->len; j++) {
			const struct key_asking *asking = g_ptr_array_index(missing, j);

			wants[i].awaited |= asking->kind == wants[i].kind &&
					    strcmp(asking->address, wants[i].address) == 0;
		}
	return true;
}

bool
discovery_before(struct discovery *discovery, struct discovery_want *wants, size_t count,
		 gint64 until)
{
	g_autoptr(GPtrArray) now = g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);
	g_autoptr(GPtrArray) later =
		g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);
	struct fault fault;

	if (!sort_out(discovery, wants, count, now, later, &fault)) {
		log_warning("asking for keys: %s", fault.text);
		return false;
	}
	if (now->len == 0)
		return false;
	ask_all(discovery, now, until, until, false);
	if (!mark_awaited(discovery, wants, count, &fault))
		log_warning("asking for keys: %s", fault.text);
	return true;
}

/* --- figures --- */

void
discovery_expect(void)
{
	static const char *const outcomes[] = {"found", "nothing", "failed", "late"};

	for (const struct key_source *const *source = key_sources; *source != NULL; source++)
		for (size_t i = 0; i < G_N_ELEMENTS(outcomes) && is_in_network(*source); i++) {
			g_autofree char *labels = g_strdup_printf("source=\"%s\",outcome=\"%s\"",
								  (*source)->name, outcomes[i]);

			metrics_expect(METRIC_KEY_ANSWERS, labels);
		}
	metrics_expect(METRIC_KEY_CONFLICTS, "");
	metrics_expect(METRIC_FINDER_UNREACHABLE, "");
}

/* --- with patience --- */

bool
discovery_round(struct discovery *discovery, bool *more_r, struct fault *fault)
{
	const gint64 now = g_get_monotonic_time();
	g_autofree char *busy = busy_sources(discovery);
	g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);

	{
		g_autoptr(connection_auto) connection = database_take(discovery->database, fault);

		if (connection == NULL ||
		    !answers_claim(connection, discovery->sources, busy, BATCH, due, more_r, fault))
			return false;
	}
	ask_all(discovery, due, now + PATIENCE_SECONDS * G_USEC_PER_SEC,
		now + ROUND_SECONDS * G_USEC_PER_SEC, true);
	return true;
}

bool
discovery_ask(struct discovery *discovery, const char *address, bool is_employee, gint64 until,
	      struct fault *fault)
{
	g_autoptr(GPtrArray) askings =
		g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);
	guint without;

	for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++) {
		const struct discovery_want want = {
			.address = address, .kind = kind, .is_employee = is_employee};

		add_askings(discovery, &want, true, askings);
	}
	without =
		ask_all(discovery, askings, until, until + READING_SECONDS * G_USEC_PER_SEC, true);
	return without == 0 ||
	       fault_set(fault, FAULT_TIMEOUT,
			 "asking for keys of %s: %u answers could not be kept in time", address,
			 without);
}
