/* Where keys come from: sources that contradict each other, and answers that nobody refreshes. */
#include "admin/check/check.h"

static const struct statement sources_say = {
	"check_key_sources",
	"select (select count(distinct address) from postseal.key_conflict),"
	" (select min(address) from postseal.key_conflict),"
	" (select count(*) from postseal.key_answer where due_at < now() - interval '15 minutes'"
	"   and claimed_until < now())"};
enum { CONFLICTS, FIRST, OVERDUE };

static void
warn(const struct check *check, const PGresult *result)
{
	if (result_number(result, 0, CONFLICTS) > 0)
		check_warn(
			check,
			"different keys are claimed for %s%s; the source that is first in “keys from” "
			"counts, and of several that mail brought, none: ask whose is right (postseal "
			"key conflicts lists them)",
			PQgetvalue(result, 0, FIRST),
			result_number(result, 0, CONFLICTS) > 1 ? " and others" : "");
	if (result_number(result, 0, OVERDUE) > 0)
		check_warn(check,
			   "%s answers about keys are due for a quarter of an hour and more: does "
			   "postseal-courier run, and does it reach postseal-finder?",
			   PQgetvalue(result, 0, OVERDUE));
}

bool
check_key_sources(const struct check *check, char **note_r, struct fault *fault)
{
	const char *const none[] = {NULL};
	g_autoptr(PGresult) result = NULL;
	g_autofree char *names = g_strjoinv(", ", check->settings->keys_from);

	if (!command_ask(check->admin, &sources_say, none, &result, fault))
		return false;
	warn(check, result);
	*note_r = g_strdup(names);
	return true;
}
