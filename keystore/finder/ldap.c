/*
 * Keys of an address in directories, and whether one has an entry for it. Each directory that is
 * responsible for the address is asked on a thread of its own, which nobody waits for longer than
 * the question allows: the system may take its time to look up a server's name.
 */
#include <string.h>

#include "keystore/finder/directory.h"
#include "keystore/finder/directory_values.h"
#include "keystore/finder/finders.h"

enum { UNANSWERED_MAX = 32 }; /* threads, of all directories together */

static gint unanswered;

/* What is taken from the entries of an address. */
struct kind {
	const char *filter;
	const char *const *attributes;
	/* Adds what is in one value; without attributes, that there is an entry. */
	void (*take)(GPtrArray *items, const char *attribute, GBytes *value);
	const char *nothing; /* what is said if there is none */
};

/* What is asked. */
struct request {
	const struct finder_task *task;
	const struct kind *kind;
	const char *directory, *filter; /* NULL: all that are responsible, and the usual one */
};

/* All directories that are asked one question; kept by whoever asks and by each thread. */
struct inquiry {
	gatomicrefcount references;
	GMutex mutex;
	GCond changed;
	guint missing;	      /* directories that have not answered */
	guint failed;	      /* that could not be asked */
	GPtrArray *items;     /* GBytes */
	char *place;	      /* the first entry with something */
	struct fault failure; /* the first */
};

/* One directory that is asked; only for its thread. */
struct visit {
	struct inquiry *inquiry;
	GPtrArray *directories; /* keeps `directory` */
	const struct directory *directory;
	const struct kind *kind;
	char *filter;
	gint64 until;
	GPtrArray *items;
	char *place;
};

static void
inquiry_unref(struct inquiry *inquiry)
{
	if (!g_atomic_ref_count_dec(&inquiry->references))
		return;
	g_mutex_clear(&inquiry->mutex);
	g_cond_clear(&inquiry->changed);
	g_ptr_array_unref(inquiry->items);
	g_free(inquiry->place);
	g_free(inquiry);
}

static struct inquiry *
inquiry_new(void)
{
	struct inquiry *inquiry = g_new0(struct inquiry, 1);

	g_atomic_ref_count_init(&inquiry->references);
	g_mutex_init(&inquiry->mutex);
	g_cond_init(&inquiry->changed);
	inquiry->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return inquiry;
}

/* --- values --- */

static void
take_as_it_is(GPtrArray *items, const char *attribute, GBytes *value)
{
	(void)attribute;
	directory_values_add(items, value);
}

static void
take_certificates(GPtrArray *items, const char *attribute, GBytes *value)
{
	if (g_str_has_prefix(attribute, "userSMIME"))
		directory_values_add_signed_data(items, value);
	else
		directory_values_add(items, value);
}

/* With and without ";binary" (RFC 4523 §4.1; not every server has it). */
static const char *const certificate_attributes[] = {"userCertificate;binary", "userCertificate",
						     "userSMIMECertificate;binary",
						     "userSMIMECertificate", NULL};
static const char *const openpgp_attributes[] = {"pgpKey", "pgpKeyV2", NULL};

static void
take_entry(GPtrArray *items, const char *attribute, GBytes *value)
{
	(void)attribute;
	(void)value;
	g_ptr_array_add(items, g_bytes_new_static("", 0));
}

static const char *const no_attributes[] = {NULL};

static const char no_key[] = "no directory has a key of this address";
static const struct kind certificates = {"(|(mail=%s)(proxyAddresses=smtp:%s))",
					 certificate_attributes, take_certificates, no_key};
static const struct kind openpgp_keys = {"(|(mail=%s)(gpgMailbox=%s)(pgpUserID=*<%s>*))",
					 openpgp_attributes, take_as_it_is, no_key};
static const struct kind entries = {NULL, no_attributes, take_entry,
				    "the directory has no such entry"};

/* --- one directory --- */

static bool
found(void *context, const char *entry, const char *attribute, GBytes *value)
{
	struct visit *visit = context;

	visit->kind->take(visit->items, attribute, value);
	if (visit->place == NULL && visit->items->len > 0)
		visit->place = g_strdup(entry);
	return visit->items->len <= FINDER_ITEMS_MAX;
}

static void
report(struct visit *visit, const struct fault *fault)
{
	struct inquiry *inquiry = visit->inquiry;

	g_mutex_lock(&inquiry->mutex);
	if (fault != NULL && inquiry->failed++ == 0)
		inquiry->failure = *fault;
	for (guint i = 0; fault == NULL && i < visit->items->len; i++)
		directory_values_add(inquiry->items, g_ptr_array_index(visit->items, i));
	if (inquiry->items->len > 0 && inquiry->place == NULL)
		inquiry->place = g_steal_pointer(&visit->place);
	inquiry->missing--;
	g_cond_signal(&inquiry->changed);
	g_mutex_unlock(&inquiry->mutex);
}

static void *
run(void *data)
{
	struct visit *visit = data;
	const struct directory_search search = {.filter = visit->filter,
						.attributes = visit->kind->attributes,
						.until = visit->until,
						.found = found,
						.context = visit};
	struct fault fault;
	bool good = directory_search(visit->directory, &search, &fault);

	report(visit, good ? NULL : &fault);
	inquiry_unref(visit->inquiry);
	g_ptr_array_unref(visit->directories);
	g_ptr_array_unref(visit->items);
	g_free(visit->place);
	g_free(visit->filter);
	g_free(visit);
	g_atomic_int_add(&unanswered, -1);
	return NULL;
}

static void
start(struct inquiry *inquiry, const struct directory *directory, const struct request *request)
{
	struct visit *visit = g_new0(struct visit, 1);
	const struct finder_task *task = request->task;
	const struct kind *kind = request->kind;
	const char *filter = request->filter != NULL	  ? request->filter
			     : *directory->filter == '\0' ? kind->filter
							  : directory->filter;

	g_atomic_ref_count_inc(&inquiry->references);
	visit->inquiry = inquiry;
	visit->directories = g_ptr_array_ref(task->settings->directories);
	visit->directory = directory;
	visit->kind = kind;
	visit->filter = directory_filter(filter, task->subject);
	visit->until = task->until;
	visit->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_thread_unref(g_thread_new("ldap", run, visit));
}

/* --- the question --- */

static bool
is_responsible(const struct directory *directory, const struct request *request)
{
	const char *at = strrchr(request->task->subject, '@');

	if (request->directory != NULL)
		return strcmp(directory->name, request->directory) == 0;
	return at != NULL && (*directory->domains == NULL ||
			      g_strv_contains((const char *const *)directory->domains, at + 1));
}

/* False: directories owe too many answers already. */
static bool
start_all(struct inquiry *inquiry, const struct request *request)
{
	const GPtrArray *directories = request->task->settings->directories;

	for (guint i = 0; i < directories->len; i++) {
		const struct directory *directory = g_ptr_array_index(directories, i);

		if (!is_responsible(directory, request))
			continue;
		if (g_atomic_int_add(&unanswered, 1) >= UNANSWERED_MAX) {
			g_atomic_int_add(&unanswered, -1);
			return false;
		}
		g_mutex_lock(&inquiry->mutex);
		inquiry->missing++;
		g_mutex_unlock(&inquiry->mutex);
		start(inquiry, directory, request);
	}
	return true;
}

/* The mutex is locked. What one directory has is found even if another could not be asked. */
/* Why there may be more than was found; NULL: there is not. */
static const char *
why_partial(const struct inquiry *inquiry, bool asked_all)
{
	if (!asked_all)
		return "the directories owe too many answers already";
	if (inquiry->failed > 0)
		return inquiry->failure.text;
	return inquiry->missing > 0 ? "a directory has not answered in time" : NULL;
}

static void
conclude(const struct inquiry *inquiry, bool asked_all, const char *nothing,
	 struct finder_answer *answer)
{
	const char *partial = why_partial(inquiry, asked_all);

	answer->place = g_strdup(inquiry->place);
	answer->secure = inquiry->items->len > 0;
	for (guint i = 0; i < inquiry->items->len && i <= FINDER_ITEMS_MAX; i++)
		finder_found(answer, g_bytes_ref(g_ptr_array_index(inquiry->items, i)));
	if (inquiry->items->len > FINDER_ITEMS_MAX)
		finder_failed(answer, "the directories have more than %d keys", FINDER_ITEMS_MAX);
	else if (inquiry->items->len > 0 && partial != NULL)
		finder_partial(answer, partial);
	else if (inquiry->items->len > 0)
		return;
	else if (partial != NULL)
		finder_failed(answer, "%s", partial);
	else
		finder_nothing(answer, "%s", nothing);
}

static void
ask(const struct request *request, struct finder_answer *answer)
{
	struct inquiry *inquiry = inquiry_new();
	bool asked_all = start_all(inquiry, request);

	g_mutex_lock(&inquiry->mutex);
	while (inquiry->missing > 0 &&
	       g_cond_wait_until(&inquiry->changed, &inquiry->mutex, request->task->until))
		;
	conclude(inquiry, asked_all, request->kind->nothing, answer);
	g_mutex_unlock(&inquiry->mutex);
	inquiry_unref(inquiry);
}

static void
ask_for_certificates(const struct finder_task *task, struct finder_answer *answer)
{
	ask(&(struct request){.task = task, .kind = &certificates}, answer);
}

static void
ask_for_openpgp_keys(const struct finder_task *task, struct finder_answer *answer)
{
	ask(&(struct request){.task = task, .kind = &openpgp_keys}, answer);
}

static void
ask_for_entry(const struct finder_task *task, struct finder_answer *answer)
{
	gsize length = 0;
	const char *body = task->body == NULL ? "" : g_bytes_get_data(task->body, &length);
	g_autofree char *text = g_strndup(body, length);
	char *filter = strchr(text, '\n');

	if (filter == NULL || strlen(text) != length) {
		finder_failed(answer, "the question has no filter");
		return;
	}
	*filter++ = '\0';
	if (settings_directory(task->settings, text) != NULL)
		ask(&(struct request){task, &entries, text, filter}, answer);
	else
		finder_failed(answer,
			      "postseal-finder knows no directory %s: was it restarted "
			      "since postseal.conf was changed?",
			      text);
}

static bool
begin(const struct settings *settings, struct fault *fault)
{
	directory_begin();
	for (guint i = 0; i < settings->directories->len; i++)
		if (!directory_check(g_ptr_array_index(settings->directories, i), fault))
			return false;
	return true;
}

const struct finder finder_ldap_entry = {
	.wish = FINDER_LDAP_ENTRY, .is_shared = true, .ask = ask_for_entry};
const struct finder finder_ldap_smime = {
	.wish = FINDER_LDAP_SMIME, .is_shared = true, .begin = begin, .ask = ask_for_certificates};
const struct finder finder_ldap_pgp = {
	.wish = FINDER_LDAP_PGP, .is_shared = true, .begin = begin, .ask = ask_for_openpgp_keys};
