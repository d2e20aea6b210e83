#include "delivery/courier/mta_log.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "delivery/courier/mta_log_files.h"

enum { SLACK_SECONDS = 24 * 3600 }; /* how far the clocks in a cluster may differ */

static const char journal[] = "journal";

/* What is searched for: the line that names the row, and what is said about its queue ID
 * afterwards. */
struct search {
	enum mta mta;
	const char *ident; /* of the row */
	char *process; /* the process that was handed the mail, until it is handed the next one */
	struct mta_log_answer *answer;
};

static void
begin_with(struct search *search, const struct mta_entry *entry, const char *queue_id)
{
	struct mta_log_answer *answer = search->answer;

	g_free(search->process);
	search->process = g_strdup(entry->process);
	g_free(answer->queue_id);
	answer->queue_id = g_strdup(queue_id);
	answer->verdict = MTA_LOG_OPEN;
	answer->is_over = false;
	g_hash_table_remove_all(answer->reached);
	g_hash_table_remove_all(answer->named);
}

static void
note_recipient(struct mta_log_answer *answer, const struct mta_line *line)
{
	answer->verdict = MTA_LOG_TOOK;	      /* Sendmail has no other way to say so */
	answer->is_over = line->to->len == 0; /* all who are still waiting */
	for (guint i = 0; i < line->to->len; i++) {
		const char *to = g_ptr_array_index(line->to, i);

		g_hash_table_add(answer->reached, g_strdup(to));
		g_hash_table_add(answer->named, mta_line_fold(to));
	}
	if (*line->original != '\0')
		g_hash_table_add(answer->named, mta_line_fold(line->original));
}

static void
look_at_mail(struct mta_log_answer *answer, const struct mta_line *line)
{
	if (answer->is_over)
		return; /* another mail has been given the same queue ID */
	switch (line->said) {
	case MTA_TOOK:
		answer->verdict = MTA_LOG_TOOK;
		answer->recipients = line->recipients;
		break;
	case MTA_READ:
		answer->recipients = line->recipients;
		break;
	case MTA_BROKEN_OFF:
		if (answer->verdict == MTA_LOG_OPEN)
			answer->verdict = MTA_LOG_NEVER;
		break;
	case MTA_SENT:
	case MTA_DEFERRED:
	case MTA_RETURNED:
		note_recipient(answer, line);
		break;
	case MTA_REMOVED:
		answer->is_over = true;
		break;
	default:
		break;
	}
}

/* The process that was handed the mail logs something about its connection, or is handed another.
 */
static void
look_at_process(struct search *search, const struct mta_line *line)
{
	if (line->said == MTA_BROKEN_OFF && search->answer->verdict == MTA_LOG_OPEN)
		search->answer->verdict = MTA_LOG_NEVER;
	if (line->said == MTA_BROKEN_OFF || line->said == MTA_IDENT)
		g_clear_pointer(&search->process, g_free);
}

static void
look_at(struct search *search, const struct mta_entry *entry)
{
	struct mta_line line;

	if (!mta_line_parse(&line, entry, search->mta))
		return;
	if (line.said == MTA_IDENT && strcmp(line.text, search->ident) == 0)
		begin_with(search, entry, line.queue_id);
	else if (line.queue_id != NULL && g_strcmp0(line.queue_id, search->answer->queue_id) == 0)
		look_at_mail(search->answer, &line);
	else if (g_strcmp0(entry->process, search->process) == 0)
		look_at_process(search, &line);
	mta_line_clear(&line);
}

/* --- a file --- */

static bool
search_file(struct search *search, const char *path, bool must_be, struct fault *fault)
{
	g_autoptr(FILE) file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool read;

	if (file == NULL)
		return !must_be ||
		       fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", path,
				 strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		struct mta_entry entry;

		g_strchomp(line);
		if (mta_entry_of(&entry, line))
			look_at(search, &entry);
	}
	read = ferror(file) == 0 ||
	       fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", path,
			 strerror(errno));
	free(line);
	return read;
}

/* Finding nothing means nothing if a part of the log cannot be read. */
static bool
search_files(struct search *search, const char *path, gint64 since, struct fault *fault)
{
	bool hidden;
	g_autoptr(GPtrArray) files =
		mta_log_files(path, (struct timespec){.tv_sec = since}, &hidden);

	for (guint i = 0; i < files->len; i++)
		if (!search_file(search, g_ptr_array_index(files, i), i + 1 == files->len, fault))
			return false;
	return !hidden || search->answer->queue_id != NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "reading the log of the MTA, %s: what it said then has been compressed "
			 "(logrotate's delaycompress keeps it readable)",
			 path);
}

/* --- the journal --- */

static bool
user_number(const char *user, uid_t *number_r, struct fault *fault)
{
	enum { BUFFER_BYTES = 16384 };
	g_autofree char *buffer = g_malloc(BUFFER_BYTES);
	struct passwd entry, *found = NULL;

	if (getpwnam_r(user, &entry, buffer, BUFFER_BYTES, &found) != 0 || found == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"reading the log of the MTA, the journal: there is no user %s (reinject user)",
			user);
	*number_r = found->pw_uid;
	return true;
}

/* For the same field, any one match is enough. */
static int
match_postfix(sd_journal *opened, uid_t user)
{
	g_autofree char *by_user = g_strdup_printf("_UID=%u", (unsigned)user);
	const char *const matches[] = {"SYSLOG_FACILITY=2" /* mail */, "_UID=0", by_user};
	int error = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(matches) && error >= 0; i++)
		error = sd_journal_add_match(opened, matches[i], 0);
	return error;
}

sd_journal *
mta_log_open_journal(const struct mta_log *log, const char *directory, struct fault *fault)
{
	sd_journal *opened = NULL;
	uid_t user = 0;
	int error;

	if (!user_number(log->user, &user, fault))
		return NULL;
	error = directory == NULL ? sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY)
				  : sd_journal_open_directory(&opened, directory, 0);
	if (error >= 0)
		error = match_postfix(opened, user);
	if (error >= 0)
		return opened;
	sd_journal_close(opened);
	fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, the journal%s%s: %s",
		  directory == NULL ? "" : " in ", directory == NULL ? "" : directory,
		  strerror(-error));
	return NULL;
}

/* A field of the current entry; "" if it does not have it. Caller frees. */
char *
mta_log_field(sd_journal *opened, const char *name)
{
	const void *data;
	size_t length, skipped = strlen(name) + 1;

	if (sd_journal_get_data(opened, name, &data, &length) < 0 || length < skipped)
		return g_strdup("");
	return g_strndup((const char *)data + skipped, length - skipped);
}

char *
mta_log_process(sd_journal *opened)
{
	g_autofree char *name = mta_log_field(opened, "SYSLOG_IDENTIFIER");
	g_autofree char *number = mta_log_field(opened, "SYSLOG_PID");

	return g_strdup_printf("%s[%s]", name, number);
}

static void
look_at_entry(struct search *search, sd_journal *opened)
{
	g_autofree char *process = mta_log_process(opened);
	g_autofree char *text = mta_log_field(opened, "MESSAGE");

	look_at(search, &(struct mta_entry){process, text});
}

/* Only entries later than the row can be about it. A journal that we may not read looks empty. */
static bool
search_journal(struct search *search, const struct mta_log *log, const char *directory,
	       gint64 since, struct fault *fault)
{
	sd_journal *opened = mta_log_open_journal(log, directory, fault);
	unsigned count = 0;

	if (opened == NULL)
		return false;
	sd_journal_seek_realtime_usec(opened, (uint64_t)since * G_TIME_SPAN_SECOND);
	for (; sd_journal_next(opened) > 0; count++)
		look_at_entry(search, opened);
	sd_journal_close(opened);
	return count > 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "reading the log of the MTA, the journal: it has no entries of the "
			 "mail system; is the courier's user in the group systemd-journal?");
}

gint64
mta_log_journal_end(const struct mta_log *log, const char *directory)
{
	struct fault unseen;
	sd_journal *opened = mta_log_open_journal(log, directory, &unseen);
	uint64_t microseconds = 0;

	if (opened == NULL)
		return 0;
	if (sd_journal_seek_tail(opened) < 0 || sd_journal_previous(opened) <= 0 ||
	    sd_journal_get_realtime_usec(opened, &microseconds) < 0)
		microseconds = 0;
	sd_journal_close(opened);
	return (gint64)(microseconds / G_TIME_SPAN_SECOND);
}

/* --- file or journal --- */

/* *directory_r is NULL for the machine's journal. */
bool
mta_log_is_journal(const char *where, const char **directory_r)
{
	size_t length = strlen(journal);

	if (strncmp(where, journal, length) != 0 || (where[length] != '\0' && where[length] != ':'))
		return false;
	*directory_r = where[length] == ':' ? where + length + 1 : NULL;
	return true;
}

struct mta_log
mta_log_of(const struct settings *settings)
{
	return (struct mta_log){
		.mta = settings->mta, .where = settings->mta_log, .user = settings->reinject_user};
}

char *
mta_log_source(const struct settings *settings)
{
	return g_strdup_printf("%s:%s", g_get_host_name(), settings->mta_log);
}

bool
mta_log_find(const struct mta_log *log, const struct identifier *id,
	     struct mta_log_answer *answer_r, struct fault *fault)
{
	struct search search = {.mta = log->mta, .ident = id->text, .answer = answer_r};
	gint64 since = MAX(identifier_time(id) - SLACK_SECONDS, 0);
	const char *directory;
	bool read;

	*answer_r = (struct mta_log_answer){
		.reached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	read = mta_log_is_journal(log->where, &directory)
		       ? search_journal(&search, log, directory, since, fault)
		       : search_files(&search, log->where, since, fault);
	g_free(search.process);
	return read;
}

bool
mta_log_check(const struct mta_log *log, struct fault *fault)
{
	const char *directory;
	sd_journal *opened;

	if (!mta_log_is_journal(log->where, &directory))
		return access(log->where, R_OK) == 0 ||
		       fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s",
				 log->where, strerror(errno));
	opened = mta_log_open_journal(log, directory, fault);
	sd_journal_close(opened);
	return opened != NULL;
}

bool
mta_log_is_for_all(const struct mta_log *log)
{
	struct stat status;

	return stat(log->where, &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

void
mta_log_answer_clear(struct mta_log_answer *answer)
{
	g_clear_pointer(&answer->queue_id, g_free);
	g_clear_pointer(&answer->reached, g_hash_table_unref);
	g_clear_pointer(&answer->named, g_hash_table_unref);
}
