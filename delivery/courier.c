#include "delivery/courier.h"

#include <string.h>

#include "core/database.h"
#include "core/log.h"
#include "delivery/bounce.h"
#include "delivery/queue.h"

enum {
	CLAIM_MAX = 2, /* few, so that several couriers share the work */
	LEASE_SECONDS = 900, /* longer than a mail can take */
	SMTP_SECONDS = 300,  /* RFC 5321 §4.5.3.2: five minutes for most replies */
	DOUBLINGS_MAX = 20,
};

void
courier_hang_up(struct courier_lines *lines)
{
	g_clear_pointer(&lines->plain, smtp_close);
	g_clear_pointer(&lines->verified, smtp_close);
}

/* --- sending --- */

/* A mail on its way into SMTP. */
struct errand {
	const struct courier *courier;
	struct connection *connection;
	const struct queued_mail *mail;
};

/* The trace field names the row: it is how a mail is found again in the MTA's log. */
static bool
write_mail(void *context, struct sink *sink, struct fault *fault)
{
	const struct errand *errand = context;
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");

	return sink_print(sink, fault, "Received: by %s (Postseal) id %s;\r\n\t%s\r\n",
			  errand->courier->settings->hostname, errand->mail->id.text, date) &&
	       queue_read(errand->connection, errand->mail, &errand->courier->public_key,
			  &errand->courier->private_key, sink, fault);
}

static struct smtp_recipient *
smtp_recipients(const struct queued_mail *mail)
{
	struct smtp_recipient *recipients = g_new0(struct smtp_recipient, mail->recipients->len);

	for (guint i = 0; i < mail->recipients->len; i++) {
		const struct queued_recipient *from = g_ptr_array_index(mail->recipients, i);

		recipients[i] = (struct smtp_recipient){
			.address = from->address, .notify = from->notify, .orcpt = from->orcpt};
	}
	return recipients;
}

static struct smtp *
line_for(const struct courier *courier, struct courier_lines *lines, const struct queued_mail *mail,
	 struct fault *fault)
{
	const struct settings *settings = courier->settings;
	struct smtp **line = mail->verified ? &lines->verified : &lines->plain;

	if (*line == NULL)
		*line = smtp_open(mail->verified ? settings->reinject_verified : settings->reinject,
				  settings->hostname, SMTP_SECONDS, fault);
	return *line;
}

/* Fills the recipients' replies. False when the connection is of no use any more. */
static bool
send_mail(const struct errand *errand, struct courier_lines *lines,
	  struct smtp_recipient *recipients, struct fault *fault)
{
	const struct queued_mail *mail = errand->mail;
	struct smtp *line = line_for(errand->courier, lines, mail, fault);
	struct smtp_mail outgoing = {.sender = mail->sender,
				     .ret = mail->ret,
				     .envid = mail->envid,
				     .smtputf8 = mail->smtputf8,
				     .recipients = recipients,
				     .recipient_count = mail->recipients->len,
				     .write = write_mail,
				     .context = (void *)errand};
	struct smtp_reply reply;
	bool in_doubt;

	if (line == NULL)
		return false;
	if (smtp_send(line, &outgoing, &reply, &in_doubt, fault))
		return true;
	g_clear_pointer(mail->verified ? &lines->verified : &lines->plain, smtp_close);
	if (in_doubt)
		fault_within(fault, "the MTA may have taken the mail already");
	return false;
}

/* --- settling --- */

static uint64_t
back_off(const struct settings *settings, unsigned attempts)
{
	unsigned doublings = MIN(attempts - 1, (unsigned)DOUBLINGS_MAX);
	uint64_t seconds = settings->retry_first_seconds << doublings;

	return MIN(seconds, settings->retry_last_seconds);
}

static struct queue_outcome *
judge(const struct queued_mail *mail, const struct smtp_recipient *recipients, const char *trouble)
{
	struct queue_outcome *outcomes = g_new(struct queue_outcome, mail->recipients->len);

	for (guint i = 0; i < mail->recipients->len; i++) {
		int class = recipients[i].reply.code / 100;
		bool known = trouble == NULL || class == 5;

		outcomes[i].recipient = g_ptr_array_index(mail->recipients, i);
		outcomes[i].reply = known ? recipients[i].reply.text : trouble;
		if (known && class == 2)
			outcomes[i].result = QUEUE_SENT;
		else if ((known && class == 5) || mail->expired)
			outcomes[i].result = QUEUE_FAILED;
		else
			outcomes[i].result = QUEUE_LATER;
	}
	return outcomes;
}

static void
log_outcomes(const struct queued_mail *mail, const struct queue_outcome *outcomes)
{
	static const char *const words[] = {[QUEUE_SENT] = "sent", [QUEUE_LATER] = "deferred",
					    [QUEUE_FAILED] = "failed"};

	for (guint i = 0; i < mail->recipients->len; i++)
		log_info("%s: kind=%s, message=%s, from=<%s>, to=<%s>, attempt=%u, status=%s (%s)",
			 mail->id.text, mail->kind, mail->message == NULL ? "-" : mail->message, mail->sender,
			 outcomes[i].recipient->address, mail->attempts, words[outcomes[i].result],
			 outcomes[i].reply);
}

static bool
settle(const struct errand *errand, const struct queue_outcome *outcomes, struct fault *fault)
{
	const struct courier *courier = errand->courier;
	const struct queued_mail *mail = errand->mail;
	guint count = mail->recipients->len;

	return batch_begin(errand->connection, fault) &&
	       bounce(errand->connection, courier->settings, &courier->public_key, mail, outcomes, count,
		      fault) &&
	       queue_settle(errand->connection, mail, outcomes, count,
			    back_off(courier->settings, mail->attempts), fault) &&
	       batch_commit(errand->connection, fault);
}

static bool
handle(const struct courier *courier, struct courier_lines *lines, struct connection *connection,
       const struct queued_mail *mail, struct fault *fault)
{
	const struct errand errand = {courier, connection, mail};
	g_autofree struct smtp_recipient *recipients = smtp_recipients(mail);
	g_autofree struct queue_outcome *outcomes = NULL;
	bool sent = send_mail(&errand, lines, recipients, fault);
	struct fault unsettled;

	outcomes = judge(mail, recipients, sent ? NULL : fault->text);
	log_outcomes(mail, outcomes);
	if (!settle(&errand, outcomes, &unsettled)) {
		*fault = unsettled;
		return fault_within(fault, "noting what became of the mail %s", mail->id.text);
	}
	/* A mail that we cannot open is no reason to let the others wait. */
	return sent || fault->cause == FAULT_CRYPTO;
}

bool
courier_round(const struct courier *courier, struct courier_lines *lines, unsigned *count_r,
	      struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(GPtrArray) mails = NULL;
	bool good = true;

	*count_r = 0;
	if (connection == NULL)
		return false;
	mails = queue_claim(connection, courier->name, CLAIM_MAX, LEASE_SECONDS, fault);
	if (mails == NULL)
		return false;
	*count_r = mails->len;
	for (guint i = 0; i < mails->len; i++)
		if (!handle(courier, lines, connection, g_ptr_array_index(mails, i), fault))
			good = false;
	return good;
}
