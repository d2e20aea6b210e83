#include <string.h>

#include "admin/check/maps.h"
#include "admin/check/milters.h"
#include "admin/check/tables.h"
#include "core/address.h"

static const char advice[] = POSTSEAL_WIRE " sets up a second pass after it";

/* --- where addresses lead --- */

static bool
is_listed(const char *list, const char *domain)
{
	g_auto(GStrv) words = postfix_list(list);

	for (char **word = words; *word != NULL; word++)
		if (g_ascii_strcasecmp(*word, domain) == 0)
			return true;
	return false;
}

/* Is it a domain of the company? The rules treat all of these alike. */
static bool
is_own(const struct check *check, const char *domain)
{
	static const char *const lists[] = {"mydestination", "virtual_alias_domains",
					    "virtual_mailbox_domains"};

	for (char **own = check->settings->domains; *own != NULL; own++)
		if (g_ascii_strcasecmp(*own, domain) == 0)
			return true;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (is_listed(postfix_value(check->postfix, NULL, lists[i]), domain))
			return true;
	return false;
}

/* A program, a file or a comment is not an address. */
static bool
is_address(const char *word)
{
	return strchr(word, '@') != NULL && *word != '|' && *word != '#';
}

/* The first address in the text that does not belong to the company, or NULL. Caller frees. */
static char *
find_outside(const struct check *check, const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, ", \t\r\n\"", -1);

	for (char **word = words; *word != NULL; word++)
		if (is_address(*word) && !is_own(check, address_domain(*word)))
			return g_strdup(*word);
	return NULL;
}

/* Lines "key<TAB>value" for all entries; NULL if the map cannot be listed. */
static char *
entries_of(const char *map)
{
	const char *const command[] = {"postmap", "-s", postfix_table(map), NULL};

	return postfix_ask(command);
}

static bool
check_entries(const struct check *check, const char *parameter, const char *map,
	      const char *entries, struct fault *fault)
{
	g_auto(GStrv) lines = g_strsplit(entries, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *value = strchr(*line, '\t');
		g_autofree char *outside = value == NULL ? NULL : find_outside(check, value + 1);

		if (outside != NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s (%s): %.*s leads to %s after the milter, "
				"which has not decided how mail may go there; %s",
				parameter, map, (int)(value - *line), *line, outside, advice);
	}
	return true;
}

/* Some addresses are known; about all others there is a doubt, which is told. */
static bool
ask_map(const struct check *check, const char *setting, const char *map, struct fault *fault)
{
	unsigned asked;
	g_autofree char *answers = maps_answers(check, map, &asked, fault);

	if (answers == NULL)
		return fault_within(fault, "checking where %s of Postfix leads", setting);
	if (!check_entries(check, setting, map, answers, fault))
		return false;
	check_warn(
		check,
		"%s (%s): %s; of %u addresses of yours that were asked, none leads outside, but any "
		"other may, after the milter has decided",
		setting, map, maps_doubt(map), asked);
	return true;
}

static bool
check_maps(const struct check *check, const char *setting, struct fault *fault)
{
	g_auto(GStrv) maps = postfix_list(g_hash_table_lookup(check->postfix->values, setting));

	for (char **map = maps; *map != NULL; map++) {
		g_autofree char *entries = entries_of(*map);

		if (entries == NULL ? !ask_map(check, setting, *map, fault)
				    : !check_entries(check, setting, *map, entries, fault))
			return false;
	}
	return true;
}

static int
by_name(gconstpointer one, gconstpointer other)
{
	return strcmp(one, other);
}

/* Where the parameter is set: in main.cf, or for a service in master.cf that accepts mail. */
static GList *
settings_of(const struct check *check, const char *parameter)
{
	GList *found = NULL;
	GHashTableIter each;
	void *setting, *value;

	g_hash_table_iter_init(&each, check->postfix->values);
	while (g_hash_table_iter_next(&each, &setting, &value)) {
		const char *slash = strrchr(setting, '/');

		if (*(const char *)value != '\0' && !tables_is_ours(check, setting) &&
		    strcmp(slash == NULL ? setting : slash + 1, parameter) == 0)
			found = g_list_prepend(found, setting);
	}
	return g_list_sort(found, by_name);
}

static bool
check_all_maps(const struct check *check, const char *parameter, struct fault *fault)
{
	g_autoptr(GList) settings = settings_of(check, parameter);

	for (const GList *setting = settings; setting != NULL; setting = setting->next)
		if (!check_maps(check, setting->data, fault))
			return false;
	return true;
}

/* If nothing was delivered locally, wire removed them from local(8); as soon as there is something
 * to deliver, the value in main.cf is the one intended. */
static const char *
local_value(const struct check *check, const char *service, const char *name)
{
	const char *value = postfix_value(check->postfix, service, name);

	if (*value == '\0' && strcmp(name, "forward_path") != 0 &&
	    *postfix_value(check->postfix, NULL, "mydestination") != '\0')
		return postfix_value(check->postfix, NULL, name);
	return value;
}

/* Where local(8) delivers can change at any time: the owners of aliases, of the lists they include
 * and of ~/.forward files decide it. */
static bool
check_local(const struct check *check, struct fault *fault)
{
	static const char *const names[] = {"alias_maps", "forward_path", "luser_relay"};

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		for (size_t j = 0;
		     strcmp(service->program, "local") == 0 && j < G_N_ELEMENTS(names); j++) {
			const char *value = local_value(check, service->name, names[j]);

			if (*value != '\0')
				return fault_set(
					fault, FAULT_CONFIG,
					"checking the Postfix service %s: local(8) delivers there, and %s = %s "
					"may lead anywhere after the milter has decided; %s",
					service->name, names[j], value, advice);
		}
	}
	return true;
}

/* A recipient who is added gets a copy that was sealed for somebody else, or should have been
 * sealed. */
static bool
check_added(const struct check *check, struct fault *fault)
{
	static const char *const names[] = {"always_bcc", "sender_bcc_maps", "recipient_bcc_maps"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GList) settings = settings_of(check, names[i]);

		if (settings != NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s = %s adds recipients after the milter has "
				"decided; %s",
				(const char *)settings->data,
				(const char *)g_hash_table_lookup(check->postfix->values,
								  settings->data),
				advice);
	}
	return true;
}

/* Without domains, nothing is masqueraded, whatever the classes are (cleanup(8)). */
static bool
check_masquerade(const struct check *check, struct fault *fault)
{
	g_autoptr(GList) domains = settings_of(check, "masquerade_domains");
	g_autoptr(GList) classes = settings_of(check, "masquerade_classes");

	for (const GList *setting = classes; domains != NULL && setting != NULL;
	     setting = setting->next)
		if (strstr(g_hash_table_lookup(check->postfix->values, setting->data),
			   "envelope_recipient") != NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s with envelope_recipient changes recipients after the "
				"milter has decided; %s",
				(const char *)setting->data, advice);
	return true;
}

/* smtp(8) rewrites recipients as it sends: in either placement, too late for any decision. */
static bool
check_generic(const struct check *check, struct fault *fault)
{
	return check_all_maps(check, "smtp_generic_maps", fault) &&
	       check_all_maps(check, "lmtp_generic_maps", fault);
}

static bool
check_edge(const struct check *check, char **note_r, struct fault *fault)
{
	static const char *const maps[] = {"virtual_alias_maps", "canonical_maps",
					   "recipient_canonical_maps"};
	g_autoptr(GString) unknown = g_string_new(NULL);
	g_autofree char *why =
		g_strdup_printf("they change recipients after the milter has decided; %s", advice);

	if (!check_added(check, fault) || !check_masquerade(check, fault) ||
	    !tables_check(check, TABLES_ALL, "BCC|REDIRECT", why, unknown, fault))
		return false;
	tables_warn(check, "BCC or REDIRECT", unknown);
	for (size_t i = 0; i < G_N_ELEMENTS(maps); i++)
		if (!check_all_maps(check, maps[i], fault))
			return false;
	if (!check_local(check, fault) || !check_generic(check, fault))
		return false;
	*note_r = g_strdup("at the edge");
	return true;
}

/* --- two passes --- */

/* If inet_interfaces names a single address, smtp(8) sends from it (postconf(5),
 * smtp_bind_address). */
static const char *
source_of(const struct check *check, const char *transport, const GStrv interfaces)
{
	const char *bound = postfix_value(check->postfix, transport, "smtp_bind_address");

	return *bound != '\0' || g_strv_length(interfaces) != 1 ||
			       strcmp(interfaces[0], "all") == 0 ||
			       strcmp(interfaces[0], "loopback-only") == 0 ||
			       strcmp(interfaces[0], "localhost") == 0
		       ? bound
		       : interfaces[0];
}

/* The second pass takes mail from this machine's loopback only. */
static bool
check_source(const struct check *check, const char *transport, struct fault *fault)
{
	g_auto(GStrv) interfaces =
		postfix_list(postfix_value(check->postfix, NULL, "inet_interfaces"));
	const char *source = source_of(check, transport, interfaces);

	return *source == '\0' || g_str_has_prefix(source, "127.") ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the transport %s of Postfix: it connects from %s (smtp_bind_address, or "
		       "inet_interfaces), from which the second pass takes no mail: all of it is returned; " POSTSEAL_WIRE
		       " apply sets smtp_bind_address for it",
		       transport, source);
}

static bool
check_loopback(const struct check *check, struct fault *fault)
{
	const char *text = postfix_value(check->postfix, NULL, "inet_protocols");
	g_auto(GStrv) protocols = postfix_list(text);

	return g_strv_contains((const char *const *)protocols, "all") ||
	       g_strv_contains((const char *const *)protocols, "ipv4") ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking Postfix: inet_protocols = %s, but the second pass is at 127.0.0.1, and Postfix does "
		       "not start; set inet_protocols = all",
		       text);
}

/* All mail has one destination there. */
static bool
check_pace(const struct check *check, const char *transport, struct fault *fault)
{
	static const char *const delays[] = {"destination_rate_delay", "transport_rate_delay"};
	const int length = (int)strcspn(transport, "/");

	for (size_t i = 0; i < G_N_ELEMENTS(delays); i++) {
		g_autofree char *own = g_strdup_printf("%.*s_%s", length, transport, delays[i]);
		const char *value = postfix_value(check->postfix, NULL, own);

		if (g_ascii_strtoull(value, NULL, 10) > 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s = %s, so that only one message at a time goes to the second pass, and all mail "
				"is slow; the default_%s is meant for destinations outside, and " POSTSEAL_WIRE
				" apply exempts the second pass from it",
				own, value, delays[i]);
	}
	return true;
}

static bool
check_way(const struct check *check, const char *transport, struct fault *fault)
{
	return check_source(check, transport, fault) && check_pace(check, transport, fault) &&
	       (*postfix_value(check->postfix, transport, "smtp_fallback_relay") == '\0' ||
		fault_set(fault, FAULT_CONFIG,
			  "checking the transport %s of Postfix: smtp_fallback_relay hands mail to "
			  "others, undecided, whenever the second pass cannot take it; expected -o "
			  "smtp_fallback_relay=",
			  transport));
}

static bool
check_decides(const struct check *check, const struct postfix_service *again, struct fault *fault)
{
	const char *options =
		postfix_value(check->postfix, again->name, "receive_override_options");

	if (strstr(postfix_value(check->postfix, again->name, "milter_macro_defaults"),
		   "postseal_pass=") == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the Postfix service %s: milter_macro_defaults does not tell the milter that it is "
			"the second pass, so that requeued mail is decided again; " POSTSEAL_WIRE
			" sets it up",
			again->name);
	return (strstr(options, "no_address_mappings") != NULL &&
		*postfix_value(check->postfix, again->name, "content_filter") == '\0') ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the Postfix service %s: what is decided there must not be "
			 "mapped or filtered again (receive_override_options = %s); " POSTSEAL_WIRE
			 " sets it up",
			 again->name, options);
}

static bool
check_second_pass(const struct check *check, enum milters_origin origin, struct fault *fault)
{
	const struct postfix_service *again = milters_second_pass(check, origin);
	const char *transport = milters_transport(origin);

	if (again == NULL || postfix_service(check->postfix, transport) == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: the second pass needs the transport %s and the service it "
			"leads to, which are not both in master.cf; " POSTSEAL_WIRE
			" apply adds them",
			transport);
	return check_way(check, transport, fault) && check_decides(check, again, fault);
}

static bool
check_mapped(const struct check *check, struct fault *fault)
{
	static const char service[] = "postseal-mapped/unix";

	return postfix_service(check->postfix, service) == NULL ||
	       g_str_has_prefix(postfix_value(check->postfix, service, "content_filter"),
				"postseal-edge:") ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the Postfix service %s: without the second pass, answers and unlock "
		       "codes leave in plain where an employee's alias leads outside; " POSTSEAL_WIRE
		       " sets it up",
		       service);
}

/* Mail submitted with sendmail(1) or requeued with postsuper(1) arrives through pickup(8), and the
 * milter hears of it from cleanup(8). */
static bool
check_pickup(const struct check *check, struct fault *fault)
{
	const char *expected = postfix_value(check->postfix, NULL, "content_filter");
	static const char *const services[] = {"pickup/unix", "cleanup/unix"};

	for (size_t i = 0; i < G_N_ELEMENTS(services); i++) {
		const char *filter = postfix_value(check->postfix, services[i], "content_filter");

		if (strcmp(filter, expected) != 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: content_filter = %s keeps mail off the second "
				"pass; expected that of main.cf",
				services[i], filter);
	}
	return true;
}

static bool
check_forwarded(const struct check *check, struct fault *fault)
{
	static const char domain[] = "forward.postseal.invalid";

	if (*postfix_value(check->postfix, NULL, "mydestination") == '\0' ||
	    postfix_service(check->postfix, "local/unix") == NULL)
		return true;
	if (strcmp(postfix_value(check->postfix, "local/unix", "cleanup_service_name"),
		   "postseal-forward") != 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the Postfix service local/unix: what it forwards bypasses the "
			"milter; " POSTSEAL_WIRE " sets it up");
	return strstr(postfix_value(check->postfix, NULL, "transport_maps"), domain) != NULL ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking Postfix: transport_maps does not lead %s to the second pass, so that what local(8) "
		       "forwards outside waits in the queue; " POSTSEAL_WIRE " apply adds it",
		       domain);
}

static bool
check_two_passes(const struct check *check, char **note_r, struct fault *fault)
{
	if (!check_loopback(check, fault) || !check_second_pass(check, MILTERS_INSIDE, fault) ||
	    !check_second_pass(check, MILTERS_OUTSIDE, fault) || !check_mapped(check, fault) ||
	    !check_pickup(check, fault) || !check_forwarded(check, fault) ||
	    !check_generic(check, fault))
		return false;
	g_free(*note_r);
	*note_r = g_strdup("after alias expansion, in two passes");
	return true;
}

/* --- the placement as a whole --- */

/* check_filters() reports services that differ from main.cf. */
bool
check_placement(const struct check *check, char **note_r, struct fault *fault)
{
	bool passes = g_str_has_prefix(postfix_value(check->postfix, NULL, "content_filter"),
				       "postseal-edge:");

	if (passes && !milters_come_again(check, NULL))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: content_filter leads to a second pass, but "
			"milter_macro_defaults does not tell the milter so, and it decides "
			"twice; " POSTSEAL_WIRE " sets it up");
	return passes ? check_two_passes(check, note_r, fault) : check_edge(check, note_r, fault);
}
