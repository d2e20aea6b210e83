#include "admin/check/probe.h"

#include <string.h>

#include "admin/check/parked.h"
#include "core/address.h"
#include "core/identifier.h"
#include "delivery/courier/smtp.h"

enum { POLL_MICROSECONDS = 200000 };

/* What is on record about the mail, one row for each copy. */
static const struct statement copies = {
	"probe_copies",
	"select l.recipient, coalesce(l.method, ''), l.state, l.reason, l.rule_line, l.rule,"
	" cardinality(l.keys), l.signed_by is not null, coalesce(l.queue_id, ''),"
	" coalesce(l.state_detail, l.reason),"
	" (select o.last_reply from postseal.outbox o where o.message = l.message and o.last_reply is not null limit 1),"
	" (select h.detail from postseal.history h where h.copy = l.copy and h.what = 'deferred'"
	"  order by h.at desc limit 1),"
	" exists (select from postseal.outbox o where o.message = l.message)"
	"  or exists (select from postseal.parcel p where p.message = l.message and p.issued_at is null),"
	" l.message "
	"from postseal.log l where l.message_id = $1 order by l.recipient"};
enum {
	RECIPIENT,
	METHOD,
	STATE,
	REASON,
	LINE,
	RULE,
	KEYS,
	IS_SIGNED,
	QUEUE_ID,
	DETAIL,
	LAST_REPLY,
	DEFERRED,
	IN_OUTBOX,
	MESSAGE
};

/* The mail on its way. */
struct trip {
	const struct probe *probe;
	const struct check *check;
	char *from, *via, *message_id;
	struct smtp_reply reply; /* the MTA's reply to the mail */
	PGresult *rows;
	gint64 begin, limit; /* monotonic */
};

/* Appends to `said` what it found, or (WAITS, FAILED) why the mail has not got past here. */
typedef enum progress station_look(struct trip *trip, GString *said);

/* --- the MTA accepts it --- */

static bool
write_mail(void *context, struct sink *sink, struct fault *fault)
{
	const struct trip *trip = context;
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S %z");
	g_autofree char *text = g_strdup_printf(
		"From: <%s>\r\nTo: <%s>\r\nSubject: Postseal: test of the path of mail\r\n"
		"Date: %s\r\nMessage-ID: %s\r\nAuto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
		"This message was sent by \"postseal check --probe\" to see which way mail to this\r\n"
		"address takes. It can be deleted.\r\n",
		trip->from, trip->probe->to, date, trip->message_id);

	return sink_write(sink, text, strlen(text), fault);
}

static enum progress
hand_over(struct trip *trip, GString *said)
{
	const struct settings *settings = trip->check->settings;
	const struct smtp_peer peer = {trip->via, settings->reinject_user, settings->hostname,
				       trip->probe->seconds};
	struct smtp_recipient to = {.address = trip->probe->to};
	struct smtp_mail mail = {.sender = trip->from,
				 .smtputf8 = !g_str_is_ascii(trip->from) ||
					     !g_str_is_ascii(trip->probe->to),
				 .recipients = &to,
				 .recipient_count = 1,
				 .write = write_mail,
				 .context = trip};
	struct fault fault;
	g_autoptr(smtp_auto) smtp = smtp_open(&peer, &fault);
	bool in_doubt;

	if (smtp == NULL || !smtp_send(smtp, &mail, &trip->reply, &in_doubt, &fault)) {
		g_string_append(said, fault.text);
		return FAILED;
	}
	g_string_append_printf(said, "%s says %s", trip->via, trip->reply.text);
	return trip->reply.code / 100 == 2 ? PASSED : FAILED;
}

/* --- the record --- */

static bool
read_record(struct trip *trip, struct fault *fault)
{
	const char *const texts[] = {trip->message_id, NULL};

	g_clear_pointer(&trip->rows, PQclear);
	return command_ask(trip->check->admin, &copies, texts, &trip->rows, fault);
}

static const char *
get(const struct trip *trip, int row, int column)
{
	return PQgetvalue(trip->rows, row, column);
}

static bool
is_in(const struct trip *trip, int row, const char *state)
{
	return strcmp(get(trip, row, STATE), state) == 0;
}

static void
begin_copy(const struct trip *trip, GString *said, int row)
{
	g_string_append_printf(said, "%s<%s> ", row == 0 ? "" : "; ", get(trip, row, RECIPIENT));
}

static enum progress
look_for_decision(struct trip *trip, GString *said)
{
	enum progress progress = PASSED;
	struct fault fault;

	if (!read_record(trip, &fault)) {
		g_string_append(said, fault.text);
		return FAILED;
	}
	for (int row = 0; row < PQntuples(trip->rows); row++) {
		begin_copy(trip, said, row);
		g_string_append_printf(
			said, "%s, by line %s: %s (%s)",
			*get(trip, row, METHOD) == '\0' ? "refused" : get(trip, row, METHOD),
			get(trip, row, LINE), get(trip, row, RULE), get(trip, row, REASON));
		if (is_in(trip, row, "refused"))
			progress = FAILED;
	}
	if (PQntuples(trip->rows) > 0)
		return progress;
	g_string_append(
		said,
		"nobody has decided on it: Postfix took it without asking the milter, and it leaves "
		"unprotected, or it waits in the queue before a second pass; see postseal check, and "
		"postqueue -p");
	return WAITS;
}

/* The MTA's reply says little about which rule refused the mail. */
static enum progress
look_for_acceptance(struct trip *trip, GString *said)
{
	enum progress progress = hand_over(trip, said);
	g_autoptr(GString) decision = g_string_new(NULL);

	if (progress == FAILED && trip->reply.code / 100 == 5 &&
	    look_for_decision(trip, decision) == FAILED)
		g_string_append_printf(said, "; %s", decision->str);
	else if (progress == FAILED)
		g_string_append(said, "; see postseal check");
	return progress;
}

/* --- sealed --- */

static enum progress
look_for_seal(struct trip *trip, GString *said)
{
	for (int row = 0; row < PQntuples(trip->rows); row++) {
		const char *method = get(trip, row, METHOD), *keys = get(trip, row, KEYS);

		begin_copy(trip, said, row);
		if (strcmp(keys, "0") != 0)
			g_string_append_printf(said, "to %s key%s", keys,
					       strcmp(keys, "1") == 0 ? "" : "s");
		else if (is_in(trip, row, "held"))
			g_string_append(said, "in the database, until it is approved");
		else if (strcmp(method, "pickup") == 0)
			g_string_append(said, "in the database, for the portal");
		else if (strcmp(method, "tls") == 0)
			g_string_append(said, "on its way alone, by verified TLS");
		else
			g_string_append(said, "not at all, as the rule says");
		if (result_flag(trip->rows, row, IS_SIGNED))
			g_string_append(said, ", signed");
	}
	return PASSED;
}

/* --- handed back --- */

static enum progress
look_for_handing(struct trip *trip, GString *said)
{
	enum progress progress = look_for_decision(trip, said);

	g_string_truncate(said, 0);
	for (int row = 0; progress == PASSED && row < PQntuples(trip->rows); row++) {
		const char *reply = result_text(trip->rows, row, LAST_REPLY);
		bool is_parked = is_in(trip, row, "parked");

		begin_copy(trip, said, row);
		if (is_in(trip, row, "held")) {
			g_string_append(said, "waits for approval, and does not leave before");
			continue;
		}
		if (is_in(trip, row, "queued") ||
		    (is_parked && result_flag(trip->rows, row, IN_OUTBOX))) {
			g_string_append_printf(
				said, "is in the outbox: does postseal-courier run?%s%s",
				reply == NULL ? "" : " The MTA says ", reply == NULL ? "" : reply);
			return WAITS;
		}
		g_string_append_printf(said,
				       is_parked ? "waits in the portal, and its notice is "
						   "with the MTA"
						 : "is with the MTA (queue ID of the mail: %s)",
				       get(trip, row, QUEUE_ID));
	}
	return progress;
}

/* --- the next hop --- */

static enum progress
look_at_copy(const struct trip *trip, GString *said, int row)
{
	const char *deferred = result_text(trip->rows, row, DEFERRED);

	begin_copy(trip, said, row);
	if (is_in(trip, row, "failed") || is_in(trip, row, "sent")) {
		g_string_append_printf(said, "%s: %s", get(trip, row, STATE),
				       get(trip, row, DETAIL));
		return is_in(trip, row, "sent") ? PASSED : FAILED;
	}
	if (is_in(trip, row, "held")) {
		g_string_append(said, "is not there: it waits for approval (postseal hold list)");
		return PASSED;
	}
	if (!is_in(trip, row, "handed")) {
		g_string_append_printf(said, "%s in the portal, and does not leave",
				       get(trip, row, STATE));
		return PASSED;
	}
	if (deferred != NULL)
		g_string_append_printf(said, "is deferred: %s", deferred);
	else
		g_string_append(said, "is with the MTA, whose log says nothing more of it; can the "
				      "courier read it (mta log)?");
	return WAITS;
}

static enum progress
look_for_answer(struct trip *trip, GString *said)
{
	enum progress progress = look_for_handing(trip, said);

	g_string_truncate(said, 0);
	for (int row = 0; progress == PASSED && row < PQntuples(trip->rows); row++)
		progress = look_at_copy(trip, said, row);
	return progress;
}

/* --- what waits in the portal --- */

/* The mail has one recipient, whom aliases may make several; the parcel is the same for all. */
static struct parked
parked_of(const struct trip *trip)
{
	return (struct parked){trip->check, get(trip, 0, MESSAGE)};
}

static bool
is_for_portal(const struct trip *trip, int row)
{
	return strcmp(get(trip, row, METHOD), "pickup") == 0 && !is_in(trip, row, "refused");
}

static bool
is_held(const struct trip *trip, int row)
{
	return is_in(trip, row, "held");
}

static bool
is_any(const struct trip *trip, bool (*is)(const struct trip *trip, int row))
{
	int rows = trip->rows == NULL ? 0 : PQntuples(trip->rows);

	for (int row = 0; row < rows; row++)
		if (is(trip, row))
			return true;
	return false;
}

static enum progress
look_for_notice(struct trip *trip, GString *said)
{
	const struct parked parked = parked_of(trip);

	return parked_notice(&parked, said);
}

static enum progress
look_for_code(struct trip *trip, GString *said)
{
	const struct parked parked = parked_of(trip);

	return parked_code(&parked, said);
}

static enum progress
look_for_page(struct trip *trip, GString *said)
{
	const struct parked parked = parked_of(trip);

	return parked_page(&parked, said);
}

static enum progress
take_back(struct trip *trip, GString *said)
{
	const struct parked parked = parked_of(trip);

	return parked_take_back(&parked, said);
}

/* --- all stations --- */

struct station {
	const char *name;
	station_look *look;
	bool is_of_portal;
};

static const struct station stations[] = {
	{"accepted", look_for_acceptance, false},
	{"decided", look_for_decision, false},
	{"sealed", look_for_seal, false},
	{"handed back", look_for_handing, false},
	{"next hop", look_for_answer, false},
	{"notice", look_for_notice, true},
	{"code", look_for_code, true},
	{"page", look_for_page, true},
};

/* Wherever the mail has stopped. */
static const struct station last = {"taken back", take_back, true};

static bool
pass(const struct station *station, struct trip *trip, struct findings *findings)
{
	g_autoptr(GString) said = g_string_new(NULL);
	g_autofree char *text = NULL;
	enum progress progress;
	double seconds;

	for (;;) {
		g_string_truncate(said, 0);
		progress = station->look(trip, said);
		if (progress != WAITS || g_get_monotonic_time() >= trip->limit)
			break;
		g_usleep(POLL_MICROSECONDS);
	}
	seconds = (double)(g_get_monotonic_time() - trip->begin) / G_TIME_SPAN_SECOND;
	text = g_strdup_printf("%s%.1f s: %s", progress == WAITS ? "not within " : "after ",
			       seconds, said->str);
	findings_add(findings, station->name,
		     progress == PASSED	   ? GOOD
		     : progress == UNKNOWN ? WARNING
					   : WRONG,
		     text);
	return progress == PASSED || progress == UNKNOWN;
}

/* Of the Postfix services that accept mail, "smtp/inet" or "127.0.0.1:2525/inet", the first that
 * does not require TLS from the start. */
static char *
find_port(const struct check *check)
{
	g_autoptr(GPtrArray) listeners =
		check->postfix == NULL ? g_ptr_array_new() : postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);
		g_autofree char *place = g_strndup(
			service->name, (gsize)(strrchr(service->name, '/') - service->name));

		if (!g_str_has_suffix(service->name, "/inet") ||
		    strcmp(postfix_value(check->postfix, service->name, "smtpd_tls_wrappermode"),
			   "yes") == 0)
			continue;
		return g_strdup_printf("smtp://%s%s",
				       strchr(place, ':') == NULL ? "127.0.0.1:" : "", place);
	}
	return g_strdup("smtp://127.0.0.1:25");
}

static void
trip_init(struct trip *trip, const struct probe *probe, const struct check *check)
{
	const struct settings *settings = check->settings;
	struct identifier id;

	identifier_make(&id);
	trip->probe = probe;
	trip->check = check;
	trip->from = probe->from != NULL ? g_strdup(probe->from)
					 : g_strdup_printf("postmaster@%s", settings->domains[0]);
	trip->via = probe->via != NULL ? g_strdup(probe->via) : find_port(check);
	trip->message_id = g_strdup_printf("<probe.%s@%s>", id.text, settings->domains[0]);
	trip->begin = g_get_monotonic_time();
	trip->limit = trip->begin + probe->seconds * G_TIME_SPAN_SECOND;
}

static void
trip_clear(struct trip *trip)
{
	PQclear(trip->rows);
	g_free(trip->from);
	g_free(trip->via);
	g_free(trip->message_id);
}

void
probe_run(const struct probe *probe, const struct check *check, struct findings *findings)
{
	struct trip trip = {0};
	bool passed = true;

	trip_init(&trip, probe, check);
	for (size_t i = 0; passed && i < G_N_ELEMENTS(stations); i++)
		if (!stations[i].is_of_portal || is_any(&trip, is_for_portal))
			passed = pass(&stations[i], &trip, findings);
	/* What is held asks somebody for approval, who need not be bothered by a probe for long. */
	if (is_any(&trip, is_for_portal) || is_any(&trip, is_held))
		pass(&last, &trip, findings);
	trip_clear(&trip);
}
