#include "delivery/courier/courier.h"

#include <string.h>

#include "core/crash.h"
#include "core/database.h"
#include "core/log.h"
#include "core/metrics.h"
#include "delivery/courier/bounce.h"
#include "delivery/courier/doubt.h"
#include "delivery/courier/links_and_codes.h"
#include "delivery/courier/queue.h"
#include "delivery/courier/receipts.h"

enum { ISSUE_MAX = 4, DOUBLINGS_MAX = 20 };

void
courier_hang_up(struct courier_hands *hands)
{
	for (size_t i = 0; i < SERVICE_COUNT; i++)
		g_clear_pointer(&hands->smtp[i], smtp_close);
}

void
courier_hands_clear(struct courier_hands *hands)
{
	courier_hang_up(hands);
	g_clear_pointer(&hands->left, g_ptr_array_unref);
}

static struct queue_claimant
claimant_of(const struct courier *courier)
{
	return (struct queue_claimant){.courier = courier->name,
				       .host = courier->host,
				       .lease = courier->settings->courier_lease,
				       .patience = courier->settings->courier_doubt};
}

/* --- sending --- */

/* A mail that is being sent over SMTP. */
struct sending {
	const struct courier *courier;
	struct connection *connection;
	struct queued_mail *mail;
};

/* Transports that do not verify their peer hold mail that has this field (contrib/postfix/wire),
 * and the transport that does removes it: if the MTA forgets by which service a mail arrived, for
 * example when it is requeued, the mail cannot leave another way. */
static bool
write_mark(const struct queued_mail *mail, struct sink *sink, struct fault *fault)
{
	return !mail->verified || sink_print(sink, fault, "X-Postseal-Verified: only\r\n");
}

/* The Received field names the row: by it the mail is found again in the MTA's log. */
static bool
write_mail(void *context, struct sink *sink, struct fault *fault)
{
	const struct sending *sending = context;
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");

	if (!write_mark(sending->mail, sink, fault) ||
	    !sink_print(sink, fault, "Received: by %s (Postseal) id %s;\r\n\t%s\r\n",
			sending->courier->settings->hostname, sending->mail->id.text, date) ||
	    !queue_read(sending->connection, sending->mail, sending->courier->ring, sink, fault))
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

/* Copies and notices go to addresses that the milter has seen and decided on: mapping them once
 * more could send a mail twice, or to someone else. All other mail goes to an address as its owner
 * writes it; with two passes, the milter checks where that leads (milter/known.h). */
static enum courier_service
service_for(const struct queued_mail *mail)
{
	if (mail->verified)
		return SERVICE_VERIFIED;
	return strcmp(mail->kind, "copy") == 0 || strcmp(mail->kind, "notice") == 0
		       ? SERVICE_COPIES
		       : SERVICE_MAPPED;
}

/* Sendmail has a single way in; NULL: none that insists on verified TLS. */
static const char *
url_of(const struct settings *settings, enum courier_service service)
{
	const char *const urls[SERVICE_COUNT] = {[SERVICE_COPIES] = settings->reinject,
						 [SERVICE_VERIFIED] = settings->reinject_verified,
						 [SERVICE_MAPPED] = settings->reinject_mapped};

	if (settings->mta == MTA_POSTFIX)
		return urls[service];
	return service == SERVICE_VERIFIED ? NULL : settings->reinject;
}

static struct smtp_peer
peer_of(const struct settings *settings, enum courier_service service, const char *client)
{
	return (struct smtp_peer){.url = url_of(settings, service),
				  .user = settings->reinject_user,
				  .hostname = settings->hostname,
				  .timeout_seconds = (unsigned)settings->reinject_timeout,
				  .client = client};
}

/* If a service could not be reached, the other mails of the round do not wait for it again. */
static struct smtp *
line_for(const struct courier *courier, struct courier_hands *hands, enum courier_service service,
	 struct fault *fault)
{
	const struct settings *settings = courier->settings;
	const struct smtp_peer peer = peer_of(settings, service, NULL);
	struct fault *trouble = &hands->trouble[service];

	if (peer.url == NULL)
		fault_set(
			trouble, FAULT_CONFIG,
			"handing over a copy for verified TLS: Sendmail cannot be made to insist on it");
	else if (hands->smtp[service] == NULL && trouble->cause == FAULT_NONE)
		hands->smtp[service] = smtp_open(&peer, trouble);
	if (hands->smtp[service] == NULL)
		*fault = *trouble;
	return hands->smtp[service];
}

/* A connection on which we speak for a client speaks for no other. */
static bool
send_for_client(const struct courier *courier, enum courier_service service, const char *client,
		struct smtp_mail *outgoing, bool *in_doubt_r, struct fault *fault)
{
	const struct smtp_peer peer = peer_of(courier->settings, service, client);
	g_autoptr(smtp_auto) line = smtp_open(&peer, fault);
	struct smtp_reply reply;

	return line != NULL && smtp_send(line, outgoing, &reply, in_doubt_r, fault);
}

/* Fills in the recipients' replies. False if the connection can no longer be used; the mail is in
 * doubt if the MTA may have accepted it nevertheless. */
static bool
send_mail(const struct sending *sending, struct courier_hands *hands,
	  struct smtp_recipient *recipients, struct fault *fault)
{
	struct queued_mail *mail = sending->mail;
	enum courier_service service = service_for(mail);
	struct smtp *line = line_for(sending->courier, hands, service, fault);
	struct smtp_mail outgoing = {.ident = mail->id.text,
				     .sender = mail->sender,
				     .ret = mail->ret,
				     .envid = mail->envid,
				     .smtputf8 = mail->smtputf8,
				     .recipients = recipients,
				     .recipient_count = mail->recipients->len,
				     .write = write_mail,
				     .context = (void *)sending};
	struct smtp_reply reply;

	if (line == NULL)
		return false;
	if (mail->client != NULL)
		return send_for_client(sending->courier, service, mail->client, &outgoing,
				       &mail->in_doubt, fault);
	if (smtp_send(line, &outgoing, &reply, &mail->in_doubt, fault))
		return true;
	g_clear_pointer(&hands->smtp[service], smtp_close);
	return false;
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
settle(const struct sending *sending, const struct queue_outcome *outcomes, struct fault *fault)
{
	const struct courier *courier = sending->courier;
	const struct queued_mail *mail = sending->mail;
	guint count = mail->recipients->len;

	return batch_begin(sending->connection, fault) &&
	       bounce(sending->connection, courier->settings, ring_sealing(courier->ring), mail,
		      outcomes, count, fault) &&
	       queue_settle(sending->connection, mail, outcomes, count,
			    back_off(courier->settings, mail->attempts), fault) &&
	       batch_commit(sending->connection, fault);
}

/* All recipients, as the mail is sealed to the keys of all of them. */
static void
return_to_sender(const struct queued_mail *mail, struct smtp_recipient *recipients, const char *why)
{
	for (guint i = 0; i < mail->recipients->len; i++) {
		struct smtp_reply *reply = &recipients[i].reply;

		reply->code = 550;
		g_snprintf(reply->text, sizeof reply->text,
			   "550 5.7.5 Not sent: %s. Please send the message again; it will be "
			   "decided anew.",
			   why);
	}
}

/* True if there is a reply for every recipient: from the MTA, from its log, or ours. Nothing leaves
 * under a key whose trust has fallen since (promise 1); where that cannot be found out, it waits.
 */
static bool
serve(const struct sending *sending, struct courier_hands *hands, struct smtp_recipient *recipients,
      struct fault *fault)
{
	const struct doubt doubt = {.courier = sending->courier,
				    .connection = sending->connection,
				    .mail = sending->mail,
				    .is_mapped = service_for(sending->mail) == SERVICE_MAPPED};
	g_autofree char *distrust = NULL;
	bool settled = false;

	if (sending->mail->in_doubt && !doubt_settle(&doubt, recipients, &settled, fault))
		return false;
	if (settled)
		return true;
	if (!queue_distrust(sending->connection, sending->mail, &distrust, fault))
		return false;
	if (distrust != NULL) {
		return_to_sender(sending->mail, recipients, distrust);
		return true;
	}
	crash_point("courier-before-send");
	return send_mail(sending, hands, recipients, fault);
}

/* A problem of one mail is no reason to delay the others. */
static bool
concerns_one(const struct fault *fault)
{
	return fault->cause == FAULT_CRYPTO || fault->cause == FAULT_BUSY ||
	       fault->cause == FAULT_BUG;
}

static bool
is_any_sent(const struct queue_outcome *outcomes, guint count)
{
	for (guint i = 0; i < count; i++)
		if (outcomes[i].result == QUEUE_SENT)
			return true;
	return false;
}

/* There is nobody to send it to: the mail is left as it is, for an admin to look at. */
static bool
put_off(const struct sending *sending, struct fault *fault)
{
	const struct settings *settings = sending->courier->settings;

	log_error("%s: the recipients of this message in the outbox cannot be read",
		  sending->mail->id.text);
	return queue_put_off(sending->connection, sending->mail, "its recipients cannot be read",
			     settings->retry_last, fault);
}

/* False if the outcome is not on record: the database connection can no longer be used, and the
 * claim is lost with it. *served_r: the MTA replied, or the problem is the mail's own. */
static bool
handle(const struct sending *sending, struct courier_hands *hands, bool *served_r,
       struct fault *fault)
{
	struct queued_mail *mail = sending->mail;
	g_autofree struct smtp_recipient *recipients = smtp_recipients(mail);
	g_autofree struct queue_outcome *outcomes = NULL;
	struct fault unsettled;
	bool served;

	*served_r = true;
	mail->is_tried = true;
	if (mail->recipients->len == 0)
		return put_off(sending, fault);
	served = serve(sending, hands, recipients, fault);
	crash_point("courier-before-settle");
	outcomes = judge(mail, recipients, served ? NULL : fault->text);
	log_outcomes(mail, outcomes);
	*served_r = served || concerns_one(fault);
	if (!settle(sending, outcomes, &unsettled)) {
		mail->in_doubt |= is_any_sent(outcomes, mail->recipients->len);
		*fault = unsettled;
		return fault_within(fault, "noting what became of the mail %s", mail->id.text);
	}
	crash_point("courier-after-settle");
	return true;
}

struct issuer
courier_issuer(const struct courier *courier)
{
	return (struct issuer){.settings = courier->settings,
			       .database = courier->database,
			       .ring = courier->ring};
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
		" exists (select from postseal.outbox where next_attempt_at <= now()"
		"  and postseal.outbox_is_for($1, $2, state, courier, claimed_at))"};
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, courier->host);
	parameters_number(&parameters, (int64_t)courier->settings->courier_doubt);
	if (connection == NULL ||
	    !connection_execute(connection, &waiting, &parameters, &result, fault))
		return false;
	work_r->parcels = result_flag(result, 0, 0);
	work_r->receipts = result_flag(result, 0, 1);
	work_r->mails = result_flag(result, 0, 2);
	return true;
}

/* Releases what is left of an earlier claim: mails that were not tried are due at once. */
static bool
let_go(const struct courier *courier, struct courier_hands *hands, struct fault *fault)
{
	const struct queue_claimant claimant = claimant_of(courier);
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);

	if (connection == NULL)
		return false;
	for (guint i = 0; i < hands->left->len; i++) {
		const struct queued_mail *mail = g_ptr_array_index(hands->left, i);
		uint64_t seconds = mail->is_tried ? back_off(courier->settings, mail->attempts) : 0;

		if (!queue_let_go(connection, &claimant, mail, seconds, fault))
			return false;
	}
	g_clear_pointer(&hands->left, g_ptr_array_unref);
	return true;
}

static bool
deliver(const struct courier *courier, struct courier_hands *hands, unsigned *count,
	struct fault *fault)
{
	const struct queue_claimant claimant = claimant_of(courier);
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(GPtrArray) mails = NULL;
	bool good = true;

	if (connection == NULL)
		return false;
	mails = queue_claim(connection, &claimant, fault);
	if (mails == NULL)
		return false;
	*count += mails->len;
	crash_point("courier-after-claim");
	memset(hands->trouble, 0, sizeof hands->trouble);
	for (guint i = 0; i < mails->len; i++) {
		const struct sending sending = {courier, connection, g_ptr_array_index(mails, i)};
		struct fault trouble;
		bool served;

		if (!handle(&sending, hands, &served, &trouble)) {
			g_ptr_array_remove_range(mails, 0, i);
			hands->left = g_steal_pointer(&mails);
			*fault = trouble;
			return false;
		}
		if (!served) {
			*fault = trouble;
			good = false;
		}
	}
	return good;
}

/* Makes links and codes for several parcels, so that their mails are claimed together. */
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
courier_round(const struct courier *courier, struct courier_hands *hands, unsigned *count_r,
	      struct fault *fault)
{
	const struct issuer issuer = courier_issuer(courier);
	bool mailed = false;
	struct work work;

	*count_r = 0;
	if (hands->left != NULL && !let_go(courier, hands, fault))
		return false;
	if (!look_for_work(courier, &work, fault) ||
	    (work.parcels && !issue(&issuer, count_r, fault)) ||
	    (work.receipts && !receipt_mail_one(&issuer, &mailed, fault)))
		return false;
	*count_r += mailed;
	return !(work.mails || *count_r > 0) || deliver(courier, hands, count_r, fault);
}
