#include <string.h>

#include "admin/check/milters.h"
#include "admin/check/sample.h"

/* What follows from anything that is missing here. */
#define FORGED "milters that sign take such mail for yours, and sign what is forged in your name; "

/* --- the way of mail from outside to its second pass --- */

/* Restrictions that let through only what comes from inside. */
static bool
is_harmless(const char *restriction)
{
	static const char *const inside[] = {"permit_mynetworks", "permit_sasl_authenticated",
					     "permit_tls_clientcerts", "permit_inet_interfaces",
					     NULL};

	return !g_str_has_prefix(restriction, "permit") || g_strv_contains(inside, restriction);
}

/* The restriction before our table that ends the list for clients outside, or NULL. */
static const char *
find_end(const GStrv restrictions)
{
	for (char **each = restrictions; *each != NULL; each++) {
		if (strstr(*each, "/postseal_outside") != NULL)
			return NULL;
		if (!is_harmless(*each))
			return *each;
	}
	return NULL;
}

static bool
check_parting(const struct check *check, const char *service, struct fault *fault)
{
	const char *list = postfix_value(check->postfix, service, "smtpd_data_restrictions");
	g_auto(GStrv) restrictions = postfix_list(list);
	const char *end = find_end(restrictions);

	if (strstr(list, "/postseal_outside") == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the Postfix service %s: its smtpd_data_restrictions do not lead mail from outside "
			"to the second pass that is for it; " FORGED POSTSEAL_WIRE
			" apply sets them",
			service);
	return end == NULL ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the Postfix service %s: %s in smtpd_data_restrictions comes before the table that "
		       "leads mail from outside to the second pass that is for it; " FORGED
		       "take it out of the list, and run " POSTSEAL_WIRE " apply",
		       service, end);
}

static bool
check_partings(const struct check *check, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (milters_come_again(check, service->name) &&
		    !milters_is_return(check, service->name) &&
		    !check_parting(check, service->name, fault))
			return false;
	}
	return true;
}

/* --- whom the milters there see --- */

struct wanted {
	const char *parameter;
	const char *part; /* that its value must have */
};

static bool
check_wanted(const struct check *check, const char *service, const struct wanted *wanted,
	     size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = postfix_value(check->postfix, service, wanted[i].parameter);

		if (strstr(value, wanted[i].part) == NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: with %s = %s, milters are not told the client of mail "
				"from outside; " FORGED POSTSEAL_WIRE " apply sets it",
				service, wanted[i].parameter, value);
	}
	return true;
}

/* smtp(8) tells the client for the log alone (XFORWARD); smtpd(8) takes that as the client itself
 * (XCLIENT). */
static bool
check_told(const struct check *check, struct fault *fault)
{
	static const struct wanted of_transport[] = {{"smtp_send_xforward_command", "yes"}};
	static const struct wanted of_service[] = {
		{"smtpd_authorized_xforward_hosts", "127.0.0.0/8"},
		{"smtpd_authorized_xclient_hosts", "127.0.0.0/8"},
		{"smtpd_command_filter", "/postseal_as_client"},
		{"smtpd_peername_lookup", "no"}};
	const struct postfix_service *again = milters_second_pass(check, MILTERS_OUTSIDE);

	/* check_placement() reports what is missing. */
	return again == NULL ||
	       postfix_service(check->postfix, milters_transport(MILTERS_OUTSIDE)) == NULL ||
	       (check_wanted(check, milters_transport(MILTERS_OUTSIDE), of_transport,
			     G_N_ELEMENTS(of_transport), fault) &&
		check_wanted(check, again->name, of_service, G_N_ELEMENTS(of_service), fault));
}

/* Further copies of a message are handed over by the courier, in the name of its client. */
static bool
check_copies(const struct check *check, struct fault *fault)
{
	static const char *const services[] = {"postseal/unix", "postseal-tls/unix"};
	static const struct wanted wanted[] = {{"smtpd_authorized_xclient_hosts", "127.0.0.0/8"}};

	for (size_t i = 0; i < G_N_ELEMENTS(services); i++)
		if (postfix_service(check->postfix, services[i]) != NULL &&
		    !milters_are_off(check, services[i]) &&
		    !check_wanted(check, services[i], wanted, G_N_ELEMENTS(wanted), fault))
			return false;
	return true;
}

/* --- what they make of it --- */

/* Where two passes do not learn the client, they show that of the second pass; anyone may be at the
 * other, which is in no network (RFC 5737). */
static const char second_pass_client[] = "127.0.0.2", anyone[] = "192.0.2.1";

static void
warn_of_forged(const struct check *check, const char *service, const char *client)
{
	g_auto(GStrv) elements =
		postfix_list(postfix_value(check->postfix, service, "smtpd_milters"));

	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *address = milters_address(*element);

		if (!milters_is_ours(check, address, service) &&
		    sample_give(check, service, address, client)->result.signs)
			check_warn(
				check,
				"checking the Postfix service %s: the milter at %s signs what a client at %s writes in your "
				"name, and so what is forged; have only 127.0.0.1 and your own clients among its internal "
				"hosts (InternalHosts of OpenDKIM)",
				service, address, client);
	}
}

static void
warn_of_signers(const struct check *check)
{
	const struct postfix_service *again = milters_second_pass(check, MILTERS_OUTSIDE);

	if (again != NULL)
		warn_of_forged(check, again->name, second_pass_client);
	warn_of_forged(check, again != NULL ? again->name : "postseal/unix", anyone);
}

bool
check_outside(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	if (milters_come_again(check, NULL) &&
	    (!check_partings(check, fault) || !check_told(check, fault)))
		return false;
	warn_of_signers(check);
	return check_copies(check, fault);
}
