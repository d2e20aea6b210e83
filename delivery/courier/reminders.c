/*
 * Reminders: twice, after `remind first` and `remind last`, recipients are told that a message they
 * have not read still waits, members who chose so by the next summary; and at once if an admin has
 * the notice sent again.
 */
#include "delivery/courier/chore.h"

#include "delivery/outbox/notice.h"

enum { AT_ONCE = 100 };

static const struct statement due = {
	"remind_due",
	"select k.id, p.message, p.sender, p.smtputf8, c.recipient, p.language, a.language, "
	"k.link_boxed,"
	" greatest(1, extract(epoch from k.expires_at - now()))::bigint, postseal.deputy_of(lower(p.sender)),"
	" a.notices = 'daily' and not k.notice_again and k.expires_at > now() + interval '2 days' "
	"from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel join postseal.copy c "
	"on c.id = k.copy"
	" left join postseal.account a on a.id = k.account "
	"where (k.notice_again or $1::bigint > 0 and k.reminders < 2 and k.issued_at < now() - (case k.reminders"
	" when 0 then $1 else $2 end)::bigint * interval '1 second') and k.opened_at is null and k.locked_at is null and k.expires_at > "
	"now()"
	" and (k.folder = 'inbox' or k.link_boxed is not null) and p.message is not null "
	"limit $3 for update of k skip locked"};
enum {
	KEY,
	MESSAGE,
	SENDER,
	SMTPUTF8,
	RECIPIENT,
	LANGUAGE,
	ACCOUNT_LANGUAGE,
	LINK,
	LIFETIME,
	DEPUTY,
	IS_SUMMARISED
};

static const struct statement count_reminder = {
	"remind_count",
	"update postseal.parcel_key set reminders = reminders + (not notice_again)::integer, notice_again = false,"
	" summarise_since = case when $2 then coalesce(summarise_since, now()) end where id = $1"};

static bool
count(struct connection *connection, const PGresult *rows, int row, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, PQgetvalue(rows, row, KEY));
	parameters_flag(&parameters, result_flag(rows, row, IS_SUMMARISED));
	return batch_add(connection, &count_reminder, &parameters, fault);
}

static bool
put_reminder(const struct issuer *issuer, struct connection *connection, const PGresult *rows,
	     int row, struct fault *fault)
{
	const struct notice notice = {.settings = issuer->settings,
				      .courier = ring_sealing(issuer->ring),
				      .connection = connection,
				      .message = PQgetvalue(rows, row, MESSAGE),
				      .sender = PQgetvalue(rows, row, SENDER),
				      .deputy = result_text(rows, row, DEPUTY),
				      .smtputf8 = result_flag(rows, row, SMTPUTF8)};
	struct notice_recipient recipient = {
		.address = PQgetvalue(rows, row, RECIPIENT),
		.notify = "NEVER", /* the first notice was not refused */
		.way = NOTICE_SIGNIN,
		.link = PQgetvalue(rows, row, KEY),
		.lifetime = (uint64_t)result_number(rows, row, LIFETIME),
		.reminds = true};
	char link[SEAL_KEY_CHARACTERS + 1];
	size_t length;
	g_autofree unsigned char *boxed = result_bytes(rows, row, LINK, &length);
	struct seal_key secret;

	recipient.language = notice_language(issuer->settings, recipient.address,
					     result_text(rows, row, ACCOUNT_LANGUAGE),
					     result_text(rows, row, LANGUAGE));
	if (ring_unbox(issuer->ring, &secret, boxed, length)) {
		seal_key_show(link, &secret);
		recipient.way = NOTICE_CODE;
		recipient.link = link;
	}
	return notice_waiting(&notice, &recipient, fault);
}

static bool
put_reminders(const struct issuer *issuer, struct connection *connection, const PGresult *rows,
	      struct fault *fault)
{
	bool done = batch_begin(connection, fault);

	for (int row = 0; row < PQntuples(rows) && done; row++)
		done = count(connection, rows, row, fault) &&
		       (result_flag(rows, row, IS_SUMMARISED) ||
			put_reminder(issuer, connection, rows, row, fault));
	return done && batch_commit(connection, fault);
}

static bool
remind(const struct courier *courier, bool *more_r, struct fault *fault)
{
	const struct issuer issuer = courier_issuer(courier);
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) rows = NULL;
	struct parameters parameters = {0};

	connection = database_take(courier->database, fault);
	parameters_number(&parameters, (int64_t)courier->settings->remind_first);
	parameters_number(&parameters, (int64_t)courier->settings->remind_last);
	parameters_number(&parameters, AT_ONCE);
	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &due, &parameters, &rows, fault))
		return false;
	*more_r = PQntuples(rows) == AT_ONCE;
	return (PQntuples(rows) == 0 || put_reminders(&issuer, connection, rows, fault)) &&
	       transaction_commit(connection, fault);
}

const struct chore chore_reminders = {
	.name = "reminding those who have not read", .seconds = 60, .run = remind};
