/*
 * Summaries: members who chose so are told once a day, after `summary at`, of what has come for
 * them since. What they have not been told of is marked (parcel_key.summarise_since) until a
 * summary tells of it, or until they have read it; it waits with the message itself, so that a
 * courier that dies or stands still forgets nothing. Whoever chose an email for each message again
 * is told at once of what was marked before.
 */
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "delivery/courier/chore.h"
#include "delivery/courier/daily.h"
#include "delivery/outbox/notice.h"

/* The marks of some members who are due. Another courier skips these members, or finds no marks. A
 * mark that is locked, because its message is just being read or recalled, is left for the next
 * time. */
static const struct statement take = {
	"summary_take",
	"with member as (select a.id, a.language from postseal.account a"
	"  where exists (select from postseal.parcel_key k"
	"   where k.account = a.id and k.summarise_since is not null and k.expires_at > now()"
	"   and (a.notices <> 'daily' or k.summarise_since < to_timestamp($1)"
	"    and coalesce(a.summarised_at, '-infinity') < to_timestamp($1)))"
	"  limit 20 for no key update of a skip locked),"
	" due as (select k.id from postseal.parcel_key k join member m on m.id = k.account"
	"  where k.summarise_since is not null for update of k skip locked),"
	" taken as (update postseal.parcel_key k set summarise_since = null from due where k.id = due.id"
	"  returning k.account, k.parcel, k.copy, k.expires_at, k.opened_at is null and k.expires_at > now() as waits) "
	"select t.account, p.sender, t.copy, c.recipient, m.language,"
	" greatest(1, extract(epoch from t.expires_at - now()))::bigint, t.waits "
	"from taken t join member m on m.id = t.account join postseal.parcel p on p.id = t.parcel"
	" join postseal.copy c on c.id = t.copy "
	"order by t.account, p.sender, t.copy"};
enum { ACCOUNT, SENDER, COPY, RECIPIENT, LANGUAGE, LIFETIME, WAITS };

static const struct statement note_member = {
	"summary_note_member", "update postseal.account set summarised_at = now() where id = $1"};

/* What one member is told. */
struct gathered {
	GArray *senders; /* struct notice_counted */
	GString *copies;
	struct notice_summary summary;
};

static void
gathered_init(struct gathered *gathered)
{
	gathered->senders = g_array_new(FALSE, TRUE, sizeof(struct notice_counted));
	gathered->copies = g_string_new("{");
	gathered->summary = (struct notice_summary){.lifetime = UINT64_MAX};
}

static void
gathered_clear(struct gathered *gathered)
{
	g_array_unref(gathered->senders);
	g_string_free(gathered->copies, TRUE);
}

/* The rows of a member are sorted by sender. */
static void
count_sender(GArray *senders, const char *sender)
{
	struct notice_counted counted = {.sender = sender, .messages = 1};

	if (senders->len > 0) {
		struct notice_counted *last =
			&g_array_index(senders, struct notice_counted, senders->len - 1);

		if (strcmp(last->sender, sender) == 0) {
			last->messages++;
			return;
		}
	}
	g_array_append_val(senders, counted);
}

static void
gather(struct gathered *gathered, const PGresult *rows, int row)
{
	struct notice_summary *summary = &gathered->summary;

	if (!result_flag(rows, row, WAITS))
		return;
	count_sender(gathered->senders, PQgetvalue(rows, row, SENDER));
	g_string_append_printf(gathered->copies, "%s%s", summary->messages > 0 ? "," : "",
			       PQgetvalue(rows, row, COPY));
	summary->messages++;
	summary->address = PQgetvalue(rows, row, RECIPIENT);
	summary->language = PQgetvalue(rows, row, LANGUAGE);
	summary->lifetime = MIN(summary->lifetime, (uint64_t)result_number(rows, row, LIFETIME));
}

static bool
put_summary(const struct courier *courier, struct connection *connection, struct gathered *gathered,
	    const char *account, struct fault *fault)
{
	struct notice_summary *summary = &gathered->summary;
	const struct notice notice = {.settings = courier->settings,
				      .courier = ring_sealing(courier->ring),
				      .connection = connection,
				      .smtputf8 = !g_str_is_ascii(summary->address)};
	struct parameters parameters = {0};

	g_string_append_c(gathered->copies, '}');
	summary->copies = gathered->copies->str;
	summary->senders = (const struct notice_counted *)(void *)gathered->senders->data;
	summary->sender_count = gathered->senders->len;
	parameters_text(&parameters, account);
	if (!batch_add(connection, &note_member, &parameters, fault) ||
	    !notice_summary(&notice, summary, fault))
		return false;
	log_info("summary written: to=<%s>, messages=%lu", summary->address, summary->messages);
	return true;
}

/* The member whose rows begin at *row, which becomes the first of the next member. What was read
 * since it came is not worth a mail. */
static bool
serve_member(const struct courier *courier, struct connection *connection, const PGresult *rows,
	     int *row, struct fault *fault)
{
	const char *account = PQgetvalue(rows, *row, ACCOUNT);
	struct gathered gathered;
	bool done;

	gathered_init(&gathered);
	for (; *row < PQntuples(rows) && strcmp(PQgetvalue(rows, *row, ACCOUNT), account) == 0;
	     ++*row)
		gather(&gathered, rows, *row);
	done = gathered.summary.messages == 0 ||
	       put_summary(courier, connection, &gathered, account, fault);
	gathered_clear(&gathered);
	return done;
}

static bool
put_summaries(const struct courier *courier, struct connection *connection, const PGresult *rows,
	      struct fault *fault)
{
	bool done = batch_begin(connection, fault);

	for (int row = 0; row < PQntuples(rows) && done;)
		done = serve_member(courier, connection, rows, &row, fault);
	done = done && batch_end_transaction(connection, fault);
	crash_point("courier-before-summary");
	return done && batch_commit(connection, fault);
}

static bool
summarise(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) rows = NULL;
	const int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	struct parameters parameters = {0};

	parameters_number(&parameters, daily_last(now, (unsigned)courier->settings->summary_at));
	if (connection == NULL || !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &take, &parameters, &rows, fault))
		return false;
	*more_r = PQntuples(rows) > 0;
	return *more_r ? put_summaries(courier, connection, rows, fault)
		       : transaction_commit(connection, fault);
}

const struct chore chore_summaries = {
	.name = "telling members once a day what has come", .seconds = 60, .run = summarise};
