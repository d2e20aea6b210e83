#include "keystore/finder/finders.h"

#include <string.h>

#include "core/domain.h"
#include "keystore/finder/asker.h"

static void
answer_ping(const struct finder_task *task, struct finder_answer *answer)
{
	(void)task;
	finder_nothing(answer, "the finder is there");
}

static const struct finder pong = {.wish = FINDER_PING, .is_shared = true, .ask = answer_ping};

static const struct finder *const finders[] = {
	&pong,
	&finder_dnssec,
	&finder_fetch,
	&finder_ldap_entry,
	&finder_ldap_pgp,
	&finder_ldap_smime,
	&finder_mta_sts,
	&finder_ocsp,
	&finder_openpgpkey,
	&finder_servers,
	&finder_smimea,
	&finder_tlsa,
	&finder_wkd,
};

const struct finder *
finder_find(enum finder_wish wish)
{
	for (size_t i = 0; i < G_N_ELEMENTS(finders); i++)
		if (finders[i]->wish == wish)
			return finders[i];
	return NULL;
}

bool
finders_begin(const struct settings *settings, struct fault *fault)
{
	for (size_t i = 0; i < G_N_ELEMENTS(finders); i++)
		if (finders[i]->begin != NULL && !finders[i]->begin(settings, fault))
			return false;
	return true;
}

void
finders_ask(enum finder_wish wish, const struct finder_task *task, struct finder_answer *answer_r)
{
	const struct finder *finder = finder_find(wish);

	*answer_r = (struct finder_answer){.outcome = FINDER_FAILED};
	answer_r->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	if (finder == NULL)
		finder_failed(answer_r, "this postseal-finder does not know how to ask by %s",
			      finder_wish_name(wish));
	else if (finder_milliseconds_left(task) == 0)
		finder_failed(answer_r, "too many questions were waiting for the same place");
	else
		finder->ask(task, answer_r);
}

/* Of a URL, an address or a domain. */
static char *
host_of(const char *subject)
{
	const char *scheme = strstr(subject, "://");
	const char *begin = scheme != NULL ? scheme + strlen("://") : subject;
	const char *at = scheme != NULL ? NULL : strrchr(subject, '@');

	if (scheme != NULL)
		return g_ascii_strdown(begin, (gssize)strcspn(begin, "/?#"));
	return g_ascii_strdown(at != NULL ? at + 1 : subject, -1);
}

char *
finders_place(enum finder_wish wish, const char *subject)
{
	const struct finder *finder = finder_find(wish);
	g_autofree char *host = NULL;

	if (finder == NULL || finder->is_shared)
		return g_strdup(finder_wish_name(wish));
	host = host_of(subject);
	return g_strconcat(finder_wish_name(wish), " ", host, NULL);
}

/* --- answers --- */

void
finder_found(struct finder_answer *answer, GBytes *item)
{
	g_clear_pointer(&answer->why, g_free);
	answer->outcome = FINDER_FOUND;
	g_ptr_array_add(answer->items, item);
}

void
finder_partial(struct finder_answer *answer, const char *why)
{
	answer->is_partial = true;
	g_free(answer->why);
	answer->why = g_strdup(why);
}

static void __attribute__((format(printf, 3, 0)))
say(struct finder_answer *answer, enum finder_outcome outcome, const char *format, va_list args)
{
	g_free(answer->why);
	answer->outcome = outcome;
	answer->why = g_strdup_vprintf(format, args);
	g_ptr_array_set_size(answer->items, 0);
}

void
finder_nothing(struct finder_answer *answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(answer, FINDER_NOTHING, format, args);
	va_end(args);
}

void
finder_failed(struct finder_answer *answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(answer, FINDER_FAILED, format, args);
	va_end(args);
}

const char *
finder_domain(const struct finder_task *task, struct finder_answer *answer)
{
	const char *at = strrchr(task->subject, '@');
	g_autofree char *canonical = NULL;
	struct fault fault;

	if (at != NULL && domain_parse(at + 1, &canonical, &fault) &&
	    strcmp(canonical, at + 1) == 0)
		return at + 1;
	finder_failed(answer, "%s is not an address in canonical form", task->subject);
	return NULL;
}

long
finder_milliseconds_left(const struct finder_task *task)
{
	gint64 left = (task->until - g_get_monotonic_time()) / 1000;

	return left > 0 ? (long)left : 0;
}

bool
finder_is_wanted(const struct finder_task *task)
{
	return task->asker == NULL || !asker_has_left(task->asker);
}
