/* The log of the MTA: can the courier read it, and does the MTA write there? */
#include <string.h>
#include <sys/stat.h>

#include "admin/check/check.h"
#include "admin/check/journald.h"
#include "admin/check/tried.h"
#include "delivery/courier/mta_log.h"

static bool
open_log(void *context, struct fault *fault)
{
	return mta_log_check(context, fault);
}

/* Postfix writes either to a file of its own or to syslog; nobody looks at the other one. */
static void
warn_of_other_log(const struct check *check, const char *ours)
{
	const char *theirs =
		check->postfix == NULL ? "" : postfix_value(check->postfix, NULL, "maillog_file");

	if (*theirs != '\0' && strcmp(theirs, ours) != 0)
		check_warn(
			check,
			"Postfix logs to %s (maillog_file), and the courier reads %s, where it does not learn what "
			"became of mail: set mta log \"%s\", or maillog_file =",
			theirs, ours, theirs);
}

/* --- can it be read? --- */

/* The courier knows the lines of Postfix by the name that begins them (mta_postfix.c). */
static void
warn_of_name(const struct check *check, const char *service)
{
	const char *name = postfix_value(check->postfix, service, "syslog_name");

	if (!g_str_has_prefix(name, "postfix"))
		check_warn(
			check,
			"%s%s of Postfix is %s, and the courier does not take lines under such a name for those of "
			"Postfix, so that what became of mail is not learned; let it begin with postfix, as in postfix-%s",
			service == NULL ? "" : service,
			service == NULL ? "syslog_name" : "/syslog_name", name, name);
}

/* Under these names, it looks for the copies on record. */
static void
warn_of_form(const struct check *check)
{
	const char *form = postfix_value(check->postfix, NULL, "info_log_address_format");

	if (strcmp(form, "internal") == 0)
		check_warn(
			check,
			"with info_log_address_format = internal, Postfix does not quote addresses in its log, so that what "
			"became of mail to such as \"a b\"@example.com is not learned; expected external");
}

static void
warn_of_lines(const struct check *check)
{
	if (check->postfix == NULL)
		return;
	warn_of_name(check, NULL);
	warn_of_form(check);
	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);
		g_autofree char *own = g_strconcat(service->name, "/syslog_name", NULL);

		if (g_hash_table_contains(check->postfix->values, own))
			warn_of_name(check, service->name);
	}
}

/* --- does anything arrive there? --- */

/* Mail that the MTA of this machine has shown to the milter: it names each in its log. */
static const struct statement last_taken = {
	"check_last_taken",
	"select extract(epoch from max(offered_at))::bigint,"
	" to_char(max(offered_at), 'YYYY-MM-DD HH24:MI') "
	"from postseal.offer where queue_id is not null and host = $1 having max(offered_at) is not null"};

/* When something was last written there, in seconds; 0 if that is not known. */
static gint64
last_written(const struct mta_log *log, const char *directory, bool in_journal)
{
	struct stat status;

	if (in_journal)
		return mta_log_journal_end(log, directory);
	return stat(log->where, &status) == 0 ? status.st_mtim.tv_sec : 0;
}

/* A file that was renamed under a program that writes on into the old one, a syslog daemon that
 * does not run or is told nothing of mail: the log is there, and stays as it is. */
static bool
check_goes_on(const struct check *check, const struct mta_log *log, struct fault *fault)
{
	enum { SECONDS = 0, TIME, SLACK_SECONDS = 5 };
	const char *const texts[] = {g_get_host_name(), NULL};
	const char *directory = NULL;
	bool in_journal = mta_log_is_journal(log->where, &directory);
	gint64 written = last_written(log, directory, in_journal);
	g_autoptr(PGresult) taken = NULL;

	if (!command_ask(check->admin, &last_taken, texts, &taken, fault))
		return false;
	return PQntuples(taken) == 0 ||
	       result_number(taken, 0, SECONDS) <= written + SLACK_SECONDS ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at the log of the MTA, %s: nothing was written there since mail of %s was taken, so what "
		       "became of it is not learned: %s",
		       log->where, PQgetvalue(taken, 0, TIME),
		       in_journal
			       ? "does the MTA log to syslog (Postfix: maillog_file =), and does journald run?"
			       : "does the MTA log there (Postfix: maillog_file), does rsyslog run if it has to pass it "
				 "on, and is it told of a rotation (logrotate: postrotate)?");
}

static bool
check_kept(const char *directory, struct fault *fault)
{
	return directory != NULL || journald_keeps() ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at the log of the MTA, the journal: journald keeps nothing "
		       "(Storage=none in journald.conf), so what became of mail is not learned: "
		       "set Storage=persistent, or have rsyslog write a file and set mta log \"/var/log/mail.log\"");
}

/* Asked what the courier may have to ask: whether the MTA accepted a mail when its reply was lost.
 */
bool
check_mta_log(const struct check *check, char **note_r, struct fault *fault)
{
	struct mta_log log = mta_log_of(check->settings);
	const char *directory;
	bool in_journal = mta_log_is_journal(log.where, &directory);

	if (mta_log_is_for_all(&log))
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the log of the MTA, %s: anybody may write to it, and so say what became of mail",
			log.where);
	if (in_journal && !check_kept(directory, fault))
		return false;
	if (!mta_log_check(&log, fault))
		check_warn(
			check,
			"not available, so mail may arrive twice if a courier dies: %s; where Postfix logs to systemd, "
			"set mta log \"journal\"",
			fault->text);
	else if (!tried_work(check->settings->courier_user, open_log, &log, NULL, 0, fault))
		return fault_within(
			fault,
			"reading the log of the MTA as the courier does (user %s; usermod -a -G %s %s)",
			check->settings->courier_user, in_journal ? "systemd-journal" : "adm",
			check->settings->courier_user);
	else if (!in_journal)
		*note_r = g_strdup("a file: where local users are not trusted, set mta log "
				   "\"journal\", in which they cannot speak for Postfix");
	if (check->warnings->len == 0)
		warn_of_other_log(check, log.where);
	warn_of_lines(check);
	return check->warnings->len > 0 || check_goes_on(check, &log, fault);
}
