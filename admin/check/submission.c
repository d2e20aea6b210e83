/* What members send with mail programs: is postseal-submission running, and can they reach nobody
 * through Postfix but by it? */
#include <string.h>

#include "admin/check/check.h"
#include "admin/check/milters.h"
#include "core/listening.h"

void
check_mark_members(const struct check *check, struct postfix *postfix)
{
	const char *ours = check->settings->submission_sasl;

	for (guint i = 0; postfix != NULL && *ours != '\0' && i < postfix->services->len; i++) {
		struct postfix_service *service = g_ptr_array_index(postfix->services, i);
		const char *path = postfix_value(postfix, service->name, "smtpd_sasl_path");

		service->is_for_members = strcmp(service->program, "smtpd") == 0 &&
					  milters_is_same_socket(check, path, ours, service->name);
	}
}

static bool
is_ours(const struct check *check, const char *address, const char *service)
{
	const char *ours = listening_path(check->settings->submission_milter);
	const char *theirs = listening_path(address);

	if (ours == NULL || theirs == NULL)
		return milters_is_same_port(address, check->settings->submission_milter);
	return milters_is_same_socket(check, theirs, ours, service);
}

/* Has it our milter, and no other? */
static bool
check_milters_of(const struct check *check, const char *service, struct fault *fault)
{
	const char *list = postfix_value(check->postfix, service, "smtpd_milters");
	const char *overrides = postfix_value(check->postfix, service, "receive_override_options");
	g_auto(GStrv) elements = postfix_list(list);
	g_autofree char *first = elements[0] == NULL ? NULL : milters_address(elements[0]);

	if (strstr(overrides, "no_milters") != NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "reading master.cf: members sign in at %s, and its "
				 "receive_override_options has no_milters, so that they could send "
				 "as employees do: take it away",
				 service);
	return (first != NULL && elements[1] == NULL && is_ours(check, first, service)) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "reading master.cf: members sign in at %s, and its smtpd_milters, \"%s\", is "
		       "not submission milter alone: nothing else knows what members may send",
		       service, list);
}

/* What would keep mail here if the milter were not asked. */
static void
look_at_second_wall(const struct check *check, const char *service)
{
	const char *filter = postfix_value(check->postfix, service, "content_filter");

	if (!g_str_has_prefix(filter, "retry:") && !g_str_has_prefix(filter, "error:"))
		check_warn(
			check,
			"members sign in at %s: with content_filter=retry:undecided there, a message "
			"could not leave even if smtpd_milters were lost",
			service);
	if (strcmp(postfix_value(check->postfix, service, "milter_default_action"), "tempfail") !=
	    0)
		check_warn(
			check,
			"members sign in at %s: with milter_default_action=tempfail there, what they "
			"send waits while postseal-submission does not run",
			service);
}

static void
look_at_tls(const struct check *check, const char *service)
{
	if (strcmp(postfix_value(check->postfix, service, "smtpd_tls_auth_only"), "yes") != 0)
		check_warn(
			check,
			"members sign in at %s: with smtpd_tls_auth_only=yes there, no mail program "
			"sends its password before TLS, in vain",
			service);
}

static bool
check_services(const struct check *check, struct fault *fault)
{
	unsigned count = 0;

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (!service->is_for_members)
			continue;
		count++;
		if (!check_milters_of(check, service->name, fault) ||
		    !check_bypasses(check, service->name, fault))
			return false;
		look_at_second_wall(check, service->name);
		look_at_tls(check, service->name);
	}
	if (count == 0)
		check_warn(
			check,
			"no service in master.cf has submission sasl, %s, as its smtpd_sasl_path: see "
			"postseal-submission(8)",
			check->settings->submission_sasl);
	return true;
}

bool
check_submission(const struct check *check, char **note_r, struct fault *fault)
{
	const struct settings *settings = check->settings;
	g_autofree char *sasl = g_strconcat("unix:", settings->submission_sasl, NULL);

	if (*settings->submission_sasl == '\0') {
		*note_r = g_strdup("not needed: members do not send with mail programs "
				   "(submission sasl)");
		return true;
	}
	return (check->postfix == NULL || check_services(check, fault)) &&
	       listening_check(sasl, "postseal-submission", fault) &&
	       listening_check(settings->submission_milter, "postseal-submission", fault);
}
