/* Does Sendmail pass every message to the milter and take back what comes from it, and does it add
 * no recipients? */
#include <pwd.h>
#include <string.h>

#include "admin/check/check.h"
#include "admin/check/sendmail.h"
#include "core/listening.h"

static const char advice[] = "contrib/sendmail/postseal.m4 sets it up";

/* --- filters --- */

/* "S=unix:/path, F=T, …" */
static bool
is_ours(const struct check *check, const char *filter)
{
	const char *listen = check->settings->milter_listen, *ours = listening_path(listen);
	g_autofree char *socket = sendmail_equate(filter, "S");
	const char *theirs = socket == NULL ? NULL : listening_path(socket);

	if (ours == NULL || theirs == NULL)
		return socket != NULL && strcmp(socket, listen) == 0;
	return strcmp(theirs, ours) == 0;
}

/* The filters in a list, "a, b; c"; ends with NULL. */
static GStrv
names_in(const char *list)
{
	g_auto(GStrv) words = g_strsplit_set(list, ",; ", -1);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (char **word = words; *word != NULL; word++)
		if (**word != '\0')
			g_strv_builder_add(names, *word);
	return g_strv_builder_end(names);
}

/* The index of our filter in the list, and its equates in *filter_r; -1 if it is not in the list.
 */
static int
find_ours(const struct check *check, const struct sendmail *sendmail, char *const *names,
	  char **filter_r)
{
	for (int i = 0; names[i] != NULL; i++) {
		*filter_r = sendmail_filter(sendmail, names[i]);
		if (*filter_r != NULL && is_ours(check, *filter_r))
			return i;
		g_clear_pointer(filter_r, g_free);
	}
	return -1;
}

/* --- daemons --- */

/* The filters of the daemon itself, or those that apply to all daemons. Caller frees. */
static char *
filters_of(const struct sendmail *sendmail, const char *daemon)
{
	char *own = sendmail_equate(daemon, "InputMailFilters");

	return own != NULL ? own : sendmail_option(sendmail, "InputMailFilters");
}

/* The daemon to which the courier hands mail. */
static bool
is_reinjection(const struct check *check, const char *daemon)
{
	const char *url = check->settings->reinject, *path = listening_path(url);
	g_autofree char *address = sendmail_equate(daemon, "A"),
			*port = sendmail_equate(daemon, "P");
	const char *colon = strrchr(url, ':');

	if (path != NULL)
		return address != NULL && strcmp(address, path) == 0;
	return port != NULL && strcmp(port, colon + 1) == 0;
}

static bool
check_daemon(const struct check *check, const struct sendmail *sendmail, const char *daemon,
	     struct fault *fault)
{
	g_autofree char *list = filters_of(sendmail, daemon), *filter = NULL;
	g_auto(GStrv) names = names_in(list);
	bool asks = find_ours(check, sendmail, names, &filter) >= 0;

	if (is_reinjection(check, daemon))
		return *names == NULL ||
		       fault_set(
			       fault, FAULT_CONFIG,
			       "checking the daemon of Sendmail at %s: it has filters (%s), so mail "
			       "from Postseal would be sealed twice; %s",
			       check->settings->reinject, list, advice);
	return asks ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Sendmail: its daemon (%s) has no filter at %s, so mail that "
			 "enters there bypasses the milter; %s",
			 daemon, check->settings->milter_listen, advice);
}

bool
check_sendmail_milters(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(sendmail_auto) sendmail = sendmail_read(fault);
	g_auto(GStrv) daemons =
		sendmail == NULL ? NULL : sendmail_options(sendmail, "DaemonPortOptions");
	bool takes_back = false;

	(void)note_r;
	if (sendmail == NULL)
		return false;
	for (char **daemon = daemons; *daemon != NULL; daemon++) {
		if (!check_daemon(check, sendmail, *daemon, fault))
			return false;
		takes_back |= is_reinjection(check, *daemon);
	}
	return takes_back ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Sendmail: none of its daemons listens at %s (reinject); %s",
			 check->settings->reinject, advice);
}

/* The filters in the list that come before ours. */
static bool
check_list_order(const struct check *check, const struct sendmail *sendmail, const char *list,
		 struct fault *fault)
{
	g_auto(GStrv) names = names_in(list);
	g_autofree char *ours = NULL;
	int place = find_ours(check, sendmail, names, &ours);

	for (int i = 0; i < place; i++) {
		g_autofree char *filter = sendmail_filter(sendmail, names[i]);

		if (strstr(names[i], "dkim") != NULL ||
		    (filter != NULL && strstr(filter, "dkim") != NULL))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Sendmail: its filters (%s) have %s sign before Postseal "
				"seals, which breaks the signature",
				list, names[i]);
	}
	return true;
}

/* A daemon may have a list of its own; what sendmail(1) is given has that of all. */
bool
check_sendmail_order(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(sendmail_auto) sendmail = sendmail_read(fault);
	g_auto(GStrv) daemons =
		sendmail == NULL ? NULL : sendmail_options(sendmail, "DaemonPortOptions");
	g_autofree char *of_all =
		sendmail == NULL ? NULL : sendmail_option(sendmail, "InputMailFilters");

	(void)note_r;
	if (sendmail == NULL || !check_list_order(check, sendmail, of_all, fault))
		return false;
	for (char **daemon = daemons; *daemon != NULL; daemon++) {
		g_autofree char *list = filters_of(sendmail, *daemon);

		if (!check_list_order(check, sendmail, list, fault))
			return false;
	}
	return true;
}

bool
check_sendmail_failures(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(sendmail_auto) sendmail = sendmail_read(fault);

	(void)note_r;
	if (sendmail == NULL)
		return false;
	for (char **line = sendmail->lines; *line != NULL; line++) {
		const char *equates = **line == 'X' ? strchr(*line, ',') : NULL;
		g_autofree char *flags = NULL;

		if (equates == NULL || !is_ours(check, equates + 1))
			continue;
		flags = sendmail_equate(equates + 1, "F");
		if (flags == NULL || strpbrk(flags, "TR4") == NULL)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Sendmail: if the milter does not answer, mail goes through "
				"undecided (%s); expected F=T",
				*line);
	}
	return true;
}

/* --- what comes back, and which recipients are added --- */

bool
check_sendmail_bounces(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(sendmail_auto) sendmail = sendmail_read(fault);
	g_autofree char *options =
		sendmail == NULL ? NULL : sendmail_option(sendmail, "PrivacyOptions");

	(void)check;
	*note_r = g_strdup("show the header alone");
	if (sendmail == NULL)
		return false;
	return strstr(options, "nobodyreturn") != NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking Sendmail: PrivacyOptions (%s) lets a message that could not be "
			 "delivered return whole, in plain, to whoever was named as its sender; "
			 "expected nobodyreturn among them; %s",
			 options, advice);
}

/* An alias from aliases(5) that names an address, a program, a file or a list. */
static bool
leads_outside(const char *path)
{
	g_autofree char *text = NULL;
	g_autoptr(GRegex) address = g_regex_new("^[^#\\n]*:.*[@|/]", G_REGEX_MULTILINE, 0, NULL);

	return g_file_get_contents(path, &text, NULL, NULL) &&
	       g_regex_match(address, text, 0, NULL);
}

static bool
check_aliases(const struct sendmail *sendmail, struct fault *fault)
{
	g_auto(GStrv) lists = sendmail_options(sendmail, "AliasFile");

	for (char **list = lists; *list != NULL; list++) {
		g_auto(GStrv) names = names_in(*list);

		for (char **name = names; *name != NULL; name++) {
			const char *path = strchr(*name, '/');

			if (path != NULL && leads_outside(path))
				return fault_set(
					fault, FAULT_CONFIG,
					"checking the aliases of Sendmail, %s: some lead outside, where "
					"their mail goes as it was decided for the alias; expand them "
					"before this MTA",
					path);
		}
	}
	return true;
}

static bool
check_forwards(const struct sendmail *sendmail, struct fault *fault)
{
	g_autofree char *paths = sendmail_option(sendmail, "ForwardPath");
	const struct passwd *user;
	bool good = true;

	if (*paths == '\0')
		return true;
	setpwent();
	while (good && (user = getpwent()) != NULL) {
		g_autofree char *path = g_build_filename(user->pw_dir, ".forward", NULL);

		if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
			good = fault_set(
				fault, FAULT_CONFIG,
				"checking what Sendmail forwards: %s leads mail on as it was decided "
				"for the user; expand it before this MTA, or set ForwardPath to nothing",
				path);
	}
	endpwent();
	return good;
}

bool
check_sendmail_placement(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(sendmail_auto) sendmail = sendmail_read(fault);

	(void)check;
	*note_r = g_strdup("at the edge: nothing here changes recipients after the milter");
	if (sendmail == NULL)
		return false;
	if (sendmail_has_map(sendmail, "virtuser") || sendmail_has_map(sendmail, "bcctable"))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking Sendmail: it has a virtusertable or bcc table, which changes "
			"or adds recipients that the rules were not asked about; expand "
			"addresses before this MTA");
	return check_aliases(sendmail, fault) && check_forwards(sendmail, fault);
}
