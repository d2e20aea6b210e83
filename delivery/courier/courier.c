#include "delivery/courier/courier.h"

#include <string.h>

#include "core/crash.h"
#include "core/database.h"
#include "core/log.h"
#include "core/metrics.h"
#include "delivery/courier/bounce.h"
#include "delivery/courier/links_and_codes.h"
#include "delivery/courier/mta_log.h"
#include "delivery/courier/queue.h"
#include "delivery/courier/receipts.h"

enum { ISSUE_MAX = 4, DOUBLINGS_MAX = 20 };

void
courier_hang_up(struct courier_lines *lines)
{
	for (size_t i = 0; i < SERVICE_COUNT; i++)
		g_clear_pointer(&lines->smtp[i], smtp_close);
}

/* --- sending --- */

/* A mail on its way into SMTP. */
struct errand {
	const struct courier *courier;
	struct connection *connection;
	struct queued_mail *mail;
};

/* The trace field names the row: it is how a mail is found again in the MTA's log. */
static bool
write_mail(void *context, struct sink *sink, struct fault *fault)
{
	const struct errand *errand = context;
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");

	if (!sink_print(sink, fault, "Received: by %s (Postseal) id %s;\r\n\t%s\r\n",
			errand->courier->settings->hostname, errand->mail->id.text, date) ||
	    !queue_read(errand->connection, errand->mail, &errand->courier->public_key,
			&errand->courier->private_key, sink, fault))
		return false;
	crash_point("courier-in-data");
	return true;
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

/* Copies and notices go to addresses that the milter saw and decided on: to map those once more
 * could send one of them twice, or to somebody else. All else goes to an address as its owner
 * writes it. */
static enum courier_service
service_for(const struct queued_mail *mail)
{
	if (mail->verified)
		return SERVICE_VERIFIED;
	return strcmp(mail->kind, "copy") == 0 || strcmp(mail->kind, "notice") == 0
		       ? SERVICE_COPIES
		       : SERVICE_MAPPED;
}

static struct smtp *
line_for(const struct courier *courier, struct courier_lines *lines, enum courier_service service,
	 struct fault *fault)
{
	const struct settings *settings = courier->settings;
	const char *const urls[SERVICE_COUNT] = {[SERVICE_COPIES] = settings->reinject,
						 [SERVICE_VERIFIED] = settings->reinject_verified,
						 [SERVICE_MAPPED] = settings->reinject_mapped};
	const struct smtp_peer peer = {.url = urls[service],
				       .user = settings->reinject_user,
				       .hostname = settings->hostname,
				       .timeout_seconds = (unsigned)settings->reinject_timeout};

	if (lines->smtp[service] == NULL)
		lines->smtp[service] = smtp_open(&peer, fault);
	return lines->smtp[service];
}

/* Fills the recipients' replies. False when the connection is of no use any more; the mail is in
 * doubt when the MTA may have taken it all the same. */
static bool
send_mail(const struct errand *errand, struct courier_lines *lines,
	  struct smtp_recipient *recipients, struct fault *fault)
{
	struct queued_mail *mail = errand->mail;
	enum courier_service service = service_for(mail);
	struct smtp *line = line_for(errand->courier, lines, service, fault);
	struct smtp_mail outgoing = {.ident = mail->id.text,
				     .sender = mail->sender,
				     .ret = mail->ret,
				     .envid = mail->envid,
				     .smtputf8 = mail->smtputf8,
				     .recipients = recipients,
				     .recipient_count = mail->recipients->len,
				     .write = write_mail,
				     .context = (void *)errand};
	struct smtp_reply reply;

	if (line == NULL)
		return false;
	if (smtp_send(line, &outgoing, &reply, &mail->in_doubt, fault))
		return true;
	g_clear_pointer(&lines->smtp[service], smtp_close);
	return false;
}

/* --- in doubt --- */

static void
mark_taken(const struct queued_mail *mail, struct smtp_recipient *recipients,
	   const struct mta_log_answer *answer)
{
	bool all = answer->recipients == mail->recipients->len;

	for (guint i = 0; i < mail->recipients->len; i++) {
		struct smtp_reply *reply = &recipients[i].reply;

		if (!all && !g_hash_table_contains(answer->named, recipients[i].address)) {
			*reply = (struct smtp_reply){
				450, "450 the MTA took the mail without this recipient"};
			continue;
		}
		reply->code = 250;
		g_snprintf(reply->text, sizeof reply->text, "250 found in the log of the MTA as %s",
			   answer->queue_id);
	}
}

/* A courier died, or the connection did, after the last byte and before the MTA's answer: its
 * log says what became of the mail. *settled_r: the recipients' replies are filled from there. */
static bool
settle_doubt(const struct errand *errand, struct smtp_recipient *recipients, bool *settled_r,
	     struct fault *fault)
{
	struct queued_mail *mail = errand->mail;
	struct mta_log_answer answer;

	*settled_r = false;
	if (!mta_log_find(errand->courier->settings->mta_log, &mail->id, &answer, fault)) {
		log_warning("%s: it is not known whether the MTA has this mail, and its log cannot "
			    "tell (%s): it "
			    "is sent again and may arrive twice",
			    mail->id.text, fault->text);
		mta_log_answer_clear(&answer);
		return true;
	}
	if (answer.queue_id != NULL && answer.recipients != mail->recipients->len &&
	    g_hash_table_size(answer.named) < answer.recipients) {
		mta_log_answer_clear(&answer);
		return fault_set(fault, FAULT_BUSY,
				 "the MTA took the mail for some of its recipients and has not yet "
				 "said for which");
	}
	*settled_r = answer.queue_id != NULL;
	if (*settled_r)
		mark_taken(mail, recipients, &answer);
	log_info("%s: a courier did not hear the MTA's answer; its log says: %s", mail->id.text,
		 *settled_r ? answer.queue_id : "never taken, so it is sent again");
	mta_log_answer_clear(&answer);
	return true;
}

/* --- settling --- */

static uint64_t
back_off(const struct settings *settings, unsigned attempts)
{
	unsigned doublings = MIN(attempts - 1, (unsigned)DOUBLINGS_MAX);
	uint64_t seconds = settings->retry_first << doublings;

	return MIN(seconds, settings->retry_last);
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
		else if (((known && class == 5) || mail->expired) && !mail->in_doubt)
			outcomes[i].result = QUEUE_FAILED;
		else
			outcomes[i].result = QUEUE_LATER;
	}
	return outcomes;
}

static void
log_outcomes(const struct queued_mail *mail, const struct queue_outcome *outcomes)
{
	static const char *const words[] = {
		[QUEUE_SENT] = "sent", [QUEUE_LATER] = "deferred", [QUEUE_FAILED] = "failed"};

	for (guint i = 0; i < mail->recipients->len; i++) {
		g_autofree char *labels = g_strdup_printf("kind=\"%s\",status=\"%s\"", mail->kind,
							  words[outcomes[i].result]);

		metrics_count(METRIC_OUTBOX_HANDLED, labels, 1);
		log_info("%s: kind=%s, message=%s, from=<%s>, to=<%s>, attempt=%u, status=%s (%s)",
			 mail->id.text, mail->kind, mail->message == NULL ? "-" : mail->message,
			 mail->sender, outcomes[i].recipient->address, mail->attempts,
			 words[outcomes[i].result], outcomes[i].reply);
	}
}

static bool
settle(const struct errand *errand, const struct queue_outcome *outcomes, struct fault *fault)
{
	const struct courier *courier = errand->courier;
	const struct queued_mail *mail = errand->mail;
	guint count = mail->recipients->len;

	return batch_begin(errand->connection, fault) &&
	       bounce(errand->connection, courier->settings, &courier->public_key, mail, outcomes,
		      count, fault) &&
	       queue_settle(errand->connection, mail, outcomes, count,
			    back_off(courier->settings, mail->attempts), fault) &&
	       batch_commit(errand->connection, fault);
}

/* True when all recipients' replies are there, from the MTA or from its log. */
static bool
serve(const struct errand *errand, struct courier_lines *lines, struct smtp_recipient *recipients,
      struct fault *fault)
{
	bool settled = false;

	if (errand->mail->in_doubt && !settle_doubt(errand, recipients, &settled, fault))
		return false;
	if (settled) {
		errand->mail->in_doubt = false;
		return true;
	}
	crash_point("courier-before-send");
	return send_mail(errand, lines, recipients, fault);
}

static bool
handle(const struct courier *courier, struct courier_lines *lines, struct connection *connection,
       struct queued_mail *mail, struct fault *fault)
{
	const struct errand errand = {courier, connection, mail};
	g_autofree struct smtp_recipient *recipients = smtp_recipients(mail);
	g_autofree struct queue_outcome *outcomes = NULL;
	bool served = serve(&errand, lines, recipients, fault);
	struct fault unsettled;

	crash_point("courier-before-settle");
	outcomes = judge(mail, recipients, served ? NULL : fault->text);
	log_outcomes(mail, outcomes);
	if (!settle(&errand, outcomes, &unsettled)) {
		*fault = unsettled;
		return fault_within(fault, "noting what became of the mail %s", mail->id.text);
	}
	crash_point("courier-after-settle");
	/* What concerns one mail only is no reason to let the others wait. */
	return served || fault->cause == FAULT_CRYPTO || fault->cause == FAULT_BUSY;
}

struct issuer
courier_issuer(const struct courier *courier)
{
	return (struct issuer){.settings = courier->settings,
			       .database = courier->database,
			       .public_key = &courier->public_key,
			       .private_key = &courier->private_key};
}

/* What there is to do. */
struct work {
	bool parcels, receipts, mails;
};

static bool
look_for_work(const struct courier *courier, struct work *work_r, struct fault *fault)
{
	static const struct statement waiting = {
		"courier_waiting",
		"select exists (select from postseal.parcel where issued_at is null and issue_at "
		"<= now()),"
		" exists (select from postseal.receipt where due_at <= now()),"
		" exists (select from postseal.outbox where next_attempt_at <= now())"};
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) result = NULL;

	if (connection == NULL || !connection_execute(connection, &waiting, NULL, &result, fault))
		return false;
	work_r->parcels = result_flag(result, 0, 0);
	work_r->receipts = result_flag(result, 0, 1);
	work_r->mails = result_flag(result, 0, 2);
	return true;
}

static bool
deliver(const struct courier *courier, struct courier_lines *lines, unsigned *count,
	struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(GPtrArray) mails = NULL;
	bool good = true;

	if (connection == NULL)
		return false;
	mails = queue_claim(connection, courier->name, (unsigned)courier->settings->courier_lease,
			    fault);
	if (mails == NULL)
		return false;
	*count += mails->len;
	crash_point("courier-after-claim");
	for (guint i = 0; i < mails->len; i++)
		if (!handle(courier, lines, connection, g_ptr_array_index(mails, i), fault))
			good = false;
	return good;
}

/* Links and codes for some parcels, so that their mails are claimed together. */
static bool
issue(const struct issuer *issuer, unsigned *count, struct fault *fault)
{
	bool issued = true;

	for (int i = 0; issued && i < ISSUE_MAX; i++) {
		if (!issue_one(issuer, &issued, fault))
			return false;
		*count += issued;
	}
	return true;
}

bool
courier_round(const struct courier *courier, struct courier_lines *lines, unsigned *count_r,
	      struct fault *fault)
{
	const struct issuer issuer = courier_issuer(courier);
	bool mailed = false;
	struct work work;

	*count_r = 0;
	if (!look_for_work(courier, &work, fault) ||
	    (work.parcels && !issue(&issuer, count_r, fault)) ||
	    (work.receipts && !receipt_mail_one(&issuer, &mailed, fault)))
		return false;
	*count_r += mailed;
	return !(work.mails || *count_r > 0) || deliver(courier, lines, count_r, fault);
}
