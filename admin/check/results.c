/* Does a verifier beside us write Authentication-Results under our name (RFC 8601 §5)? Each would
 * remove what the other wrote as forged. */
#include "delivery/inbound/results.h"

#include <string.h>

#include "admin/check/milters.h"
#include "policy/policy.h"

/* A program of Debian that verifies mail, and where it is told under which name it says so; without
 * that, it takes the MTA's. */
static const struct verifier {
	const char *program, *option, *file;
	const char *modes; /* the setting of what it does, which then must have a "v"; NULL: always
			      verifies */
} verifiers[] = {
	{"opendkim", "-x", "/etc/opendkim.conf", "Mode"},
	{"opendmarc", "-c", "/etc/opendmarc.conf", NULL},
};

/* The value in lines "Name value"; NULL: there is none. Caller frees. */
static char *
find_value(const char *text, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_regex_split_simple("[ \t]+", g_strstrip(*line), 0, 0);

		if (words[0] != NULL && words[1] != NULL && g_ascii_strcasecmp(words[0], name) == 0)
			return g_strdup(words[1]);
	}
	return NULL;
}

static char *
name_in_file(const struct verifier *verifier, const char *text, const char *mta)
{
	g_autofree char *mode = verifier->modes == NULL ? NULL : find_value(text, verifier->modes);
	g_autofree char *name = find_value(text, "AuthservID");

	if (mode != NULL && strchr(mode, 'v') == NULL)
		return NULL;
	if (name != NULL && strcmp(name, "HOSTNAME") == 0)
		return g_strdup(g_get_host_name());
	return name == NULL ? g_strdup(mta) : g_steal_pointer(&name);
}

/* rspamd writes the field if it is asked to, under the MTA's name. */
static char *
name_of_rspamd(const char *mta)
{
	static const char *const files[] = {"/etc/rspamd/local.d/milter_headers.conf",
					    "/etc/rspamd/override.d/milter_headers.conf"};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL;

		if (g_file_get_contents(files[i], &text, NULL, NULL) &&
		    g_regex_match_simple("^[^#]*\\bauthentication-results\\b", text,
					 G_REGEX_MULTILINE, 0))
			return g_strdup(mta);
	}
	return NULL;
}

/* The name under which a milter writes, or NULL if it writes none, as far as we know. */
static char *
name_of(const struct check *check, const char *address, const char *mta, char **program_r)
{
	*program_r = milters_program(check, address);
	if (*program_r == NULL)
		return NULL;
	if (strstr(*program_r, "rspamd") != NULL)
		return name_of_rspamd(mta);
	for (size_t i = 0; i < G_N_ELEMENTS(verifiers); i++) {
		g_autofree char *file = NULL, *text = NULL;

		if (strcmp(*program_r, verifiers[i].program) != 0)
			continue;
		file = milters_option(check, address, verifiers[i].option);
		return g_file_get_contents(file == NULL ? verifiers[i].file : file, &text, NULL,
					   NULL)
			       ? name_in_file(&verifiers[i], text, mta)
			       : NULL;
	}
	return NULL;
}

static bool
check_service(const struct check *check, const char *service, struct fault *fault)
{
	const char *ours = results_authserv_id(check->settings);
	g_auto(GStrv) milters =
		postfix_list(postfix_value(check->postfix, service, "smtpd_milters"));

	for (char **each = milters; *each != NULL; each++) {
		g_autofree char *address = milters_address(*each), *program = NULL;
		g_autofree char *theirs = NULL;

		if (milters_is_ours(check, address, service))
			continue;
		theirs = name_of(check, address,
				 postfix_value(check->postfix, service, "myhostname"), &program);
		if (theirs != NULL && g_ascii_strcasecmp(theirs, ours) == 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking authserv id: %s at %s writes Authentication-Results under the name %s, too, and "
				"whoever comes later removes what the other wrote as forged; set authserv id "
				"\"postseal.%s\"",
				program, address, ours, ours);
	}
	return true;
}

static bool
check_services(const struct check *check, struct fault *fault)
{
	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (strcmp(service->program, "smtpd") == 0 &&
		    !check_service(check, service->name, fault))
			return false;
	}
	return true;
}

bool
check_results(const struct check *check, char **note_r, struct fault *fault)
{
	const char *ours = results_authserv_id(check->settings);

	for (char **each = check->settings->keys_authenticated; *each != NULL; each++)
		if (g_ascii_strcasecmp(*each, ours) == 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking keys authenticated: %s is the name under which Postseal writes itself, and what "
				"comes in under it counts as forged; set authserv id \"postseal.%s\"",
				*each, ours);
	if (!policy_receives(check->admin->policy)) {
		*note_r = g_strdup("not needed: no rule is about mail that comes in");
		return true;
	}
	return check->postfix == NULL || check_services(check, fault);
}
