#include "delivery/courier/queue.h"

#include <jansson.h>
#include <string.h>

#include "audit/audit.h"
#include "core/cleanup.h"
#include "core/seal/stored_content.h"

/* A claimed mail is locked by the session for as long as the session lives. If the lease has run
 * out but the lock is held, the courier is slow, or the clock was set, and the lease is renewed. */
#define MAIL_LOCK "hashtextextended(id::text, 0)"

/* Few at a time, so that several couriers share the work. The number is not a parameter: PostgreSQL
 * would then make a new plan for each claim. */
static const struct statement queue_take = {
	"queue_take",
	"with due as (select id, state, courier, claimed_at from postseal.outbox where next_attempt_at <= now()"
	"  and postseal.outbox_is_for($3, $4, state, courier, claimed_at)"
	"  order by next_attempt_at limit 8 for update skip locked),"
	" mine as materialized (select *, pg_try_advisory_lock(" MAIL_LOCK ") as is_free,"
	"  state = 'sending' and postseal.courier_host(courier) <> $3 as is_foreign from due) "
	"update postseal.outbox o set state = 'sending', next_attempt_at = now() + $2 * interval '1 second',"
	" courier = case when is_free and is_foreign is not true then $1 else o.courier end,"
	" claimed_at = case when is_free and (m.state = 'waiting' or m.courier is null) then now() else o.claimed_at end,"
	" attempts = attempts + is_free::integer "
	"from mine m where o.id = m.id "
	"returning o.id, o.kind, o.message, o.sender, o.ret, o.envid, o.smtputf8, o.verified, "
	"o.attempts,"
	" o.expires_at <= now(), o.boxed_key, o.header, m.state = 'sending',"
	" (select c.content from postseal.outbox_chunk c where c.outbox = o.id and c.number = 0),"
	" (select json_agg(json_build_array(r.number, r.address, r.notify, r.orcpt, r.copy) order "
	"by r.number)"
	"  from postseal.outbox_recipient r where r.outbox = o.id), m.is_free,"
	" case when is_foreign then m.courier end,"
	" m.claimed_at < now() - $4 * interval '1 second', host(o.client)"};
enum {
	ID,
	KIND,
	MESSAGE,
	SENDER,
	RET,
	ENVID,
	SMTPUTF8,
	VERIFIED,
	ATTEMPTS,
	IS_EXPIRED,
	BOXED_KEY,
	HEADER,
	IN_DOUBT,
	FIRST_CHUNK,
	RECIPIENTS,
	IS_FREE,
	LEFT_BY,
	IS_OVERDUE,
	CLIENT
};

static const struct statement queue_release = {"queue_release",
					       "select pg_advisory_unlock(" MAIL_LOCK
					       ") from (select $1::uuid as id) mail"};

static const struct statement queue_chunks = {"queue_chunks",
					      "select content from postseal.outbox_chunk where "
					      "outbox = $1 and number >= $2 order by number",
					      true};

static const struct statement queue_trust = {"queue_trust", "select postseal.outbox_distrust($1)"};

static const struct statement queue_served = {
	"queue_served", "delete from postseal.outbox_recipient where outbox = $1 and number = $2"};

/* The recipients and the content are deleted with it. */
static const struct statement queue_delete = {"queue_delete",
					      "delete from postseal.outbox where id = $1"};

static const struct statement queue_again = {
	"queue_again",
	"update postseal.outbox set state = $4, courier = case $4 when 'sending' then courier end, last_reply = $2,"
	" next_attempt_at = now() + $3 * interval '1 second' where id = $1"};

/* Only if this claim still holds: nobody else has the lock, and nobody has claimed the mail since.
 */
static const struct statement queue_unclaim = {
	"queue_unclaim",
	"update postseal.outbox set state = $4, next_attempt_at = now() + $5 * interval '1 second', attempts = attempts - $6,"
	" courier = case $4 when 'sending' then courier end "
	"where id = $1 and state = 'sending' and courier = $2 and attempts = $3 and pg_try_advisory_xact_lock(" MAIL_LOCK
	")"};

static const struct statement queue_adopt = {
	"queue_adopt", "update postseal.outbox set courier = $2, claimed_at = now() where id = $1"};

static void
recipient_free(struct queued_recipient *recipient)
{
	g_free(recipient->address);
	g_free(recipient->notify);
	g_free(recipient->orcpt);
	g_free(recipient->copy);
	g_free(recipient);
}

static void
mail_free(struct queued_mail *mail)
{
	g_free(mail->kind);
	g_free(mail->message);
	g_free(mail->sender);
	g_free(mail->ret);
	g_free(mail->envid);
	g_free(mail->left_by);
	g_free(mail->client);
	g_free(mail->boxed_key);
	g_free(mail->header);
	g_free(mail->first);
	g_ptr_array_unref(mail->recipients);
	g_free(mail);
}

/* --- claiming --- */

static GPtrArray *
read_recipients(const char *text)
{
	GPtrArray *recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	g_autoptr(json_t) list = text == NULL ? NULL : json_loads(text, 0, NULL);
	json_t *each;
	size_t i;

	json_array_foreach(list, i, each)
	{
		struct queued_recipient *recipient = g_new0(struct queued_recipient, 1);

		recipient->number = (int)json_integer_value(json_array_get(each, 0));
		recipient->address = g_strdup(json_string_value(json_array_get(each, 1)));
		recipient->notify = g_strdup(json_string_value(json_array_get(each, 2)));
		recipient->orcpt = g_strdup(json_string_value(json_array_get(each, 3)));
		recipient->copy = g_strdup(json_string_value(json_array_get(each, 4)));
		g_ptr_array_add(recipients, recipient);
	}
	return recipients;
}

static struct queued_mail *
mail_of(const PGresult *result, int row)
{
	struct queued_mail *mail = g_new0(struct queued_mail, 1);

	if (!identifier_parse(&mail->id, PQgetvalue(result, row, ID)))
		g_assert_not_reached(); /* it comes from a uuid column */
	mail->kind = g_strdup(PQgetvalue(result, row, KIND));
	mail->message = g_strdup(result_text(result, row, MESSAGE));
	mail->sender = g_strdup(PQgetvalue(result, row, SENDER));
	mail->ret = g_strdup(result_text(result, row, RET));
	mail->envid = g_strdup(result_text(result, row, ENVID));
	mail->smtputf8 = result_flag(result, row, SMTPUTF8);
	mail->verified = result_flag(result, row, VERIFIED);
	mail->attempts = (unsigned)result_number(result, row, ATTEMPTS);
	mail->expired = result_flag(result, row, IS_EXPIRED);
	mail->boxed_key = result_bytes(result, row, BOXED_KEY, &mail->boxed_length);
	mail->header = result_bytes(result, row, HEADER, &mail->header_length);
	mail->in_doubt = result_flag(result, row, IN_DOUBT);
	mail->first = result_bytes(result, row, FIRST_CHUNK, &mail->first_length);
	mail->recipients = read_recipients(result_text(result, row, RECIPIENTS));
	mail->left_by = g_strdup(result_text(result, row, LEFT_BY));
	mail->is_overdue = result_flag(result, row, IS_OVERDUE);
	mail->client = g_strdup(result_text(result, row, CLIENT));
	return mail;
}

GPtrArray *
queue_claim(struct connection *connection, const struct queue_claimant *claimant,
	    struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GPtrArray *mails;

	parameters_text(&parameters, claimant->courier);
	parameters_number(&parameters, (int64_t)claimant->lease);
	parameters_text(&parameters, claimant->host);
	parameters_number(&parameters, (int64_t)claimant->patience);
	if (!connection_execute(connection, &queue_take, &parameters, &result, fault))
		return NULL;
	mails = g_ptr_array_new_with_free_func((GDestroyNotify)mail_free);
	for (int row = 0; row < PQntuples(result); row++)
		if (result_flag(result, row, IS_FREE))
			g_ptr_array_add(mails, mail_of(result, row));
	return mails;
}

/* --- reading --- */

bool
queue_read(struct connection *connection, const struct queued_mail *mail, struct ring *ring,
	   struct sink *next, struct fault *fault)
{
	const struct stream stream = {.owner = mail->id.text,
				      .header = mail->header,
				      .header_length = mail->header_length,
				      .first = mail->first,
				      .first_length = mail->first_length};
	struct seal_key content;
	bool good;

	if (!ring_unbox(ring, &content, mail->boxed_key, mail->boxed_length))
		return fault_set(
			fault, FAULT_CRYPTO,
			"opening the mail %s of the outbox: it was sealed to another courier key",
			mail->id.text);
	good = stream_read(&stream, connection, &queue_chunks, &content, next, fault);
	sodium_memzero(&content, sizeof content);
	return good;
}

bool
queue_distrust(struct connection *connection, const struct queued_mail *mail, char **why_r,
	       struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*why_r = NULL;
	if (strcmp(mail->kind, "copy") != 0)
		return true;
	parameters_text(&parameters, mail->id.text);
	if (!connection_execute(connection, &queue_trust, &parameters, &result, fault))
		return fault_within(fault,
				    "asking whether the keys of the mail %s are still trusted",
				    mail->id.text);
	*why_r = g_strdup(result_text(result, 0, 0));
	return true;
}

/* --- settling --- */

/* A mail with several recipients is recorded for each. */
static const struct statement mta_mail_put = {
	"queue_mta_mail",
	"insert into postseal.mta_mail as m (queue_id, message, kind, address, copy, copies, ident, carries)"
	" values ($1, $2, $3, $4, $5, (select o.copies from postseal.outbox o where o.id = $6), $6::uuid::text,"
	" array_remove(array[$7::uuid], null)) "
	"on conflict (queue_id, origin) do update set message = excluded.message, kind = excluded.kind,"
	" address = excluded.address, copy = excluded.copy, copies = excluded.copies, ident = excluded.ident,"
	" carries = case m.ident when excluded.ident then m.carries || excluded.carries else excluded.carries end,"
	" goes_on_as = case m.ident when excluded.ident then m.goes_on_as else '{}' end, since = now()"};
static const struct statement own_mail_failed = {
	"queue_own_mail_failed", "select postseal.own_mail_failed($1, $2, $3, $4, $5)"};
static const struct statement summary_failed = {
	"queue_summary_failed",
	"select postseal.summary_failed(o.copies, $2, $3) from postseal.outbox o where o.id = $1"};
static const struct statement summary_event = {
	"queue_summary_event",
	"select postseal.summary_event(o.copies, $2, $3) from postseal.outbox o where o.id = $1"};

/* Was it written by a user, not by Postseal? */
static bool
is_message(const struct queued_mail *mail)
{
	return strcmp(mail->kind, "copy") == 0 || strcmp(mail->kind, "reply") == 0;
}

/* A notice about several messages (summaries.c). */
static bool
is_summary(const struct queued_mail *mail)
{
	return mail->message == NULL && strcmp(mail->kind, "notice") == 0;
}

/* Is someone told if this mail of ours does not arrive? */
static bool
is_followed(const struct queued_mail *mail)
{
	static const char *const kinds[] = {"notice", "code", "receipt", NULL};

	return (mail->message != NULL || is_summary(mail)) && g_strv_contains(kinds, mail->kind);
}

/* Postfix: "250 2.0.0 Ok: queued as QUEUEID", Sendmail: "250 2.0.0 QUEUEID Message accepted for
 * delivery". NULL: the reply does not name it. Caller frees. */
static char *
queue_id_of(const char *reply)
{
	g_autoptr(GRegex) forms =
		g_regex_new("queued as ([0-9A-Za-z]+)|"
			    "^250 2\\.0\\.0 ([0-9A-Za-z]+) Message accepted for delivery",
			    G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	return g_regex_match(forms, reply, 0, &match)
		       ? g_match_info_fetch(match, g_match_info_get_match_count(match) - 1)
		       : NULL;
}

/* Under this queue ID, the MTA's log says what becomes of the mail (mta_follow.c). */
static bool
note_queue_id(struct connection *connection, const struct queued_mail *mail,
	      const struct queued_recipient *recipient, const char *reply, struct fault *fault)
{
	g_autofree char *queue_id = queue_id_of(reply);
	bool is_copy = is_message(mail) && recipient->copy != NULL;
	struct parameters parameters = {0};

	if (queue_id == NULL || (!is_copy && !is_followed(mail)))
		return true;
	parameters_text(&parameters, queue_id);
	parameters_text(&parameters, mail->message);
	parameters_text(&parameters, is_copy ? NULL : mail->kind);
	parameters_text(&parameters, is_copy ? NULL : recipient->address);
	parameters_text(&parameters, is_copy ? NULL : recipient->copy);
	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, recipient->copy);
	return batch_add(connection, &mta_mail_put, &parameters, fault);
}

/* The senders of all its messages are told. */
static bool
note_summary_failed(struct connection *connection, const struct queued_mail *mail,
		    const struct queue_outcome *outcome, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, outcome->recipient->address);
	parameters_text(&parameters, outcome->reply);
	return batch_add(connection, &summary_failed, &parameters, fault);
}

/* If a code could not be delivered, whoever can act is told; for a notice, bounce() does that. */
static bool
note_failed(struct connection *connection, const struct queued_mail *mail,
	    const struct queue_outcome *outcome, struct fault *fault)
{
	const struct queued_recipient *recipient = outcome->recipient;
	struct parameters parameters = {0};

	if (recipient->copy != NULL &&
	    !audit_move_copy(connection, recipient->copy, COPY_FAILED, outcome->reply, fault))
		return false;
	if (is_summary(mail))
		return note_summary_failed(connection, mail, outcome, fault);
	if (mail->message == NULL || strcmp(mail->kind, "code") != 0)
		return true;
	parameters_text(&parameters, mail->kind);
	parameters_text(&parameters, mail->message);
	parameters_text(&parameters, recipient->copy);
	parameters_text(&parameters, recipient->address);
	parameters_text(&parameters, outcome->reply);
	return batch_add(connection, &own_mail_failed, &parameters, fault);
}

/* Adds to the record of the message, or of each that it is about. */
static bool
note_event(struct connection *connection, const struct queued_mail *mail, const char *copy,
	   const char *what, const char *detail, struct fault *fault)
{
	struct parameters parameters = {0};

	if (!is_summary(mail))
		return mail->message == NULL ||
		       audit_event(connection, mail->message, copy, what, detail, fault);
	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, what);
	parameters_text(&parameters, detail);
	return batch_add(connection, &summary_event, &parameters, fault);
}

/* Only a mail that is the copy itself changes the copy's state; with a notice, the copy keeps
 * waiting. */
static bool
record_outcome(struct connection *connection, const struct queued_mail *mail,
	       const struct queue_outcome *outcome, struct fault *fault)
{
	static const char *const what[] = {
		[QUEUE_SENT] = "handed to the MTA", [QUEUE_FAILED] = "given up"};
	const struct queued_recipient *recipient = outcome->recipient;
	g_autofree char *event = g_strconcat(mail->kind, " ", what[outcome->result], NULL);

	if (recipient->copy != NULL && outcome->result == QUEUE_SENT && is_message(mail) &&
	    !audit_move_copy(connection, recipient->copy, COPY_HANDED, NULL, fault))
		return false;
	if (outcome->result == QUEUE_SENT &&
	    !note_queue_id(connection, mail, recipient, outcome->reply, fault))
		return false;
	if (outcome->result == QUEUE_FAILED && !note_failed(connection, mail, outcome, fault))
		return false;
	return note_event(connection, mail, recipient->copy, event, outcome->reply, fault);
}

static bool
take_off(struct connection *connection, const struct queued_mail *mail,
	 const struct queued_recipient *recipient, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	parameters_number(&parameters, recipient->number);
	return batch_add(connection, &queue_served, &parameters, fault);
}

static const char *
state_of(const struct queued_mail *mail)
{
	return mail->in_doubt ? "sending" : "waiting";
}

/* Comes after the changes to the row, which nobody else can claim until they are committed. */
static bool
add_release(struct connection *connection, const struct queued_mail *mail, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	return batch_add(connection, &queue_release, &parameters, fault);
}

static bool
add_again(struct connection *connection, const struct queued_mail *mail, const char *reply,
	  uint64_t seconds, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, reply);
	parameters_number(&parameters, (int64_t)seconds);
	parameters_text(&parameters, state_of(mail));
	return batch_add(connection, &queue_again, &parameters, fault) &&
	       add_release(connection, mail, fault);
}

/* The other recipients keep waiting. */
static bool
take_off_served(struct connection *connection, const struct queued_mail *mail,
		const struct queue_outcome *outcomes, size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++)
		if (outcomes[i].result != QUEUE_LATER &&
		    !take_off(connection, mail, outcomes[i].recipient, fault))
			return false;
	return true;
}

bool
queue_settle(struct connection *connection, const struct queued_mail *mail,
	     const struct queue_outcome *outcomes, size_t count, uint64_t seconds,
	     struct fault *fault)
{
	const char *later = NULL;
	struct parameters parameters = {0};

	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].result == QUEUE_LATER)
			later = outcomes[i].reply;
		else if (!record_outcome(connection, mail, &outcomes[i], fault))
			return false;
	}
	parameters_text(&parameters, mail->id.text);
	if (later != NULL)
		return take_off_served(connection, mail, outcomes, count, fault) &&
		       add_again(connection, mail, later, seconds, fault);
	return batch_add(connection, &queue_delete, &parameters, fault) &&
	       add_release(connection, mail, fault);
}

bool
queue_put_off(struct connection *connection, const struct queued_mail *mail, const char *why,
	      uint64_t seconds, struct fault *fault)
{
	return batch_begin(connection, fault) && add_again(connection, mail, why, seconds, fault) &&
	       batch_commit(connection, fault);
}

bool
queue_let_go(struct connection *connection, const struct queue_claimant *claimant,
	     const struct queued_mail *mail, uint64_t seconds, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, mail->left_by == NULL ? claimant->courier : mail->left_by);
	parameters_number(&parameters, mail->attempts);
	parameters_text(&parameters, state_of(mail));
	parameters_number(&parameters, (int64_t)seconds);
	parameters_number(&parameters, mail->is_tried ? 0 : 1);
	return connection_execute(connection, &queue_unclaim, &parameters, NULL, fault);
}

bool
queue_send_again(struct connection *connection, struct queued_mail *mail, const char *courier,
		 const char *why, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, courier);
	if (!batch_begin(connection, fault) ||
	    (mail->left_by != NULL && !batch_add(connection, &queue_adopt, &parameters, fault)) ||
	    !note_event(connection, mail, NULL, "sent again in doubt", why, fault) ||
	    !batch_commit(connection, fault))
		return false;
	g_clear_pointer(&mail->left_by, g_free);
	mail->in_doubt = false;
	return true;
}
