#include <string.h>

#include "admin/check/milters.h"
#include "admin/check/tables.h"
#include "admin/check/wired_tables.h"

/* The field that smtpd_data_restrictions adds (contrib/postfix/wire). */
static const char mark[] = "Postseal-Undecided: yes";

/* --- what keeps mail from the second pass --- */

/* In a service that maps no addresses, the first pass may decide. */
static bool
check_own_filter(const struct check *check, const char *service, struct fault *fault)
{
	return milters_come_again(check, service) ||
	       strstr(postfix_value(check->postfix, service, "receive_override_options"),
		      "no_address_mappings") != NULL ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the Postfix service %s: its content_filter (%s) or milter_macro_defaults keep its "
		       "mail off the second pass, so that it is decided on before its addresses are expanded: take "
		       "the override out of master.cf (postconf -PX %s/content_filter), have a filter that stands "
		       "there hand its mail to the second pass, and run " POSTSEAL_WIRE " apply",
		       service, postfix_value(check->postfix, service, "content_filter"), service);
}

/* Mail kept from the second pass stays in the queue (check_transports()). */
bool
check_filters(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GString) unknown = g_string_new(NULL);
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	if (!milters_have_two_passes(check)) {
		*note_r = g_strdup("not needed: nothing relies on content_filter");
		return true;
	}
	for (guint i = 0; i < listeners->len && milters_come_again(check, NULL); i++)
		if (!check_own_filter(
			    check,
			    ((const struct postfix_service *)g_ptr_array_index(listeners, i))->name,
			    fault))
			return false;
	if (!tables_check(
		    check, TABLES_ALL, "REDIRECT|FILTER",
		    "it takes the place of content_filter, so that the message misses the second "
		    "pass and waits in the queue, undecided; use virtual_alias_maps in place of "
		    "REDIRECT",
		    unknown, fault))
		return false;
	tables_warn(check, "REDIRECT or FILTER", unknown);
	return true;
}

/* --- the marks --- */

static const char *
checks_of(const struct check *check, const struct postfix_service *service)
{
	return postfix_value(check->postfix, service->name,
			     strcmp(service->program, "lmtp") == 0 ? "lmtp_header_checks"
								   : "smtp_header_checks");
}

/* Where each mark stops a message; the first table that answers to a line is the last that is
 * asked, whatever it says. */
static const struct stop {
	const char *table, *line;
} all_stops[] = {
	{"/postseal_undecided,fail:", mark},
	{"/postseal_only_verified", "X-Postseal-Verified: yes"},
};

static bool
stops(const struct check *check, const struct postfix_service *service)
{
	const char *checks = checks_of(check, service);

	for (size_t i = 0; i < G_N_ELEMENTS(all_stops); i++)
		if (strstr(checks, all_stops[i].table) == NULL)
			return false;
	return true;
}

static bool
check_before(const struct check *check, const struct postfix_service *service,
	     const struct stop *stop, struct fault *fault)
{
	g_auto(GStrv) tables = postfix_list(checks_of(check, service));

	for (char **table = tables; *table != NULL && strstr(*table, stop->table) == NULL;
	     table++) {
		g_autofree char *answer = strstr(*table, "/postseal_") != NULL
						  ? NULL
						  : tables_ask(*table, stop->line);

		if (answer != NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the transport %s of Postfix: in its smtp_header_checks, %s answers \"%s\" to "
				"\"%s\" before the table that stops such mail, which is then not asked; put it behind",
				service->name, *table, answer, stop->line);
	}
	return true;
}

static bool
check_stops_of(const struct check *check, const struct postfix_service *service,
	       struct fault *fault)
{
	if (!stops(check, service))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the transport %s of Postfix: its smtp_header_checks do not stop what "
			"nobody has decided on, or what only verified TLS may take, if it is led there; " POSTSEAL_WIRE
			" sets them",
			service->name);
	for (size_t i = 0; i < G_N_ELEMENTS(all_stops); i++)
		if (!check_before(check, service, &all_stops[i], fault))
			return false;
	return true;
}

/* Every transport defers mail with the mark of the first pass, and all but one defer mail with the
 * mark for verified TLS. */
static bool
check_stops(const struct check *check, struct fault *fault)
{
	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if ((strcmp(service->program, "smtp") == 0 ||
		     strcmp(service->program, "lmtp") == 0) &&
		    strcmp(service->name, milters_transport(MILTERS_INSIDE)) != 0 &&
		    strcmp(service->name, milters_transport(MILTERS_OUTSIDE)) != 0 &&
		    !check_stops_of(check, service, fault))
			return false;
	}
	return true;
}

/* --- what is marked --- */

/* The restriction before the mark that may permit a message, so that the mark is not reached, or
 * NULL. */
static const char *
find_permission(const GStrv restrictions)
{
	for (char **each = restrictions; *each != NULL; each++) {
		const char *next = each[1] == NULL ? "" : each[1];

		if (strstr(*each, "/postseal_mark") != NULL ||
		    strstr(next, "/postseal_mark") != NULL)
			return NULL;
		if (g_str_has_prefix(*each, "permit") || g_str_has_prefix(*each, "check_"))
			return *each;
	}
	return NULL;
}

static bool
check_reached(const struct check *check, const char *service, struct fault *fault)
{
	g_auto(GStrv) restrictions =
		postfix_list(postfix_value(check->postfix, service, "smtpd_data_restrictions"));
	const char *permission = find_permission(restrictions);

	return permission == NULL ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the Postfix service %s: %s in smtpd_data_restrictions comes before the mark, and what it "
		       "permits is not marked, so that no transport stops it when nobody has decided on it; put it behind "
		       "check_client_access regexp:…/postseal_mark",
		       service, permission);
}

/* Postfix calls no milter for mail that header_checks or body_checks redirect, so incoming mail
 * bears a mark until a decision is made. */
static bool
check_mark(const struct check *check, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);
		bool marks = strstr(postfix_value(check->postfix, service->name,
						  "smtpd_data_restrictions"),
				    "/postseal_mark") != NULL;

		if (milters_is_return(check, service->name)) {
			if (marks && milters_are_off(check, service->name))
				return fault_set(
					fault, FAULT_CONFIG,
					"checking the Postfix service %s: what content_filter hands back there is "
					"marked as undecided, and stays in the queue; " POSTSEAL_WIRE
					" sets its "
					"smtpd_data_restrictions",
					service->name);
			continue;
		}
		if (!marks)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: its smtpd_data_restrictions do not mark what "
				"nobody has decided on, so that no transport stops it; " POSTSEAL_WIRE
				" sets "
				"them",
				service->name);
		if (!check_reached(check, service->name, fault))
			return false;
	}
	return tables_keep(check, mark, fault);
}

static bool
is_one_of(const char *program, const char *const *programs)
{
	return g_strv_contains(programs, program);
}

/* Mail that does not arrive through smtpd(8) has no mark, so its tables must not redirect it. */
static bool
check_unmarked(const struct check *check, const struct postfix_service *taker, struct fault *fault)
{
	static const char *const parameters[] = {"header_checks", "mime_header_checks",
						 "nested_header_checks", "body_checks",
						 "milter_header_checks"};
	g_autofree char *cleanup = g_strdup_printf(
		"%s/unix", postfix_value(check->postfix, taker->name, "cleanup_service_name"));

	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		g_auto(GStrv) tables =
			postfix_list(postfix_value(check->postfix, cleanup, parameters[i]));

		for (char **table = tables; *table != NULL; table++)
			if (strstr(*table, "/postseal_submitted}") == NULL &&
			    !g_str_has_suffix(*table, "/postseal_requeued"))
				return fault_set(
					fault, FAULT_CONFIG,
					"checking the Postfix service %s: mail that comes by %s has no mark, and "
					"%s = %s could lead it away before the milter hears of it; " POSTSEAL_WIRE
					" apply sets it up",
					cleanup, taker->name, parameters[i], *table);
	}
	return true;
}

static bool
check_local_submission(const struct check *check, struct fault *fault)
{
	static const char *const takers[] = {"pickup", "qmqpd", NULL};

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (is_one_of(service->program, takers) && !check_unmarked(check, service, fault))
			return false;
	}
	return true;
}

/* --- transports that do not look at marks --- */

/* Transports whose programs do not look at the header. */
static char *
blind_transports(const struct check *check)
{
	static const char *const blind[] = {"pipe", "local", "virtual", NULL};
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (is_one_of(service->program, blind))
			g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
					       service->name);
	}
	return g_strdup(names->str);
}

static bool
check_blind(const struct check *check, struct fault *fault)
{
	g_autoptr(GString) unknown = g_string_new(NULL);
	g_autofree char *names = blind_transports(check);
	g_autofree char *why = g_strdup_printf(
		"no milter decides on such mail, and these transports look at no mark, so that it is delivered if it "
		"is led there: %s; use virtual_alias_maps in place of REDIRECT",
		names);

	if (*names == '\0')
		return true;
	if (!tables_check(check, milters_have_two_passes(check) ? TABLES_ALL : TABLES_OF_CONTENT,
			  milters_have_two_passes(check) ? "REDIRECT|FILTER" : "REDIRECT", why,
			  unknown, fault))
		return false;
	tables_warn(check, "REDIRECT or FILTER", unknown);
	return true;
}

/* --- the transport for verified TLS --- */

/* Its content_filter names no next hop, so each copy goes to its recipient's domain. */
static bool
check_next_hop(const struct check *check, struct fault *fault)
{
	static const char *const managers[] = {"qmgr", "oqmgr", "nqmgr", NULL};

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);
		const char *hop =
			postfix_value(check->postfix, service->name, "default_filter_nexthop");

		if (is_one_of(service->program, managers) && *hop != '\0')
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: default_filter_nexthop = %s leads copies for "
				"verified TLS to that host, whoever they are for: name the next hop where a filter "
				"needs it (FILTER smtp:%s), and run postconf -X default_filter_nexthop",
				service->name, hop, hop);
	}
	return true;
}

bool
check_transports(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	return wired_tables_check(check, fault) && check_stops(check, fault) &&
	       check_mark(check, fault) && check_local_submission(check, fault) &&
	       check_next_hop(check, fault) && check_blind(check, fault);
}
