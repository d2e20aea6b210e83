#include "delivery/courier/doubt.h"

#include "core/log.h"
#include "delivery/courier/chore.h"
#include "delivery/courier/mta_log.h"

enum { WARN_SECONDS = 3600 };

/* --- to be sent again --- */

/* Recorded before the mail is sent. */
static bool
send_again(const struct doubt *doubt, const char *why, struct fault *fault)
{
	log_warning("%s: it is not known whether the MTA has this message (%s): it is sent "
		    "again and may arrive twice",
		    doubt->mail->id.text, why);
	return queue_send_again(doubt->connection, doubt->mail, doubt->courier->name, why, fault);
}

static bool
take_over(const struct doubt *doubt, struct fault *fault)
{
	g_autofree char *why =
		g_strdup_printf("the courier %s of another machine had it in hand and is gone",
				doubt->mail->left_by);

	return send_again(doubt, why, fault);
}

/* --- what the log says --- */

/* Does the log tell, for each recipient, whether the MTA accepted the mail? */
static bool
is_complete(const struct doubt *doubt, const struct mta_log_answer *answer)
{
	guint count = doubt->mail->recipients->len;

	return count == 1 || (!doubt->is_mapped && answer->recipients == count) ||
	       answer->is_over || g_hash_table_size(answer->reached) >= answer->recipients;
}

static void
mark_taken(const struct doubt *doubt, struct smtp_recipient *recipients,
	   const struct mta_log_answer *answer)
{
	guint count = doubt->mail->recipients->len;
	bool all = count == 1 || (!doubt->is_mapped && answer->recipients == count);

	for (guint i = 0; i < count; i++) {
		g_autofree char *key = mta_line_fold(recipients[i].address);
		struct smtp_reply *reply = &recipients[i].reply;

		if (!all && !g_hash_table_contains(answer->named, key)) {
			*reply = (struct smtp_reply){
				450, "450 the MTA accepted the mail without this recipient"};
			continue;
		}
		reply->code = 250;
		g_snprintf(reply->text, sizeof reply->text, "250 found in the log of the MTA as %s",
			   answer->queue_id);
	}
	doubt->mail->in_doubt = false;
}

static bool
weigh(const struct doubt *doubt, const struct mta_log_answer *answer,
      struct smtp_recipient *recipients, bool *settled_r, struct fault *fault)
{
	struct queued_mail *mail = doubt->mail;

	if (answer->verdict == MTA_LOG_NEVER) {
		log_info("%s: a courier did not receive the MTA's reply; its log says: never "
			 "accepted, so it is sent again",
			 mail->id.text);
		mail->in_doubt = false;
		return true;
	}
	if (answer->verdict == MTA_LOG_OPEN)
		return mail->is_overdue
			       ? send_again(doubt,
					    "it never said what became of what it began to receive",
					    fault)
			       : fault_set(fault, FAULT_BUSY,
					   "the MTA began to receive the message as %s and has "
					   "not yet said whether it has it",
					   answer->queue_id);
	if (!is_complete(doubt, answer) && !mail->is_overdue)
		return fault_set(fault, FAULT_BUSY,
				 "the MTA accepted the mail for some of its recipients and has "
				 "not said yet for which");
	log_info("%s: a courier did not receive the MTA's reply; its log says: %s", mail->id.text,
		 answer->queue_id);
	mark_taken(doubt, recipients, answer);
	*settled_r = true;
	return true;
}

bool
doubt_settle(const struct doubt *doubt, struct smtp_recipient *recipients, bool *settled_r,
	     struct fault *fault)
{
	const struct mta_log log = mta_log_of(doubt->courier->settings);
	struct mta_log_answer answer;
	bool good;

	*settled_r = false;
	if (doubt->mail->left_by != NULL)
		return take_over(doubt, fault);
	if (mta_log_find(&log, &doubt->mail->id, &answer, fault))
		good = weigh(doubt, &answer, recipients, settled_r, fault);
	else {
		g_autofree char *why = g_strdup(fault->text);

		good = send_again(doubt, why, fault);
	}
	mta_log_answer_clear(&answer);
	return good;
}

/* --- what waits for another machine --- */

static const struct statement left_alone = {
	"doubt_left_alone",
	"select postseal.courier_host(courier), count(*), to_char(min(claimed_at), 'YYYY-MM-DD HH24:MI') from postseal.outbox"
	" where next_attempt_at <= now() and not postseal.outbox_is_for($1, $2, state, courier, claimed_at)"
	" group by 1 order by 1"};

static char *
tell_of(const PGresult *hosts)
{
	GString *text = g_string_new(NULL);

	for (int row = 0; row < PQntuples(hosts); row++)
		g_string_append_printf(
			text,
			"%s%s messages may be with the MTA of %s, whose courier has not dealt "
			"with them since %s UTC",
			row == 0 ? "" : "; ", PQgetvalue(hosts, row, 1), PQgetvalue(hosts, row, 0),
			PQgetvalue(hosts, row, 2));
	return g_string_free(text, FALSE);
}

/* Logged when it changes, and once an hour. */
static void
warn(const char *text, uint64_t patience)
{
	static char *told;
	static gint64 told_at;
	gint64 now = g_get_monotonic_time();

	if (g_strcmp0(text, told) == 0 && now - told_at < WARN_SECONDS * G_TIME_SPAN_SECOND)
		return;
	g_free(told);
	told = g_strdup(text);
	told_at = now;
	if (*text != '\0')
		log_warning(
			"%s: they wait for it, %" G_GUINT64_FORMAT
			" seconds at most, and are then sent again; if it does not come back, say so: postseal outbox takeover",
			text, (guint64)patience);
}

static bool
watch(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) hosts = NULL;
	struct parameters parameters = {0};
	g_autofree char *text = NULL;

	(void)more_r;
	parameters_text(&parameters, courier->host);
	parameters_number(&parameters, (int64_t)courier->settings->courier_doubt);
	if (connection == NULL ||
	    !connection_execute(connection, &left_alone, &parameters, &hosts, fault))
		return false;
	text = tell_of(hosts);
	warn(text, courier->settings->courier_doubt);
	return true;
}

const struct chore chore_doubt = {.name = "looking for mail in doubt", .seconds = 60, .run = watch};
