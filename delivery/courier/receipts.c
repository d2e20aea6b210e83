#include "delivery/courier/receipts.h"

#include <string.h>

#include "core/catalogue.h"
#include "core/metrics.h"
#include "delivery/courier/page.h"
#include "delivery/outbox/deputy.h"
#include "delivery/outbox/failure.h"
#include "delivery/outbox/notice.h"
#include "delivery/outbox/trust_link.h"
#include "mail/xtext.h"

/* All receipts in one form that are due for the message that has waited longest, except those that
 * another courier is handling. */
static const struct statement take_due = {
	"receipt_take",
	"with first as (select message, form from postseal.receipt where due_at <= now()"
	"  order by due_at limit 1 for update skip locked),"
	" taken as (delete from postseal.receipt r using first f"
	"  where r.message = f.message and r.form = f.form and r.due_at <= now()"
	"  returning r.parcel, r.message, r.sender, r.recipient, r.what, r.form, r.at, r.envid, r.orcpt, r.detail) "
	"select t.sender, t.recipient, t.what, t.form, extract(epoch from t.at)::bigint, "
	"m.message_id, t.message,"
	" s.boxed, p.language, t.envid, t.orcpt, t.detail "
	"from taken t join postseal.message m on m.id = t.message left join postseal.parcel p on "
	"p.id = t.parcel"
	" left join postseal.sender_page s on s.message = t.message "
	"order by t.at"};
enum {
	SENDER,
	RECIPIENT,
	WHAT,
	FORM,
	AT,
	MESSAGE_ID,
	MESSAGE,
	TRACK,
	LANGUAGE,
	ENVID,
	ORCPT,
	DETAIL
};

struct wording {
	const char *what;
	const char *text;	     /* of a message */
	const char *disposition;     /* RFC 8098 §3.2.6, or NULL */
	const char *action, *status; /* RFC 3464 §2.3.3, RFC 3463 */
};

static const struct wording wordings[] = {
	{"relayed", N_("protected, to be read in the browser"), NULL, "relayed", "2.0.0"},
	{"opened", N_("read"), "displayed", "delivered", "2.0.0"},
	{"trusted", N_("used your code, and needs none for your next messages"), NULL, "delivered",
	 "2.0.0"},
	{"deleted", N_("deleted by the recipient"), "deleted", "delivered", "2.0.0"},
	/* RFC 8098 §3.2.6.2: the message "may or may not" have been seen. */
	{"deleted unopened", N_("deleted without being opened"), "deleted", "failed", "5.2.0"},
	{"expired", N_("expired unread"), NULL, "failed", "5.4.7"},
	{"locked", N_("locked: too many wrong codes"), NULL, "delayed", "4.7.0"},
	{"handed over", N_("waiting unread, and now in your care"), NULL, "delayed", "4.0.0"},
	{"notice failed", N_("the email about it could not be delivered"), NULL, "delayed",
	 "4.0.0"},
	{"lost", N_("lost: the recipient's account was reset without its recovery code"), NULL,
	 "failed", "5.7.5"},
};

static const struct wording *
wording_of(const char *what)
{
	for (size_t i = 0; i < G_N_ELEMENTS(wordings); i++)
		if (strcmp(wordings[i].what, what) == 0)
			return &wordings[i];
	g_assert_not_reached(); /* the table allows no other value */
}

static void
append_advice(GString *text, const PGresult *rows, const char *language)
{
	bool locked = false, lost = false, unknown = false;

	for (int row = 0; row < PQntuples(rows); row++) {
		locked = locked || strcmp(PQgetvalue(rows, row, WHAT), "locked") == 0;
		lost = lost || strcmp(PQgetvalue(rows, row, WHAT), "lost") == 0;
		unknown = unknown || strcmp(PQgetvalue(rows, row, WHAT), "notice failed") == 0;
	}
	if (unknown)
		g_string_append_printf(
			text, "\n\n%s",
			translate(
				language,
				"The recipient does not know that a message is waiting. If the "
				"address is wrong, recall the message on the page below and send "
				"it again. If it is right, create a new link and a new code there "
				"once the address can be reached."));
	if (locked)
		g_string_append_printf(text, "\n\n%s",
				       translate(language,
						 "If your recipient mistyped the code, create a "
						 "new link and a new code on the page below. If "
						 "not, somebody else has the link, but cannot "
						 "open the message without the code."));
	if (lost)
		g_string_append_printf(text, "\n\n%s",
				       translate(language,
						 "If the message is still needed, please send "
						 "it again. You will receive an unlock code for "
						 "it, because the recipient's identity must be "
						 "confirmed again."));
}

/* The recipient in whom the sender may want to revoke trust; NULL if the mail tells of nobody who
 * was trusted, or of several, whom the page for the message lists. */
static const char *
trusted_recipient(const PGresult *rows)
{
	const char *found = NULL;

	for (int row = 0; row < PQntuples(rows); row++) {
		const char *what = PQgetvalue(rows, row, WHAT);
		const char *recipient = PQgetvalue(rows, row, RECIPIENT);

		if (strcmp(what, "opened") != 0 && strcmp(what, "trusted") != 0)
			continue;
		if (found != NULL && g_ascii_strcasecmp(found, recipient) != 0)
			return NULL;
		found = recipient;
	}
	return found;
}

/* A deputy has no trust of their own to revoke. */
static bool
append_revocation(const struct notice *notice, GString *text, const PGresult *rows,
		  const char *language, struct fault *fault)
{
	const char *recipient = notice->deputy == NULL ? trusted_recipient(rows) : NULL;
	g_autofree char *said = NULL, *url = NULL;

	if (recipient == NULL)
		return true;
	if (!trust_link_make(notice, recipient, &url, fault))
		return false;
	said = g_strdup_printf(
		translate(language,
			  "If somebody else might have opened it, or you no longer trust %s, "
			  "require a new code for your next message. The page asks before "
			  "anything changes:"),
		recipient);

	g_string_append_printf(text, "\n\n%s\n\n%s", said, url);
	sodium_memzero(url, strlen(url));
	return true;
}

/* Caller frees; NULL with `fault` filled. */
static char *
text_of(const struct notice *notice, const PGresult *rows, const char *language, const char *track,
	struct fault *fault)
{
	GString *text = g_string_new(translate(language, "Status of your protected message:"));
	g_autofree char *url = notice_track_url(notice->settings, track);

	g_string_append_c(text, '\n');
	for (int row = 0; row < PQntuples(rows); row++) {
		g_autofree char *when = translate_date(language, result_number(rows, row, AT));

		g_string_append_printf(
			text, "\n    %s: %s (%s)", PQgetvalue(rows, row, RECIPIENT),
			translate(language, wording_of(PQgetvalue(rows, row, WHAT))->text), when);
		if (!PQgetisnull(rows, row, DETAIL))
			g_string_append_printf(text, "\n        %s", PQgetvalue(rows, row, DETAIL));
	}
	append_advice(text, rows, language);
	g_string_append_printf(text, "\n\n%s", url);
	return g_string_free(text, !append_revocation(notice, text, rows, language, fault));
}

/* --- reports --- */

/* RFC 8098: only if somebody saw the message; for one message and one recipient. */
static char *
disposition_report(const struct settings *settings, const PGresult *rows)
{
	const struct wording *wording = wording_of(PQgetvalue(rows, 0, WHAT));
	const char *id = result_text(rows, 0, MESSAGE_ID);

	if (wording->disposition == NULL)
		return NULL;
	return g_strdup_printf(
		"Reporting-UA: %s; Postseal\nFinal-Recipient: rfc822;%s\nOriginal-Message-ID: %s\n"
		"Disposition: manual-action/MDN-sent-automatically; %s\n",
		settings->hostname, PQgetvalue(rows, 0, RECIPIENT), id == NULL ? "<>" : id,
		wording->disposition);
}

static void
append_field(GString *report, const char *name, const char *xtext)
{
	g_autofree char *value = xtext_decode(xtext);

	if (*value != '\0')
		g_string_append_printf(report, "%s: %s\n", name, value);
}

static char *
status_report(const struct settings *settings, const PGresult *rows)
{
	GString *report = g_string_new(NULL);

	append_field(report, "Original-Envelope-Id", result_text(rows, 0, ENVID));
	g_string_append_printf(report, "Reporting-MTA: dns; %s\n", settings->hostname);
	for (int row = 0; row < PQntuples(rows); row++) {
		const struct wording *wording = wording_of(PQgetvalue(rows, row, WHAT));

		g_string_append_c(report, '\n');
		append_field(report, "Original-Recipient", result_text(rows, row, ORCPT));
		g_string_append_printf(
			report, "Final-Recipient: rfc822; %s\nAction: %s\nStatus: %s\n",
			PQgetvalue(rows, row, RECIPIENT), wording->action, wording->status);
	}
	return g_string_free(report, FALSE);
}

static bool
find_page(const struct issuer *issuer, struct connection *connection, const PGresult *rows,
	  char track_r[SEAL_KEY_CHARACTERS + 1], struct fault *fault)
{
	struct page_owner owner = {.message = PQgetvalue(rows, 0, MESSAGE),
				   .sender = PQgetvalue(rows, 0, SENDER)};
	g_autofree unsigned char *boxed = result_bytes(rows, 0, TRACK, &owner.boxed_length);

	owner.boxed = boxed;
	return page_secret(issuer, connection, &owner, track_r, fault);
}

static bool
put_mail(const struct notice *notice, const PGresult *rows, const char *track, struct fault *fault)
{
	const struct settings *settings = notice->settings;
	const char *form = PQgetvalue(rows, 0, FORM);
	const char *language =
		notice_language(settings, notice->sender, NULL, result_text(rows, 0, LANGUAGE));
	int last = PQntuples(rows) - 1;
	g_autofree char *subject = g_strdup_printf(
		translate(language, "Your protected message to %s: %s"),
		PQgetvalue(rows, last, RECIPIENT),
		translate(language, wording_of(PQgetvalue(rows, last, WHAT))->text));
	g_autofree char *text = text_of(notice, rows, language, track, fault), *report = NULL;
	struct notice_receipt receipt = {.subject = subject,
					 .text = text,
					 .language = language,
					 .references = result_text(rows, 0, MESSAGE_ID)};

	if (text == NULL)
		return false;
	if (strcmp(form, "mdn") == 0)
		report = disposition_report(settings, rows);
	else if (strcmp(form, "dsn") == 0)
		report = status_report(settings, rows);
	if (report != NULL) {
		receipt.report = report;
		receipt.report_type =
			strcmp(form, "mdn") == 0 ? "disposition-notification" : "delivery-status";
	}
	return notice_receipt(notice, &receipt, fault);
}

/* --- codes that could not be delivered --- */

static char *
text_of_alert(const PGresult *rows, const char *language)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text,
			       translate(language,
					 "%s sent a protected message. The email with its "
					 "unlock code could not be delivered to:"),
			       PQgetvalue(rows, 0, SENDER));
	g_string_append_c(text, '\n');
	for (int row = 0; row < PQntuples(rows); row++)
		g_string_append_printf(text, "\n    %s\n        %s",
				       PQgetvalue(rows, row, RECIPIENT),
				       PQgetvalue(rows, row, DETAIL));
	g_string_append_printf(
		text, "\n\n%s\n\n    postseal message new-code %s",
		translate(language,
			  "Without the code, nobody can read the message. Unlock codes never "
			  "leave the organisation. Once the sender has a mailbox in the "
			  "organisation that accepts email, an administrator can create a "
			  "new link and a new code with this command:"),
		PQgetvalue(rows, 0, MESSAGE));
	return g_string_free(text, FALSE);
}

/* Goes to the sender, whose address may accept everything except codes, and to the postmaster. */
static bool
put_alert(const struct notice *notice, const PGresult *rows, struct fault *fault)
{
	const char *language = notice_language(notice->settings, notice->sender, NULL,
					       result_text(rows, 0, LANGUAGE));
	const char *postmaster = notice->settings->postmaster;
	g_autofree char *text = text_of_alert(rows, language);
	g_autofree char *subject =
		g_strdup_printf(translate(language, "An unlock code could not be delivered to %s"),
				PQgetvalue(rows, 0, RECIPIENT));
	const struct notice_receipt alert = {.subject = subject,
					     .text = text,
					     .language = language,
					     .references = result_text(rows, 0, MESSAGE_ID)};

	return notice_undelivered(notice, NULL, &alert, fault) &&
	       (*postmaster == '\0' || g_ascii_strcasecmp(postmaster, notice->sender) == 0 ||
		notice_undelivered(notice, postmaster, &alert, fault));
}

/* --- copies that were returned --- */

/* To who is outside, in words that do not tell what was opened. */
static bool
put_bounce(const struct notice *notice, const PGresult *rows, struct fault *fault)
{
	const struct failure failure = {
		.settings = notice->settings,
		.courier = notice->courier,
		.connection = notice->connection,
		.message = notice->message,
		.sender = notice->sender,
		.envid = result_text(rows, 0, ENVID),
		.smtputf8 = notice->smtputf8,
		.text = translate(notice->settings->language,
				  N_("Your message could not be delivered to the recipients "
				     "below. The mail server's reply is shown below each "
				     "address."))};
	size_t count = (size_t)PQntuples(rows);
	g_autofree struct failure_recipient *failed = g_new0(struct failure_recipient, count);

	for (int row = 0; row < PQntuples(rows); row++)
		failed[row] = (struct failure_recipient){PQgetvalue(rows, row, RECIPIENT),
							 result_text(rows, row, ORCPT),
							 PQgetvalue(rows, row, DETAIL), NULL};
	return failure_put(&failure, failed, count, fault);
}

static void
count_undelivered(const PGresult *rows)
{
	for (int row = 0; row < PQntuples(rows); row++)
		if (strcmp(PQgetvalue(rows, row, WHAT), "code failed") == 0)
			metrics_count(METRIC_UNDELIVERED, "kind=\"code\"", 1);
		else if (strcmp(PQgetvalue(rows, row, WHAT), "notice failed") == 0)
			metrics_count(METRIC_UNDELIVERED, "kind=\"notice\"", 1);
}

static bool
put_receipt(const struct issuer *issuer, const struct notice *notice, const PGresult *rows,
	    struct fault *fault)
{
	char track[SEAL_KEY_CHARACTERS + 1];
	bool done = find_page(issuer, notice->connection, rows, track, fault) &&
		    put_mail(notice, rows, track, fault);

	sodium_memzero(track, sizeof track);
	return done;
}

static bool
mail_rows(const struct issuer *issuer, struct connection *connection, const PGresult *rows,
	  struct fault *fault)
{
	struct notice notice = {.settings = issuer->settings,
				.courier = ring_sealing(issuer->ring),
				.connection = connection,
				.message = PQgetvalue(rows, 0, MESSAGE),
				.sender = PQgetvalue(rows, 0, SENDER)};
	g_autofree char *deputy = NULL;
	const char *form = PQgetvalue(rows, 0, FORM);

	if (strcmp(form, "bounce") != 0 && !deputy_find(connection, notice.sender, &deputy, fault))
		return false;
	notice.deputy = deputy;
	notice.smtputf8 = !g_str_is_ascii(deputy == NULL ? notice.sender : deputy);
	count_undelivered(rows);
	return batch_begin(connection, fault) &&
	       (strcmp(form, "alert") == 0    ? put_alert(&notice, rows, fault)
		: strcmp(form, "bounce") == 0 ? put_bounce(&notice, rows, fault)
					      : put_receipt(issuer, &notice, rows, fault)) &&
	       batch_commit(connection, fault);
}

bool
receipt_mail_one(const struct issuer *issuer, bool *mailed_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuer->database, fault);
	g_autoptr(PGresult) rows = NULL;

	*mailed_r = false;
	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &take_due, NULL, &rows, fault))
		return false;
	*mailed_r = PQntuples(rows) > 0;
	return (!*mailed_r || mail_rows(issuer, connection, rows, fault)) &&
	       transaction_commit(connection, fault);
}
