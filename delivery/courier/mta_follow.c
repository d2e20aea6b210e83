/*
 * Follows the MTA's log and records what became of each copy: which next hop accepted it, over what
 * TLS, its reply, since when it is deferred, that it was returned. A copy counts as "sent" only if
 * a next hop accepted it.
 *
 * The position in the log and what was read up to there are committed together, also what will be
 * needed for later lines (mta_memory.h). Only one courier on a machine follows the log at a time.
 */

#include <string.h>

#include "core/identifier.h"
#include "delivery/courier/chore.h"
#include "delivery/courier/mta_memory.h"
#include "delivery/courier/mta_reader.h"

enum {
	LINES_MAX = 4000, /* of one round */
	IDLE_SECONDS = 2, /* after which the position in an idle log is recorded too */
};

static const struct statement make_place = {
	"mta_make_place",
	"insert into postseal.mta_log (source, position, read_at) values ($1, $2, '-infinity') on conflict do nothing"};
static const struct statement lock_place = {
	"mta_lock_place",
	"select position, read_at > now() - $2 * interval '1 second' from postseal.mta_log where source = $1"
	" for update skip locked"};
static const struct statement keep_place = {
	"mta_keep_place",
	"update postseal.mta_log set position = $2, read_at = $3::timestamptz, tells = tells or $4::boolean, known = coalesce($5::text[], known)"
	" where source = $1"};
static const struct statement get_known = {
	"mta_known",
	"select word from postseal.mta_log, unnest(known) with ordinality as k (word, n)"
	" where source = $1 order by n"};
static const struct statement clock_now = {"mta_clock", "select clock_timestamp()"};

static const struct statement put_took = {"mta_took", "select postseal.mta_took($1, $2)"};
static const struct statement put_took_again = {"mta_took_again",
						"select postseal.mta_took_again($1, $2)"};
static const struct statement put_goes_on = {"mta_goes_on",
					     "select postseal.mta_goes_on($1, $2, $3)"};
static const struct statement put_said = {"mta_said",
					  "select postseal.mta_said($1, $2, $3, $4, $5)"};
static const struct statement put_removed = {
	"mta_removed", "delete from postseal.mta_mail where queue_id = any($1)"};

struct follow {
	struct mta_log log;
	char *source;
	struct mta_reader *reader;
	char *position, *known; /* of the reader and of the memory, as last committed */
	struct mta_memory *memory;
};

/* What was read in a round, as PostgreSQL arrays. */
struct findings {
	GString *took, *again_ids, *again_rows, *removed;
	GString *took_idents;
	GString *befores, *now_ids, *requeued; /* what has another queue ID now */
	GString *ids, *tos, *originals, *outcomes, *details;
};

/* --- arrays --- */

static void
add(GString *array, const char *text)
{
	g_string_append(array, array->len == 0 ? "{\"" : ",\"");
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(array, '\\');
		g_string_append_c(array, *c);
	}
	g_string_append_c(array, '"');
}

/* Caller frees. */
static char *
array_of(const GPtrArray *words)
{
	GString *array = g_string_new(NULL);

	for (guint i = 0; i < words->len; i++)
		add(array, g_ptr_array_index(words, i));
	g_string_append(array, array->len == 0 ? "{}" : "}");
	return g_string_free(array, FALSE);
}

static GString **
findings_all(struct findings *findings, size_t i)
{
	GString **all[] = {&findings->took,	   &findings->again_ids, &findings->again_rows,
			   &findings->removed,	   &findings->ids,	 &findings->tos,
			   &findings->originals,   &findings->outcomes,	 &findings->details,
			   &findings->took_idents, &findings->befores,	 &findings->now_ids,
			   &findings->requeued};

	return i < G_N_ELEMENTS(all) ? all[i] : NULL;
}

static void
findings_init(struct findings *findings)
{
	for (size_t i = 0; findings_all(findings, i) != NULL; i++)
		*findings_all(findings, i) = g_string_new(NULL);
}

static void
findings_clear(struct findings *findings)
{
	for (size_t i = 0; findings_all(findings, i) != NULL; i++)
		g_string_free(*findings_all(findings, i), TRUE);
}

/* --- reading --- */

/* "mx.example[192.0.2.1]:25, verified TLSv1.3 with cipher …: 250 2.0.0 Ok" */
static char *
detail_of(const struct follow *follow, const struct mta_entry *entry, const struct mta_line *line)
{
	const char *tls =
		mta_memory_tls(follow->memory, entry->process, line->relay, line->queue_id);
	g_autofree char *detail = NULL;

	if (*line->relay == '\0' || strcmp(line->relay, "none") == 0)
		return g_utf8_make_valid(line->text, -1);
	detail = g_strdup_printf("%s%s%s: %s", line->relay, tls == NULL ? "" : ", ",
				 tls == NULL ? "" : tls, line->text);
	return g_utf8_make_valid(detail, -1);
}

static void
note_took(const struct follow *follow, struct findings *findings, const char *queue_id)
{
	g_autofree char *ident = mta_memory_take_ident(follow->memory, queue_id);

	add(findings->took, queue_id);
	add(findings->took_idents, ident == NULL ? "" : ident);
}

/* `said_to`: "" for all who are still waiting. */
static void
note_recipient(const struct follow *follow, struct findings *findings,
	       const struct mta_entry *entry, const struct mta_line *line, const char *said_to)
{
	static const char *const outcomes[] = {
		[MTA_SENT] = "sent", [MTA_DEFERRED] = "deferred", [MTA_RETURNED] = "failed"};
	g_autofree char *detail = detail_of(follow, entry, line);
	g_autofree char *to = mta_line_fold(said_to);
	g_autofree char *original = mta_line_fold(line->original);

	add(findings->ids, line->queue_id);
	add(findings->tos, to);
	add(findings->originals, original);
	add(findings->outcomes, outcomes[line->said]);
	add(findings->details, detail);
}

static void
note_said(const struct follow *follow, struct findings *findings, const struct mta_entry *entry,
	  const struct mta_line *line)
{
	guint i = 0;

	if (follow->log.mta == MTA_SENDMAIL)
		note_took(follow, findings,
			  line->queue_id); /* the log has no other way to say so */
	do {
		note_recipient(follow, findings, entry, line,
			       i < line->to->len ? g_ptr_array_index(line->to, i) : "");
	} while (++i < line->to->len);
}

static void
note_session(const struct follow *follow, struct findings *findings, const struct mta_entry *entry,
	     const struct mta_line *line)
{
	g_autoptr(GPtrArray) accepted =
		mta_memory_end(follow->memory, entry->process, line->recipients);

	for (guint i = 0; accepted != NULL && i < accepted->len; i++)
		note_took(follow, findings, g_ptr_array_index(accepted, i));
}

static void
note_goes_on(struct findings *findings, const char *before, const char *queue_id, bool is_requeued)
{
	add(findings->befores, before);
	add(findings->now_ids, queue_id);
	add(findings->requeued, is_requeued ? "t" : "f");
}

/* Postfix keeps this name of a mail for as long as it has the mail, whatever its queue ID. */
static void
note_again(const struct follow *follow, struct findings *findings, const struct mta_entry *entry,
	   const struct mta_line *line)
{
	struct identifier row;

	if (follow->log.mta == MTA_POSTFIX) {
		mta_memory_begin(follow->memory, entry->process, line->queue_id);
		mta_memory_set_ident(follow->memory, line->queue_id, line->text);
	}
	note_goes_on(findings, line->text, line->queue_id, false);
	if (!identifier_parse(&row, line->text))
		return;
	add(findings->again_ids, line->queue_id);
	add(findings->again_rows, row.text);
}

/* Nothing more is said of it under its old queue ID. If it was on hold, this is the first line that
 * says that the MTA has it. */
static void
note_requeued(const struct follow *follow, struct findings *findings, const struct mta_line *line)
{
	note_took(follow, findings, line->text);
	note_goes_on(findings, line->text, line->queue_id, true);
	add(findings->removed, line->text);
}

static void
note(const struct follow *follow, struct findings *findings, const struct mta_entry *entry,
     const struct mta_line *line)
{
	switch (line->said) {
	case MTA_TOOK:
		note_took(follow, findings, line->queue_id);
		break;
	case MTA_DISCARDED:
		note_took(follow, findings, line->queue_id);
		add(findings->removed, line->queue_id);
		break;
	case MTA_BEGAN:
		mta_memory_begin(follow->memory, entry->process, line->queue_id);
		break;
	case MTA_SESSION:
		note_session(follow, findings, entry, line);
		break;
	case MTA_IDENT:
		note_again(follow, findings, entry, line);
		break;
	case MTA_REQUEUED:
		note_requeued(follow, findings, line);
		break;
	case MTA_SENT:
	case MTA_DEFERRED:
	case MTA_RETURNED:
		note_said(follow, findings, entry, line);
		break;
	case MTA_REMOVED:
		add(findings->removed, line->queue_id);
		mta_memory_remove(follow->memory, line->queue_id);
		break;
	case MTA_TLS:
		mta_memory_set_tls(follow->memory, entry->process, line->relay, line->text);
		break;
	case MTA_READ:
	case MTA_BROKEN_OFF:
	case MTA_NOTHING:
		break;
	}
}

/* False if the end of the log was not reached. */
static bool
read_lines(struct follow *follow, struct findings *findings)
{
	struct mta_entry entry;
	struct mta_line line;

	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (!mta_reader_next(follow->reader, &entry))
			return true;
		if (!mta_line_parse(&line, &entry, follow->log.mta))
			continue;
		note(follow, findings, &entry, &line);
		mta_line_clear(&line);
	}
	return false;
}

/* --- recording it --- */

static bool
put(struct connection *connection, const struct statement *statement, GString *const *arrays,
    struct fault *fault)
{
	struct parameters parameters = {0};

	if (arrays[0]->len == 0)
		return true;
	for (; *arrays != NULL; arrays++) {
		g_string_append_c(*arrays, '}');
		parameters_text(&parameters, (*arrays)->str);
	}
	return connection_execute(connection, statement, &parameters, NULL, fault);
}

static bool
put_findings(struct connection *connection, const struct findings *f, struct fault *fault)
{
	return put(connection, &put_took, (GString *const[]){f->took, f->took_idents, NULL},
		   fault) &&
	       put(connection, &put_took_again,
		   (GString *const[]){f->again_ids, f->again_rows, NULL}, fault) &&
	       put(connection, &put_goes_on,
		   (GString *const[]){f->befores, f->now_ids, f->requeued, NULL}, fault) &&
	       put(connection, &put_said,
		   (GString *const[]){f->ids, f->tos, f->originals, f->outcomes, f->details, NULL},
		   fault) &&
	       put(connection, &put_removed, (GString *const[]){f->removed, NULL}, fault);
}

static bool
put_place(struct follow *follow, struct connection *connection, const char *read_at, bool tells,
	  struct fault *fault)
{
	g_autofree char *position = mta_reader_position(follow->reader);
	g_autoptr(GPtrArray) words = mta_memory_words(follow->memory);
	g_autofree char *known = array_of(words);
	struct parameters parameters = {0};

	parameters_text(&parameters, follow->source);
	parameters_text(&parameters, position);
	parameters_text(&parameters, read_at);
	parameters_flag(&parameters, tells);
	parameters_text(&parameters, g_strcmp0(known, follow->known) == 0 ? NULL : known);
	if (!connection_execute(connection, &keep_place, &parameters, NULL, fault) ||
	    !transaction_commit(connection, fault))
		return false;
	g_free(follow->position);
	follow->position = g_steal_pointer(&position);
	g_free(follow->known);
	follow->known = g_steal_pointer(&known);
	return true;
}

/* --- a round --- */

/* A log that nobody has followed yet is followed from its end. */
static bool
begin_place(struct follow *follow, struct connection *connection, struct fault *fault)
{
	g_autoptr(mta_reader_auto) reader = mta_reader_new(&follow->log, NULL, fault);
	g_autofree char *position = reader == NULL ? NULL : mta_reader_position(reader);
	struct parameters parameters = {0};

	if (reader == NULL)
		return false;
	parameters_text(&parameters, follow->source);
	parameters_text(&parameters, position);
	return connection_execute(connection, &make_place, &parameters, NULL, fault);
}

static bool
lock(const struct follow *follow, struct connection *connection, PGresult **place_r,
     struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, follow->source);
	parameters_number(&parameters, IDLE_SECONDS);
	return connection_execute(connection, &lock_place, &parameters, place_r, fault);
}

/* What the courier knew that read up to here. */
static bool
recall(struct follow *follow, struct connection *connection, struct fault *fault)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autoptr(PGresult) known = NULL;
	struct parameters parameters = {0};

	parameters_text(&parameters, follow->source);
	if (!connection_execute(connection, &get_known, &parameters, &known, fault))
		return false;
	for (int row = 0; row < PQntuples(known); row++)
		g_ptr_array_add(words, PQgetvalue(known, row, 0));
	mta_memory_recall(follow->memory, words);
	g_clear_pointer(&follow->known, g_free);
	return true;
}

/* The reader continues from where it is, unless another courier has read on since. */
static bool
open_reader(struct follow *follow, struct connection *connection, const char *position,
	    struct fault *fault)
{
	if (follow->reader != NULL && g_strcmp0(follow->position, position) == 0)
		return true;
	g_clear_pointer(&follow->reader, mta_reader_free);
	follow->reader = mta_reader_new(&follow->log, position, fault);
	g_free(follow->position);
	follow->position = g_strdup(position);
	return follow->reader != NULL && recall(follow, connection, fault);
}

static bool
has_news(const struct follow *follow, bool noted_lately)
{
	g_autofree char *position = mta_reader_position(follow->reader);

	return !noted_lately || strcmp(position, follow->position) != 0;
}

/* Offers that were not accepted if the log does not mention their queue ID soon afterwards: this
 * holds for Postfix. Sendmail logs the queue ID when it has tried to deliver, which may be late. */
static bool
tells_at_once(const struct follow *follow)
{
	return follow->log.mta == MTA_POSTFIX;
}

static bool
read_on(struct follow *follow, struct connection *connection, bool noted_lately, bool *more_r,
	struct fault *fault)
{
	g_autoptr(PGresult) clock = NULL;
	struct findings findings;
	bool good;

	if (!connection_execute(connection, &clock_now, NULL, &clock, fault))
		return false;
	findings_init(&findings);
	*more_r = !read_lines(follow, &findings);
	good = !has_news(follow, noted_lately)
		       ? transaction_commit(connection, fault)
		       : put_findings(connection, &findings, fault) &&
				 put_place(follow, connection,
					   *more_r ? "-infinity" : PQgetvalue(clock, 0, 0),
					   tells_at_once(follow) && findings.took->len > 0, fault);
	findings_clear(&findings);
	return good;
}

static bool
follow_round(struct follow *follow, struct connection *connection, bool *more_r,
	     struct fault *fault)
{
	g_autoptr(PGresult) place = NULL;

	if ((follow->position == NULL && !begin_place(follow, connection, fault)) ||
	    !transaction_begin(connection, fault) || !lock(follow, connection, &place, fault))
		return false;
	if (PQntuples(place) == 0) /* another courier is doing it */
		return transaction_commit(connection, fault);
	return open_reader(follow, connection, PQgetvalue(place, 0, 0), fault) &&
	       read_on(follow, connection, result_flag(place, 0, 1), more_r, fault);
}

static struct follow *
follow_new(const struct settings *settings)
{
	struct follow *follow = g_new0(struct follow, 1);

	follow->log = mta_log_of(settings);
	follow->source = mta_log_source(settings);
	follow->memory = mta_memory_new();
	return follow;
}

static bool
run(const struct courier *courier, bool *more_r, struct fault *fault)
{
	static struct follow *follow;
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);

	if (follow == NULL)
		follow = follow_new(courier->settings);
	if (connection != NULL && follow_round(follow, connection, more_r, fault))
		return true;
	/* What was read has not been recorded: it is read again, with what was known before it. */
	g_clear_pointer(&follow->reader, mta_reader_free);
	return false;
}

const struct chore chore_mta_follow = {
	.name = "following the log of the MTA", .seconds = 1, .stands_back = true, .run = run};
