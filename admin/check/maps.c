#include "admin/check/maps.h"

#include <stdlib.h>
#include <string.h>

#include "core/address.h"

enum { ASKED_MAX = 20 };

/* --- what kind it is --- */

const char *
maps_doubt(const char *map)
{
	static const struct {
		const char *type, *doubt;
	} doubts[] = {
		{"ldap", "a directory answers for one address at a time, and cannot be listed"},
		{"mysql", "its query is sent for one address at a time, and cannot be listed"},
		{"pgsql", "its query is sent for one address at a time, and cannot be listed"},
		{"sqlite", "its query is sent for one address at a time, and cannot be listed"},
		{"memcache", "a cache answers for one address at a time, and cannot be listed"},
		{"tcp", "a program answers, differently whenever it likes"},
		{"socketmap", "a program answers, differently whenever it likes"},
		{"nis", "a server answers for one address at a time, and cannot be listed"},
		{"nisplus", "a server answers for one address at a time, and cannot be listed"},
		{"regexp", "its answers are made of the address, and cannot be listed"},
		{"pcre", "its answers are made of the address, and cannot be listed"},
		{"pipemap", "its answers are made by several maps, and cannot be listed"},
		{"unionmap", "its answers are made by several maps, and cannot be listed"},
		{"randmap", "it answers by chance"},
	};
	const char *name = g_str_has_prefix(map, "proxy:") ? map + strlen("proxy:") : map;
	size_t length = strcspn(name, ":");

	for (size_t i = 0; i < G_N_ELEMENTS(doubts); i++)
		if (strlen(doubts[i].type) == length && strncmp(doubts[i].type, name, length) == 0)
			return doubts[i].doubt;
	return "a map of this type cannot be listed";
}

/* --- asking --- */

/* Identifiers of messages begin with the time. */
static const struct statement writers = {
	"check_writers",
	"select distinct lower(sender) from (select sender from postseal.message order by id desc limit 200) as lately "
	"where sender <> '' order by 1"};

static bool
add_writers(const struct check *check, GPtrArray *addresses, struct fault *fault)
{
	const char *const none[] = {NULL};
	g_autoptr(PGresult) rows = NULL;

	if (!command_ask(check->admin, &writers, none, &rows, fault))
		return false;
	for (int row = 0; row < PQntuples(rows) && addresses->len < ASKED_MAX; row++) {
		const char *sender = PQgetvalue(rows, row, 0);
		const char *domain = address_domain(sender);

		if (g_strv_contains((const char *const *)check->settings->domains, domain))
			g_ptr_array_add(addresses, g_strdup(sender));
	}
	return true;
}

static GPtrArray *
addresses_of(const struct check *check, struct fault *fault)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);

	for (char **domain = check->settings->domains;
	     *domain != NULL && addresses->len < ASKED_MAX; domain++) {
		g_ptr_array_add(addresses, g_strconcat("postmaster@", *domain, NULL));
		g_ptr_array_add(addresses, g_strconcat("abuse@", *domain, NULL));
	}
	return add_writers(check, addresses, fault) ? g_steal_pointer(&addresses) : NULL;
}

/* postmap(1) fails for an address that is not in the map, too, and then says nothing. */
static bool
ask(const char *map, const char *address, GString *answers, struct fault *fault)
{
	const char *const command[] = {"postmap", "-q", address, postfix_table(map), NULL};
	g_autofree char *output = NULL, *errors = NULL;
	const gint64 asked_at = g_get_monotonic_time();

	if (postfix_run(command, &output, &errors)) {
		g_string_append_printf(answers, "%s\t%s\n", address, g_strchomp(output));
		return true;
	}
	if (errors == NULL)
		return fault_set(fault, FAULT_CONFIG, "asking %s: postmap(1) cannot be run", map);
	if (g_get_monotonic_time() - asked_at >= (gint64)atoi(POSTFIX_PATIENCE) * G_USEC_PER_SEC)
		return fault_set(fault, FAULT_CONFIG,
				 "asking %s for %s: there is no answer within " POSTFIX_PATIENCE
				 " seconds; mail waits for as long as Postfix cannot ask it",
				 map, address);
	return strstr(errors, "fatal:") == NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "asking %s for %s: %s; mail waits for as long as Postfix cannot ask it",
			 map, address, g_strdelimit(g_strstrip(errors), "\n", ' '));
}

char *
maps_answers(const struct check *check, const char *map, unsigned *asked_r, struct fault *fault)
{
	g_autoptr(GPtrArray) addresses = addresses_of(check, fault);
	g_autoptr(GString) answers = g_string_new(NULL);

	if (addresses == NULL)
		return NULL;
	for (guint i = 0; i < addresses->len; i++)
		if (!ask(map, g_ptr_array_index(addresses, i), answers, fault))
			return NULL;
	*asked_r = addresses->len;
	return g_strdup(answers->str);
}
