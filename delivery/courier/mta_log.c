#include "delivery/courier/mta_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "core/cleanup.h"

enum { SLACK_SECONDS = 24 * 3600 }; /* how much the clocks of a cluster may differ */

static const char journal[] = "journal";

/* What is looked for: Postfix' smtpd says "QUEUEID: client=…, orig_queue_id=ROW, …", its qmgr
 * "QUEUEID: from=<…>, size=…, nrcpt=N (queue active)" and its smtp "QUEUEID: to=<…>, …". */
struct search {
	char *ident; /* "orig_queue_id=ROW" */
	char *queue_id;
	struct mta_log_answer *answer;
};

/* --- what Postfix says --- */

static char *
split(const char *text, const char **said_r)
{
	const char *end = strstr(text, ": ");

	if (end == NULL)
		return NULL;
	*said_r = end + 2;
	return g_strndup(text, (gsize)(end - text));
}

static void
note_recipient(struct mta_log_answer *answer, const char *said)
{
	const char *end = strchr(said, '>');

	if (end != NULL)
		g_hash_table_add(answer->named, g_strndup(said + 4, (gsize)(end - said - 4)));
}

static void
look_at(struct search *search, const char *text)
{
	const char *said, *count;
	g_autofree char *queue_id = split(text, &said);

	if (queue_id == NULL)
		return;
	if (strstr(said, search->ident) != NULL) {
		g_free(search->queue_id);
		search->queue_id = g_steal_pointer(&queue_id);
		return;
	}
	if (search->queue_id == NULL || strcmp(queue_id, search->queue_id) != 0)
		return;
	if (g_str_has_prefix(said, "to=<")) {
		note_recipient(search->answer, said);
	} else if (g_str_has_prefix(said, "from=<") && (count = strstr(said, ", nrcpt=")) != NULL) {
		g_free(search->answer->queue_id);
		search->answer->queue_id = g_strdup(queue_id);
		search->answer->recipients = (unsigned)strtoul(count + 8, NULL, 10);
	}
}

/* --- a file --- */

/* In a line, "… postfix/smtpd[1]: " comes before what is said. */
static void
look_at_line(struct search *search, const char *line)
{
	const char *prefix = strstr(line, "]: ");

	if (prefix != NULL)
		look_at(search, prefix + strlen("]: "));
}

static bool
search_file(struct search *search, const char *path, bool must_be, struct fault *fault)
{
	g_autoptr(FILE) file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (file == NULL)
		return !must_be ||
		       fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", path,
				 strerror(errno));
	while (getline(&line, &size, file) >= 0)
		look_at_line(search, line);
	free(line);
	return true;
}

static bool
search_files(struct search *search, const char *path, struct fault *fault)
{
	g_autofree char *before = g_strconcat(path, ".1", NULL);

	return search_file(search, before, false, fault) && search_file(search, path, true, fault);
}

/* --- the journal --- */

static sd_journal *
journal_open(const char *directory, struct fault *fault)
{
	sd_journal *opened = NULL;
	int error = directory == NULL ? sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY)
				      : sd_journal_open_directory(&opened, directory, 0);

	if (error >= 0)
		error = sd_journal_add_match(opened, "SYSLOG_FACILITY=2", 0); /* mail */
	if (error >= 0)
		return opened;
	sd_journal_close(opened);
	fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, the journal%s%s: %s",
		  directory == NULL ? "" : " in ", directory == NULL ? "" : directory,
		  strerror(-error));
	return NULL;
}

static void
look_at_entry(struct search *search, sd_journal *opened)
{
	static const char field[] = "MESSAGE=";
	const void *data;
	size_t length;
	g_autofree char *text = NULL;

	if (sd_journal_get_data(opened, "MESSAGE", &data, &length) < 0 || length < strlen(field))
		return;
	text = g_strndup((const char *)data + strlen(field), length - strlen(field));
	look_at(search, text);
}

/* Only what is younger than the row can speak of it. A journal that may not be read looks empty. */
static bool
search_journal(struct search *search, const char *directory, uint64_t since, struct fault *fault)
{
	sd_journal *opened = journal_open(directory, fault);
	unsigned count = 0;

	if (opened == NULL)
		return false;
	sd_journal_seek_realtime_usec(opened, since);
	for (; sd_journal_next(opened) > 0; count++)
		look_at_entry(search, opened);
	sd_journal_close(opened);
	return count > 0 ||
	       fault_set(fault, FAULT_CONFIG,
			 "reading the log of the MTA, the journal: it shows nothing of the "
			 "mail system; is the courier's user in the group systemd-journal?");
}

/* --- either --- */

/* *directory_r is NULL for the journal of the machine. */
static bool
is_journal(const char *where, const char **directory_r)
{
	size_t length = strlen(journal);

	if (strncmp(where, journal, length) != 0 || (where[length] != '\0' && where[length] != ':'))
		return false;
	*directory_r = where[length] == ':' ? where + length + 1 : NULL;
	return true;
}

bool
mta_log_find(const char *where, const struct identifier *id, struct mta_log_answer *answer_r,
	     struct fault *fault)
{
	struct search search = {.ident = g_strconcat("orig_queue_id=", id->text, NULL),
				.answer = answer_r};
	gint64 made = identifier_time(id);
	const char *directory;
	bool read;

	*answer_r = (struct mta_log_answer){
		.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	read = is_journal(where, &directory)
		       ? search_journal(&search, directory,
					(uint64_t)MAX(made - SLACK_SECONDS, 0) * G_TIME_SPAN_SECOND,
					fault)
		       : search_files(&search, where, fault);
	g_free(search.ident);
	g_free(search.queue_id);
	return read;
}

bool
mta_log_check(const char *where, struct fault *fault)
{
	const char *directory;
	sd_journal *opened;

	if (!is_journal(where, &directory))
		return access(where, R_OK) == 0 ||
		       fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", where,
				 strerror(errno));
	opened = journal_open(directory, fault);
	sd_journal_close(opened);
	return opened != NULL;
}

void
mta_log_answer_clear(struct mta_log_answer *answer)
{
	g_clear_pointer(&answer->queue_id, g_free);
	g_clear_pointer(&answer->named, g_hash_table_unref);
}
