#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/check/access.h"
#include "admin/check/listening.h"
#include "admin/check/milters.h"

static const char advice[] = "contrib/postfix/wire shows and makes the changes";

/* --- the socket --- */

/* Named by its path on the machine, which is another one in there. */
static bool
is_named_from_outside(const struct check *check, const char *service)
{
	const char *list = postfix_value(check->postfix, service, "smtpd_milters");
	guint place;
	g_autofree char *outside = milters_find(check, list, NULL, &place);
	g_autofree char *inside = milters_find(check, list, service, &place);

	return outside != NULL && inside == NULL;
}

/* From within a chroot, only what is below the queue directory is there. */
static bool
check_chroot(const struct check *check, const char *path, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (service->chrooted && is_named_from_outside(check, service->name))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: it runs in a chroot (%s), "
				"where there is no %s: put milter listen below the queue "
				"directory, and give Postfix its path from there; %s",
				service->name,
				postfix_value(check->postfix, NULL, "queue_directory"), path,
				advice);
	}
	return true;
}

bool
check_socket(const struct check *check, char **note_r, struct fault *fault)
{
	const char *path = listening_path(check->settings->milter_listen);
	struct stat status;

	(void)note_r;
	if (path == NULL)
		return true; /* a port is for all */
	if (stat(path, &status) != 0)
		return listening_check(check->settings->milter_listen, "postseal-milter", fault);
	if (!access_of_user(postfix_value(check->postfix, NULL, "mail_owner"), path, W_OK, fault))
		return fault_within(fault, "checking whether Postfix can reach the milter");
	return check_chroot(check, path, fault);
}

/* --- who is seen --- */

static bool
check_list(const struct check *check, const char *service, const char *parameter,
	   struct fault *fault)
{
	const char *list = postfix_value(check->postfix, service, parameter);
	const char *options = postfix_value(check->postfix, service, "receive_override_options");
	guint place;
	g_autofree char *ours = milters_find(check, list, service, &place);

	if (ours == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: %s%s%s (%s) does not name the milter's socket %s, so "
			"mail that enters there bypasses the milter; %s",
			service == NULL ? "" : service, service == NULL ? "" : "/", parameter, list,
			check->settings->milter_listen, advice);
	return strstr(options, "no_milters") == NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Postfix: %s%sreceive_override_options = %s disables the milter",
			 service == NULL ? "" : service, service == NULL ? "" : "/", options);
}

bool
check_milters(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);
	const struct postfix_service *again = milters_second_pass(check);

	(void)note_r;
	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!check_list(check, service->name, "smtpd_milters", fault))
			return false;
	}
	return check_list(check, NULL, "non_smtpd_milters", fault) &&
	       (again == NULL || check_list(check, again->name, "smtpd_milters", fault));
}

/* --- in which order --- */

static bool
signs(const char *address)
{
	return strstr(address, "dkim") != NULL || g_str_has_suffix(address, ":8891");
}

/* Where we decide, whoever signs must come after us. */
static bool
check_service_order(const struct check *check, const char *service, struct fault *fault)
{
	const char *list = postfix_value(check->postfix, service, "smtpd_milters");
	g_auto(GStrv) elements = postfix_list(list);
	guint place;
	g_autofree char *ours = milters_find(check, list, service, &place);

	for (guint i = 0; ours != NULL && i < place; i++) {
		g_autofree char *address = milters_address(elements[i]);

		if (signs(address))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s/smtpd_milters (%s) has %s sign before "
				"Postseal seals, which breaks the signature; %s",
				service, list, address, advice);
	}
	return true;
}

bool
check_order(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);
	const struct postfix_service *again = milters_second_pass(check);

	(void)note_r;
	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!milters_come_again(check, service->name) &&
		    !check_service_order(check, service->name, fault))
			return false;
	}
	return again == NULL || check_service_order(check, again->name, fault);
}

/* --- who may send as whom --- */

/* Of all the lists of restrictions: which of them the admin chose does not matter. */
static bool
is_restricted(const struct check *check, const char *service, const char *restriction)
{
	static const char *const lists[] = {
		"smtpd_client_restrictions",	 "smtpd_helo_restrictions",
		"smtpd_sender_restrictions",	 "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions",	 "smtpd_data_restrictions",
		"smtpd_end_of_data_restrictions"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_auto(GStrv) words =
			postfix_list(postfix_value(check->postfix, service, lists[i]));

		if (g_strv_contains((const char *const *)words, restriction))
			return true;
	}
	return false;
}

static bool
logins_are_bound(const struct check *check, const char *service)
{
	return *postfix_value(check->postfix, service, "smtpd_sender_login_maps") != '\0' &&
	       (is_restricted(check, service, "reject_sender_login_mismatch") ||
		is_restricted(check, service, "reject_authenticated_sender_login_mismatch"));
}

bool
check_logins(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	if (check->settings->sign != SIGN_MTA) {
		*note_r = g_strdup("not needed: sign does not rely on the MTA");
		return true;
	}
	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (strcmp(postfix_value(check->postfix, service->name, "smtpd_sasl_auth_enable"),
			   "yes") == 0 &&
		    !logins_are_bound(check, service->name))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: anyone who authenticates "
				"there may send as any colleague, and sign \"mta\" would sign "
				"for them: set smtpd_sender_login_maps, and "
				"reject_sender_login_mismatch before anything that permits",
				service->name);
	}
	return true;
}

/* --- when the milter does not answer --- */

static bool
fails_closed(const char *action)
{
	static const char *const closed[] = {"tempfail", "reject", "shutdown", NULL};

	return g_strv_contains(closed, action);
}

/* "{ unix:/path, default_action=accept }" */
static char *
action_of(const char *element)
{
	const char *found = strstr(element, "default_action");

	if (found == NULL)
		return NULL;
	found += strlen("default_action");
	found += strspn(found, " \t=");
	return g_strndup(found, strcspn(found, ", \t}"));
}

static bool
check_service_failures(const struct check *check, const char *service, const char *parameter,
		       struct fault *fault)
{
	const char *general = postfix_value(check->postfix, service, "milter_default_action");
	guint place;
	g_autofree char *ours = milters_find(
		check, postfix_value(check->postfix, service, parameter), service, &place);
	g_autofree char *own = ours == NULL ? NULL : action_of(ours);
	const char *action = own == NULL ? general : own;

	return fails_closed(action) ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Postfix: if the milter does not answer, %s%s%s lets mail "
			 "through undecided (default action %s); expected tempfail",
			 service == NULL ? "" : service, service == NULL ? "" : "/", parameter,
			 action);
}

static bool
check_protocol(const struct check *check, const char *service, struct fault *fault)
{
	const char *version = postfix_value(check->postfix, service, "milter_protocol");

	return g_ascii_strtoull(version, NULL, 10) >= 6 ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Postfix: milter_protocol = %s is too old to preserve every "
			 "byte of a header; expected 6",
			 version);
}

bool
check_failures(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);
	const struct postfix_service *again = milters_second_pass(check);

	(void)note_r;
	if (again != NULL)
		g_ptr_array_add(listeners, (gpointer)again);
	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!check_service_failures(check, service->name, "smtpd_milters", fault) ||
		    !check_protocol(check, service->name, fault))
			return false;
	}
	return check_service_failures(check, NULL, "non_smtpd_milters", fault);
}
