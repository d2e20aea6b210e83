/* Which services of Postfix are missing, and is there another Postfix on this machine? */
#include <string.h>

#include "admin/check/check.h"
#include "admin/check/milters.h"

/* --- services that others need --- */

/* The lists of what proxymap(8) may be asked for do not count, nor does what has the tables of
 * another setting for a default. */
static bool
is_proxied(const char *setting, const char *value)
{
	static const char *const other[] = {"proxy_read_maps", "proxy_write_maps",
					    "virtual_alias_domains", NULL};

	return strstr(value, "proxy:") != NULL && !g_strv_contains(other, setting);
}

/* The first setting with a table that is asked through proxymap(8), or NULL. */
static const char *
find_proxied(const struct check *check)
{
	const char *first = NULL;
	GHashTableIter each;
	void *setting, *value;

	g_hash_table_iter_init(&each, check->postfix->values);
	while (g_hash_table_iter_next(&each, &setting, &value))
		if (is_proxied(setting, value) && (first == NULL || strcmp(setting, first) < 0))
			first = setting;
	return first;
}

static bool
is_missing(const struct check *check, const char *service)
{
	return postfix_service(check->postfix, service) == NULL;
}

static bool
check_needed(const struct check *check, struct fault *fault)
{
	const char *proxied = find_proxied(check);
	const char *log = postfix_value(check->postfix, NULL, "maillog_file");

	if (is_missing(check, "tlsmgr/unix") && !is_missing(check, "postseal-verified/unix"))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: the service tlsmgr/unix, without which there is no TLS, is not in master.cf, so "
			"that what only verified TLS may take waits; add the line \"tlsmgr unix - - y 1000? 1 tlsmgr\"");
	if (proxied != NULL && is_missing(check, "proxymap/unix"))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: the service proxymap/unix, which %s has asked, is not in master.cf, so that mail "
			"waits; add the line \"proxymap unix - - n - - proxymap\"",
			proxied);
	if (*log != '\0' && is_missing(check, "postlog/unix-dgram"))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Postfix: the service postlog/unix-dgram, which writes %s (maillog_file), is not in "
			"master.cf, so that nothing is logged, and what becomes of mail is not learned; add the line "
			"\"postlog unix-dgram n - n - 1 postlogd\"",
			log);
	return true;
}

/* --- other instances (MULTI_INSTANCE_README) --- */

/* What postconf says of the instance. Caller frees. */
static char *
ask_instance(const char *directory, const char *option, const char *parameter)
{
	const char *const command[] = {"postconf", "-c", directory, option, parameter, NULL};

	return postfix_ask(command);
}

/* Does anyone on another machine hand mail to it? */
static bool
is_open(const char *directory)
{
	g_autofree char *services = ask_instance(directory, "-M", NULL);
	g_auto(GStrv) lines = g_strsplit(services == NULL ? "" : services, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_regex_split_simple("[ \t]+", *line, 0, 0);

		if (g_strv_length(fields) >= 8 && strcmp(fields[7], "smtpd") == 0 &&
		    strcmp(fields[1], "inet") == 0 && !milters_is_local(fields[0]))
			return true;
	}
	return false;
}

/* Both of its lists of milters name ours. */
static bool
asks_us(const struct check *check, const char *directory)
{
	static const char *const lists[] = {"smtpd_milters", "non_smtpd_milters"};
	guint place;

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *list = ask_instance(directory, "-hx", lists[i]);
		g_autofree char *ours =
			list == NULL ? NULL : milters_find(check, g_strchomp(list), NULL, &place);

		if (ours == NULL)
			return false;
	}
	return true;
}

static void
look_at_instances(const struct check *check)
{
	g_auto(GStrv) directories =
		postfix_list(postfix_value(check->postfix, NULL, "multi_instance_directories"));

	for (char **each = directories; *each != NULL; each++)
		if (is_open(*each))
			check_warn(
				check,
				asks_us(check, *each)
					? "there is another Postfix on this machine, %s, which asks our milter, and was not "
					  "looked at: MAIL_CONFIG=%s postseal check"
					: "there is another Postfix on this machine, %s, which takes mail from other machines "
					  "and does not ask our milter: what enters there leaves undecided, unless it was "
					  "decided on elsewhere; wire -c %s shows what is missing",
				*each, *each);
}

bool
check_postfix_services(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	look_at_instances(check);
	return check_needed(check, fault);
}
