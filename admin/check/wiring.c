#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/check/access.h"
#include "admin/check/milters.h"
#include "admin/check/negotiation.h"
#include "admin/check/sample.h"
#include "core/listening.h"

enum { NEGOTIATION_SECONDS = 20 };

static const char advice[] = POSTSEAL_WIRE " shows and makes the changes";

/* --- the services that call milters --- */

/* A list of milters that applies to a service. */
struct asker {
	const char *service, *parameter;
};

static void
add_asker(GArray *askers, const char *service, const char *parameter)
{
	const struct asker asker = {service, parameter};

	g_array_append_val(askers, asker);
}

/* Mail submitted with sendmail(1) arrives through pickup(8), and then it is cleanup(8) that calls
 * the milters: the cleanup service of pickup, which wire may have changed. */
static void
add_submission(GArray *askers, const struct check *check)
{
	static const char *const takers[] = {"pickup", "qmqpd"};

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);
		g_autofree char *cleanup = NULL;
		const struct postfix_service *asking;

		if (strcmp(service->program, takers[0]) != 0 &&
		    strcmp(service->program, takers[1]) != 0)
			continue;
		cleanup = g_strdup_printf("%s/unix", postfix_value(check->postfix, service->name,
								   "cleanup_service_name"));
		asking = postfix_service(check->postfix, cleanup);
		if (asking != NULL)
			add_asker(askers, asking->name, "non_smtpd_milters");
	}
}

/* struct asker: every service whose mail our milter must see. */
static GArray *
askers_of(const struct check *check)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);
	static const enum milters_origin origins[] = {MILTERS_INSIDE, MILTERS_OUTSIDE};
	GArray *askers = g_array_new(FALSE, FALSE, sizeof(struct asker));

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!milters_is_return(check, service->name))
			add_asker(askers, service->name, "smtpd_milters");
	}
	add_submission(askers, check);
	for (size_t i = 0; i < G_N_ELEMENTS(origins); i++) {
		const struct postfix_service *again = milters_second_pass(check, origins[i]);

		if (again != NULL)
			add_asker(askers, again->name, "smtpd_milters");
	}
	return askers;
}

static const char *
list_of(const struct check *check, const struct asker *asker)
{
	return postfix_value(check->postfix, asker->service, asker->parameter);
}

/* How Postfix treats one milter: as the element of the list says, "{ unix:/path, protocol=2 }"
 * (MILTER_README), or else the service, "milter_protocol". Caller frees. */
static char *
setting_of(const struct check *check, const struct asker *asker, const char *element,
	   const char *name)
{
	g_autofree char *pattern = g_strdup_printf("[{, \t]%s[ \t]*=[ \t]*([^, \t}]*)", name);
	g_autofree char *parameter = g_strconcat("milter_", name, NULL);
	g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	if (g_regex_match(regex, element, 0, &match))
		return g_match_info_fetch(match, 1);
	return g_strdup(postfix_value(check->postfix, asker->service, parameter));
}

/* The same for our milter. */
static char *
setting_of_ours(const struct check *check, const struct asker *asker, const char *name)
{
	guint place;
	g_autofree char *ours = milters_find(check, list_of(check, asker), asker->service, &place);

	return setting_of(check, asker, ours == NULL ? "" : ours, name);
}

static bool
fails_closed(const char *action)
{
	static const char *const closed[] = {"tempfail", "reject", "shutdown", NULL};

	return g_strv_contains(closed, action);
}

typedef bool asker_look(const struct check *check, const struct asker *asker, struct fault *fault);

static bool
look_at_askers(const struct check *check, asker_look *look, struct fault *fault)
{
	g_autoptr(GArray) askers = askers_of(check);

	for (guint i = 0; i < askers->len; i++)
		if (!look(check, &g_array_index(askers, struct asker, i), fault))
			return false;
	return true;
}

/* --- the socket --- */

/* Is the socket named by its path outside the chroot, which means another file inside? */
static bool
is_named_from_outside(const struct check *check, const struct asker *asker)
{
	const char *list = list_of(check, asker);
	guint place;
	g_autofree char *outside = milters_find(check, list, NULL, &place);
	g_autofree char *inside = milters_find(check, list, asker->service, &place);

	return outside != NULL && inside == NULL;
}

/* A process in a chroot sees only what is below the queue directory. */
static bool
check_chroot(const struct check *check, const struct asker *asker, struct fault *fault)
{
	const struct postfix_service *service = postfix_service(check->postfix, asker->service);

	return !service->chrooted || !is_named_from_outside(check, asker) ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the Postfix service %s: it runs in a chroot (%s), "
			 "where there is no %s: put milter listen below the queue "
			 "directory, and give Postfix its path from there; %s",
			 service->name, postfix_value(check->postfix, NULL, "queue_directory"),
			 listening_path(check->settings->milter_listen), advice);
}

static bool
negotiate(void *context, struct fault *fault)
{
	return negotiation_check(context, fault);
}

/* Connects as that Postfix process would: as its user, from its directory and in its chroot. */
static bool
check_asking(const struct check *check, const struct asker *asker, struct fault *fault)
{
	const struct as_user who =
		postfix_as_user(check->postfix, asker->service, NEGOTIATION_SECONDS);
	guint place;
	g_autofree char *ours = milters_find(check, list_of(check, asker), asker->service, &place);
	g_autofree char *address = ours == NULL ? NULL : milters_address(ours);

	return address == NULL || as_user(&who, negotiate, address, NULL, 0, fault) ||
	       fault_within(
		       fault,
		       "checking whether the Postfix service %s can ask the milter, as the user "
		       "%s%s",
		       asker->service, who.user, who.is_chroot ? " in its chroot" : "");
}

bool
check_socket(const struct check *check, char **note_r, struct fault *fault)
{
	const char *listen = check->settings->milter_listen, *path = listening_path(listen);
	struct fault silent;

	if (!negotiation_listens(listen, &silent)) {
		*note_r = g_strdup("not checked, as postseal-milter does not answer");
		return true;
	}
	if (path != NULL &&
	    !access_of_user(postfix_value(check->postfix, NULL, "mail_owner"), path, W_OK, fault))
		return fault_within(fault, "checking whether Postfix can reach the milter");
	return look_at_askers(check, check_chroot, fault) &&
	       (geteuid() != 0 || look_at_askers(check, check_asking, fault));
}

/* --- what the milter sees --- */

static bool
check_list(const struct check *check, const struct asker *asker, struct fault *fault)
{
	const char *list = list_of(check, asker);
	const char *options =
		postfix_value(check->postfix, asker->service, "receive_override_options");
	guint place;
	g_autofree char *ours = milters_find(check, list, asker->service, &place);

	if (ours == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: %s/%s (%s) does not name the milter's socket %s, so "
			"mail that enters there bypasses the milter; %s",
			asker->service, asker->parameter, list, check->settings->milter_listen,
			advice);
	return strstr(options, "no_milters") == NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Postfix: %s/receive_override_options = %s disables the milter",
			 asker->service, options);
}

/* A milter that defers a mail like any other may do so on purpose, but one that signs has no reason
 * to. */
static bool
check_answer(const struct check *check, const struct asker *asker, const char *address,
	     const struct sample_result *result, struct fault *fault)
{
	static const char sentence[] =
		"checking Postfix: %s/%s asks the milter at %s as well, which answers a mail from this machine with a "
		"temporary failure (%s), so that mail waits; its log says why";

	if (!result->waits)
		return true;
	if (milters_sign(check, address))
		return fault_set(fault, FAULT_CONFIG, sentence, asker->service, asker->parameter,
				 address, result->reply);
	check_warn(check, sentence, asker->service, asker->parameter, address, result->reply);
	return true;
}

/* Whatever stands beside ours: while it is away, Postfix takes no mail, and ours is not asked. */
static bool
check_others(const struct check *check, const struct asker *asker, struct fault *fault)
{
	g_auto(GStrv) elements = postfix_list(list_of(check, asker));

	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *address = milters_address(*element);
		g_autofree char *action = setting_of(check, asker, *element, "default_action");
		const struct sample *sample;

		if (milters_is_ours(check, address, asker->service) || !fails_closed(action))
			continue;
		sample = sample_give(check, asker->service, address, SAMPLE_THIS_MACHINE);
		if (!sample->is_answered)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s/%s asks the milter at %s as well, which %s, so that mail waits: "
				"start it, let that user reach it, or take it out of the list",
				asker->service, asker->parameter, address, sample->fault.text);
		if (!check_answer(check, asker, address, &sample->result, fault))
			return false;
	}
	return true;
}

/* Mail that a content_filter hands back would be decided on, and sealed, a second time. */
static bool
check_returns(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!milters_is_return(check, service->name))
			continue;
		if (!milters_are_off(check, service->name))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: content_filter hands mail back "
				"there, which would be sealed twice: add no_milters to its "
				"receive_override_options; %s",
				service->name, advice);
		g_free(*note_r);
		*note_r = g_strdup_printf(
			"%s takes back what content_filter was given, decided on before; mail "
			"that any process of this machine sends there bypasses the milter",
			service->name);
	}
	return true;
}

/* The program of a transport, "filter:dummy", or NULL. */
static const char *
program_of(const struct check *check, const char *filter)
{
	g_autofree char *transport =
		g_strdup_printf("%.*s/unix", (int)strcspn(filter, ":"), filter);
	const struct postfix_service *service = postfix_service(check->postfix, transport);

	return service == NULL ? NULL : service->program;
}

/* The simple filter of FILTER_README is a script that hands mail back with sendmail(1), like
 * somebody who writes a new one. */
static void
warn_of_simple_filter(const struct check *check, const char *service)
{
	const char *filter = postfix_value(check->postfix, service, "content_filter");
	const char *program = program_of(check, filter);

	if (program != NULL && strcmp(program, "pipe") == 0)
		check_warn(
			check,
			"%s/content_filter = %s gives mail to a program, once it is decided on: if that hands it back with "
			"sendmail(1), it is decided on, and sealed, a second time; have it hand mail back to a smtpd service "
			"for this machine alone, with no_milters (postseal-milter(8))",
			service, filter);
}

static void
warn_of_simple_filters(const struct check *check)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++)
		warn_of_simple_filter(
			check,
			((const struct postfix_service *)g_ptr_array_index(listeners, i))->name);
}

bool
check_bypasses(const struct check *check, const char *service, struct fault *fault)
{
	static const struct {
		const char *name, *why;
	} bypasses[] = {
		{"smtpd_milter_maps",
		 "gives some clients other milters, or none, so that their mail bypasses Postseal; "
		 "set smtpd_milter_maps = and use smtpd_milters"},
		/* A before-queue filter gets the content; the milter does not. */
		{"smtpd_proxy_filter",
		 "takes the message before milters see its content; use content_filter, or put "
		 "Postseal where that filter hands mail back"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bypasses); i++) {
		const char *value = postfix_value(check->postfix, service, bypasses[i].name);

		if (*value != '\0')
			return fault_set(fault, FAULT_CONFIG, "checking Postfix: %s/%s = %s %s",
					 service, bypasses[i].name, value, bypasses[i].why);
	}
	return true;
}

static bool
check_bypasses_of(const struct check *check, const struct asker *asker, struct fault *fault)
{
	return strcmp(asker->parameter, "smtpd_milters") != 0 ||
	       check_bypasses(check, asker->service, fault);
}

bool
check_milters(const struct check *check, char **note_r, struct fault *fault)
{
	warn_of_simple_filters(check);
	return look_at_askers(check, check_list, fault) &&
	       look_at_askers(check, check_bypasses_of, fault) &&
	       look_at_askers(check, check_others, fault) && check_returns(check, note_r, fault);
}

/* --- the order of milters --- */

/* Some sign though neither their address nor their name says so, rspamd for example. */
static bool
check_early(const struct check *check, const struct asker *asker, const char *address,
	    struct fault *fault)
{
	return !sample_give(check, asker->service, address, SAMPLE_THIS_MACHINE)->result.signs ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking Postfix: %s/%s (%s) has %s sign before Postseal seals, which breaks the signature: have it "
		       "scan only, and another milter sign (rspamd: enabled = false; in local.d/dkim_signing.conf, and "
		       "OpenDKIM)",
		       asker->service, asker->parameter, list_of(check, asker), address);
}

/* A milter that may refuse a message must do so before we hand over its other copies; one that
 * signs must see the message as it leaves. */
static bool
check_place(const struct check *check, const struct asker *asker, const char *address,
	    bool is_before, struct fault *fault)
{
	const char *list = list_of(check, asker);

	if (milters_sign(check, address) != is_before)
		return !is_before || check_early(check, asker, address, fault);
	if (is_before)
		return fault_set(fault, FAULT_CONFIG,
				 "checking Postfix: %s/%s (%s) has %s sign before Postseal seals, "
				 "which breaks the signature; %s",
				 asker->service, asker->parameter, list, address, advice);
	return fault_set(
		fault, FAULT_CONFIG,
		"checking Postfix: %s/%s (%s) asks %s after Postseal: what it refuses then is refused when the other "
		"copies of the message are out. Put it before Postseal, as " POSTSEAL_WIRE
		" apply does; or, if it "
		"signs what leaves, say so with wire -s %s apply",
		asker->service, asker->parameter, list, address, address);
}

/* For a service where Postseal decides. */
static bool
check_service_order(const struct check *check, const struct asker *asker, struct fault *fault)
{
	const char *list = list_of(check, asker);
	g_auto(GStrv) elements = postfix_list(list);
	guint ours;
	g_autofree char *found = milters_find(check, list, asker->service, &ours);

	for (guint i = 0; found != NULL && elements[i] != NULL; i++) {
		g_autofree char *address = milters_address(elements[i]);

		if (i != ours && !check_place(check, asker, address, i < ours, fault))
			return false;
	}
	return true;
}

/* Before a second pass, our milter only takes notes: the order does not matter, but nothing may
 * sign yet. */
static bool
check_first_pass(const struct check *check, const struct asker *asker, struct fault *fault)
{
	g_auto(GStrv) elements = postfix_list(list_of(check, asker));

	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *address = milters_address(*element);

		if (!milters_is_ours(check, address, asker->service) &&
		    !check_early(check, asker, address, fault))
			return false;
	}
	return true;
}

static bool
check_order_of(const struct check *check, const struct asker *asker, struct fault *fault)
{
	return milters_come_again(check, asker->service) ? check_first_pass(check, asker, fault)
							 : check_service_order(check, asker, fault);
}

/* Notices and further copies are handed over where nothing is decided on: a receiver who insists on
 * a signature (DMARC) misses it on these. */
static bool
is_signed_by(const struct check *check, const char *service, const char *address)
{
	g_auto(GStrv) elements =
		postfix_list(postfix_value(check->postfix, service, "smtpd_milters"));

	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *other = milters_address(*element);

		if (strcmp(other, address) == 0)
			return true;
	}
	return false;
}

static void
warn_of_unsigned(const struct check *check, const char *list)
{
	static const char *const services[] = {"postseal/unix", "postseal-tls/unix"};
	g_auto(GStrv) elements = postfix_list(list);

	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *address = milters_address(*element);

		for (size_t i = 0; i < G_N_ELEMENTS(services) && milters_sign(check, address); i++)
			if (postfix_service(check->postfix, services[i]) != NULL &&
			    !is_signed_by(check, services[i], address))
				check_warn(
					check,
					"checking the Postfix service %s: %s does not sign what Postseal hands over "
					"there, such as notices and further copies; %s",
					services[i], address, advice);
	}
}

bool
check_order(const struct check *check, char **note_r, struct fault *fault)
{
	const struct postfix_service *again = milters_second_pass(check, MILTERS_INSIDE);

	(void)note_r;
	if (!look_at_askers(check, check_order_of, fault))
		return false;
	warn_of_unsigned(check, postfix_value(check->postfix, again == NULL ? NULL : again->name,
					      "smtpd_milters"));
	return true;
}

/* --- who may send as whom --- */

/* It does not matter in which list of restrictions the admin put it. */
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
check_action(const struct check *check, const struct asker *asker, struct fault *fault)
{
	g_autofree char *action = setting_of_ours(check, asker, "default_action");

	return fails_closed(action) ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Postfix: if the milter does not answer, %s/%s lets mail "
			 "through undecided (default action %s); expected tempfail",
			 asker->service, asker->parameter, action);
}

static bool
check_protocol(const struct check *check, const struct asker *asker, struct fault *fault)
{
	g_autofree char *version = setting_of_ours(check, asker, "protocol");

	return g_ascii_strtoull(version, NULL, 10) >= 6 ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking Postfix: %s/%s has milter_protocol = %s, which is too old to preserve "
		       "every byte of a header; expected 6",
		       asker->service, asker->parameter, version);
}

/* "30s", as postconf -x shows it; 0 for what has no unit that is known here. */
static guint64
seconds_of(const char *text)
{
	static const struct {
		char unit;
		guint seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'\0', 1}};
	char *end;
	guint64 number = g_ascii_strtoull(text, &end, 10);

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (*end == units[i].unit)
			return number * units[i].seconds;
	return 0;
}

/* Postfix gives up on a milter that takes longer, and defers the mail, for ever if it is the mail
 * that takes so long: asking for keys, sealing something large. */
static bool
check_patience(const struct check *check, const struct asker *asker, struct fault *fault)
{
	static const struct {
		const char *name;
		guint seconds;
		const char *normal;
	} limits[] = {{"command_timeout", 10, "30s"}, {"content_timeout", 60, "300s"}};

	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
		g_autofree char *value = setting_of_ours(check, asker, limits[i].name);

		if (seconds_of(value) < limits[i].seconds)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: with milter_%s = %s, it does not wait until the milter has looked "
				"for keys and sealed, and the mail waits in the sender's queue; expected %s",
				asker->service, limits[i].name, value, limits[i].normal);
	}
	return true;
}

/* A refusal is meant to be final. */
static void
warn_of_softness(const struct check *check)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (strcmp(postfix_value(check->postfix, service->name, "soft_bounce"), "yes") ==
		    0) {
			check_warn(
				check,
				"with soft_bounce = yes, what a rule refuses is tried again for days before its sender hears of "
				"it, and what a mail host refuses waits; expected no, as soon as all is tried (service %s)",
				service->name);
			return;
		}
	}
}

bool
check_failures(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	warn_of_softness(check);
	return look_at_askers(check, check_action, fault) &&
	       look_at_askers(check, check_protocol, fault) &&
	       look_at_askers(check, check_patience, fault);
}
