#include "delivery/courier/mta_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

/* What is looked for: lines are "… postfix/smtpd[1]: QUEUEID: client=…, orig_queue_id=ROW, …",
 * "… postfix/qmgr[1]: QUEUEID: from=<…>, size=…, nrcpt=N (queue active)" and
 * "… postfix/smtp[1]: QUEUEID: to=<…>, …". */
struct search {
	char *ident; /* "orig_queue_id=ROW" */
	char *queue_id;
	struct mta_log_answer *answer;
};

/* The queue ID in front of what a Postfix process says, and what it says. */
static char *
split_line(const char *line, const char **said_r)
{
	const char *start = strstr(line, "]: ");
	const char *end = start == NULL ? NULL : strstr(start + 3, ": ");

	if (end == NULL)
		return NULL;
	*said_r = end + 2;
	return g_strndup(start + 3, (gsize)(end - start - 3));
}

static void
note_recipient(struct mta_log_answer *answer, const char *said)
{
	const char *end = strchr(said, '>');

	if (end != NULL)
		g_hash_table_add(answer->named, g_strndup(said + 4, (gsize)(end - said - 4)));
}

static void
look_at_line(struct search *search, const char *line)
{
	const char *said, *count;
	g_autofree char *queue_id = split_line(line, &said);

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

static bool
search_file(struct search *search, const char *path, bool must_be, struct fault *fault)
{
	g_autoptr(FILE) file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (file == NULL)
		return !must_be || fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", path,
					     strerror(errno));
	while (getline(&line, &size, file) >= 0)
		look_at_line(search, line);
	free(line);
	return true;
}

bool
mta_log_find(const char *path, const char *id, struct mta_log_answer *answer_r, struct fault *fault)
{
	g_autofree char *before = g_strconcat(path, ".1", NULL);
	struct search search = {.ident = g_strconcat("orig_queue_id=", id, NULL), .answer = answer_r};
	bool read;

	*answer_r = (struct mta_log_answer){
		.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	read = search_file(&search, before, false, fault) && search_file(&search, path, true, fault);
	g_free(search.ident);
	g_free(search.queue_id);
	return read;
}

void
mta_log_answer_clear(struct mta_log_answer *answer)
{
	g_clear_pointer(&answer->queue_id, g_free);
	g_clear_pointer(&answer->named, g_hash_table_unref);
}
