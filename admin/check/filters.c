#include <string.h>

#include "admin/check/milters.h"

/* --- what a map says --- */

/* Lines of the table that a map is made of: all of it, or what the map itself is; "" where that
 * cannot be listed. */
static char *
text_of(const char *map)
{
	static const char *const as_written[] = {"regexp:", "pcre:", "cidr:", "texthash:"};
	const char *const command[] = {"postmap", "-s", map, NULL};
	const char *place = strchr(map, ':');
	char *text = NULL;

	if (g_str_has_prefix(map, "inline:") || g_str_has_prefix(map, "static:"))
		return g_strdup(map);
	for (size_t i = 0; i < G_N_ELEMENTS(as_written); i++)
		if (g_str_has_prefix(map, as_written[i]) &&
		    g_file_get_contents(place + 1, &text, NULL, NULL))
			return text;
	text = postfix_ask(command);
	return text == NULL ? g_strdup("") : text;
}

/* "FILTER transport:destination" of access(5) and header_checks(5). */
static bool
filters(const char *map)
{
	g_autofree char *text = text_of(map);

	return g_regex_match_simple("^[^#\\n]*[ \\t={:]FILTER[ \\t]+[^ \\t\\n]+:", text,
				    G_REGEX_CASELESS | G_REGEX_MULTILINE, 0);
}

static bool
check_map(const char *service, const char *parameter, const char *map, struct fault *fault)
{
	return !filters(map) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at Postfix: %s%s%s (%s) has a FILTER, which takes the place of content_filter: mail "
		       "that it matches leaves undecided",
		       service == NULL ? "" : service, service == NULL ? "" : "/", parameter, map);
}

/* --- where Postfix looks --- */

static bool
check_content(const struct check *check, struct fault *fault)
{
	static const char *const lists[] = {"header_checks", "mime_header_checks",
					    "nested_header_checks", "body_checks",
					    "milter_header_checks"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_auto(GStrv) maps = postfix_list(postfix_value(check->postfix, NULL, lists[i]));

		for (char **map = maps; *map != NULL; map++)
			if (!check_map(NULL, lists[i], *map, fault))
				return false;
	}
	return true;
}

/* "check_client_access hash:/etc/postfix/clients": only what has a colon names a map. */
static bool
check_access(const struct check *check, const char *service, struct fault *fault)
{
	static const char *const lists[] = {
		"smtpd_client_restrictions",	  "smtpd_helo_restrictions",
		"smtpd_sender_restrictions",	  "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions",	  "smtpd_data_restrictions",
		"smtpd_end_of_data_restrictions", "smtpd_etrn_restrictions"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_auto(GStrv) words =
			postfix_list(postfix_value(check->postfix, service, lists[i]));

		for (char **word = words; *word != NULL; word++)
			if (strchr(*word, ':') != NULL &&
			    !check_map(service, lists[i], *word, fault))
				return false;
	}
	return true;
}

bool
check_filters(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	if (!g_str_has_prefix(postfix_value(check->postfix, NULL, "content_filter"),
			      "postseal-edge:")) {
		*note_r = g_strdup("not needed: nothing relies on content_filter");
		return true;
	}
	if (!check_content(check, fault))
		return false;
	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		if (!check_access(check, service->name, fault))
			return false;
	}
	return true;
}
