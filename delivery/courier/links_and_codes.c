#include "delivery/courier/links_and_codes.h"

#include <string.h>

#include "audit/audit.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/seal/marked.h"
#include "delivery/courier/page.h"
#include "delivery/courier/sms.h"
#include "delivery/outbox/deputy.h"
#include "delivery/outbox/notice.h"
#include "delivery/parcel/parcel.h"
#include "delivery/parcel/sender_page.h"
#include "mail/display_name.h"

static const struct statement parcel_waiting = {
	"issue_parcel",
	"select p.id, p.message, p.sender, p.smtputf8, m.message_id, p.language, p.phone, t.boxed, p.summary "
	"from postseal.parcel p join postseal.message m on m.id = p.message"
	" left join postseal.sender_page t on t.message = p.message "
	"where p.issued_at is null and p.issue_at <= now()"
	" order by p.issue_at limit 1 for update of p skip locked"};
enum { PARCEL, MESSAGE, SENDER, SMTPUTF8, MESSAGE_ID, LANGUAGE, PHONE, TRACK, SUMMARY };

static const struct statement parcel_later = {"issue_later", "select postseal.parcel_put_off($1)"};

static const struct statement parcel_issued = {
	"issue_parcel_done", "update postseal.parcel set issued_at = now() where id = $1"};

/* Does the sender trust the recipient's account? And is there time enough for a summary, and to
 * read what it tells of? */
static const struct statement keys_waiting = {
	"issue_keys",
	"select k.id, k.copy, k.boxed, c.recipient, k.notify, k.orcpt,"
	" greatest(1, extract(epoch from k.expires_at - now()))::bigint, a.id, a.public_key, "
	"a.language,"
	" not k.by_code and exists (select from postseal.attestation t where t.kind = 'account' and t.address = "
	"c.address"
	"  and t.author = $2 and t.subject = encode(sha256(a.public_key), 'hex') and t.revoked_at "
	"is null),"
	" (select m->>'lapsed' from jsonb_array_elements(c.trace->'methods') m where m ? 'lapsed' limit 1),"
	" a.notices = 'daily' and k.expires_at > now() + interval '2 days' "
	"from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
	" left join postseal.account a on a.address = c.address "
	"where k.parcel = $1 and k.issued_at is null and k.boxed is not null order by k.id"};
enum {
	KEY,
	COPY,
	BOXED,
	RECIPIENT,
	NOTIFY,
	ORCPT,
	LIFETIME,
	ACCOUNT,
	PUBLIC_KEY,
	ACCOUNT_LANGUAGE,
	IS_TRUSTED,
	LAPSED,
	IS_DAILY
};

static const struct statement key_issued = {
	"issue_key",
	"update postseal.parcel_key set link_hash = $2, salt = $3, wrapped = $4, link_boxed = $5,"
	" boxed = case when $6 then boxed end, subject = $7, issued_at = now() where id = $1"};

static const struct statement key_trusted = {
	"issue_trusted_key",
	"update postseal.parcel_key set account = $2, sealed = $3, folder = 'inbox', boxed = null, issued_at = now(),"
	" summarise_since = case when $4 then now() end where id = $1"};

/* A parcel being handled. */
struct issuing {
	const struct issuer *issuer;
	struct notice notice;
	const PGresult *parcel, *keys;
	char phone[SEAL_KEY_BYTES]; /* "": the sender gets the codes */
	char track[SEAL_KEY_CHARACTERS + 1];
	char *name; /* of the sender, from the first key on; or NULL */
};

static const char *
recipient_language(const struct issuing *issuing, int row)
{
	return notice_language(issuing->issuer->settings, PQgetvalue(issuing->keys, row, RECIPIENT),
			       result_text(issuing->keys, row, ACCOUNT_LANGUAGE),
			       result_text(issuing->parcel, 0, LANGUAGE));
}

static const char *
sender_language(const struct issuing *issuing)
{
	return notice_language(issuing->issuer->settings, issuing->notice.sender, NULL,
			       result_text(issuing->parcel, 0, LANGUAGE));
}

static bool
open_box(const struct issuing *issuing, const PGresult *result, int row, int column,
	 struct seal_key *key_r)
{
	size_t length;
	g_autofree unsigned char *boxed = result_bytes(result, row, column, &length);

	return ring_unbox(issuing->issuer->ring, key_r, boxed, length);
}

static bool
notify(const struct issuing *issuing, int row, enum notice_way way, const char *link,
       struct fault *fault)
{
	const PGresult *keys = issuing->keys;
	const struct notice_recipient recipient = {
		.address = PQgetvalue(keys, row, RECIPIENT),
		.notify = result_text(keys, row, NOTIFY),
		.orcpt = result_text(keys, row, ORCPT),
		.copy = PQgetvalue(keys, row, COPY),
		.language = recipient_language(issuing, row),
		.way = way,
		.link = link,
		.lifetime = (uint64_t)result_number(keys, row, LIFETIME)};

	return notice_waiting(&issuing->notice, &recipient, fault);
}

/* --- to an account --- */

/* A member who chose so is told by the next summary (summaries.c). */
static bool
notify_member(const struct issuing *issuing, int row, struct fault *fault)
{
	const PGresult *keys = issuing->keys;

	if (!result_flag(keys, row, IS_DAILY))
		return notify(issuing, row, NOTICE_SIGNIN, PQgetvalue(keys, row, KEY), fault);
	return audit_event(issuing->notice.connection, issuing->notice.message,
			   PQgetvalue(keys, row, COPY), "notice put off",
			   "the recipient is told once a day", fault);
}

static bool
seal_for_account(const struct issuing *issuing, int row, const struct seal_key *content,
		 struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *bytes = result_bytes(issuing->keys, row, PUBLIC_KEY, &length);
	unsigned char sealed[SEAL_BOXED_BYTES];
	struct parameters parameters = {0};
	struct seal_key public_key;

	if (length != SEAL_KEY_BYTES)
		return fault_set(fault, FAULT_BUG, "sealing to an account: its key is damaged");
	memcpy(public_key.bytes, bytes, SEAL_KEY_BYTES);
	if (!seal_box(sealed, content, &public_key, fault))
		return false;
	parameters_text(&parameters, PQgetvalue(issuing->keys, row, KEY));
	parameters_text(&parameters, PQgetvalue(issuing->keys, row, ACCOUNT));
	parameters_bytes(&parameters, sealed, sizeof sealed);
	parameters_flag(&parameters, result_flag(issuing->keys, row, IS_DAILY));
	return batch_add(issuing->notice.connection, &key_trusted, &parameters, fault) &&
	       notify_member(issuing, row, fault);
}

/* --- by link and code --- */

/* For the sender's page, which shows it as long as the courier has the key of the message. NULL: it
 * is not shown. */
static unsigned char *
seal_subject(const struct issuing *issuing, int row, const struct seal_key *content,
	     size_t *length_r)
{
	size_t length;
	g_autofree unsigned char *summary = result_bytes(issuing->parcel, 0, SUMMARY, &length);
	g_autofree char *subject = NULL;

	if (!issuing->issuer->settings->pickup_renew || PQgetisnull(issuing->parcel, 0, SUMMARY))
		return NULL;
	subject = parcel_subject(summary, length, PQgetvalue(issuing->parcel, 0, PARCEL), content);
	return subject == NULL || *subject == '\0'
		       ? NULL
		       : track_seal_text(subject, issuing->track,
					 PQgetvalue(issuing->keys, row, KEY), length_r);
}

/* Wraps the key with what is derived from link and code. The link's secret is kept, boxed, for
 * reminders. */
static bool
lock_key(const struct issuing *issuing, int row, const struct seal_key *content,
	 struct parcel_access *access, struct fault *fault)
{
	const char *id = PQgetvalue(issuing->keys, row, KEY);
	bool renews = issuing->issuer->settings->pickup_renew;
	unsigned char boxed_link[SEAL_MARKED_BOX_BYTES];
	struct parameters parameters = {0};
	size_t subject_length = 0;
	g_autofree unsigned char *subject = seal_subject(issuing, row, content, &subject_length);
	struct parcel_lock lock;
	struct seal_key link;
	bool made = parcel_make_access(id, content, access, &lock, fault) &&
		    seal_key_read(&link, access->link) &&
		    seal_marked_box(boxed_link, &link, ring_sealing(issuing->issuer->ring), fault);

	sodium_memzero(&link, sizeof link);
	parameters_text(&parameters, id);
	parameters_bytes(&parameters, lock.link_hash, sizeof lock.link_hash);
	parameters_bytes(&parameters, lock.salt, sizeof lock.salt);
	parameters_bytes(&parameters, lock.wrapped, sizeof lock.wrapped);
	parameters_bytes(&parameters, boxed_link, sizeof boxed_link);
	parameters_flag(&parameters, renews);
	parameters_bytes(&parameters, subject, subject_length);
	return made && batch_add(issuing->notice.connection, &key_issued, &parameters, fault);
}

/* *sent_r is false if the hook failed: then the sender gets the code, so that nobody is left
 * waiting. */
static void
send_code(const struct issuing *issuing, int row, const struct code *code, bool *sent_r)
{
	const struct settings *settings = issuing->issuer->settings;
	g_autofree char *text =
		g_strdup_printf(translate(recipient_language(issuing, row),
					  "%s: the unlock code for your message from %s is %s"),
				settings->organisation, issuing->notice.sender, code->shown);
	struct fault fault;

	*sent_r = sms_send(settings->sms, issuing->phone, text, &fault);
	if (!*sent_r)
		log_error("%s; the sender gets the code of the message %s instead", fault.text,
			  issuing->notice.message);
	sodium_memzero(text, strlen(text));
}

/* The reason is left out: it contains the hook's URL, with everything needed to use it. */
static bool
note_sms(const struct issuing *issuing, int row, struct fault *fault)
{
	metrics_count(METRIC_UNDELIVERED, "kind=\"sms\"", 1);
	return audit_event(issuing->notice.connection, issuing->notice.message,
			   PQgetvalue(issuing->keys, row, COPY), "SMS not delivered",
			   "the hook did not accept it: the sender gets the code", fault);
}

static bool
lock_and_tell(const struct issuing *issuing, int row, const struct seal_key *content,
	      struct parcel_access *access, struct notice_code *code, struct fault *fault)
{
	bool sent = false;

	if (!lock_key(issuing, row, content, access, fault))
		return false;
	if (*issuing->phone != '\0')
		send_code(issuing, row, &access->code, &sent);
	code->way = sent ? NOTICE_SMS : NOTICE_CODE;
	code->code = sent ? NULL : access->code.shown;
	code->sms_failed = *issuing->phone != '\0' && !sent;
	return (!code->sms_failed || note_sms(issuing, row, fault)) &&
	       notify(issuing, row, code->way, access->link, fault);
}

/* The name that the sender has in the message; NULL: none that may stand beside the address. Caller
 * frees. */
static char *
name_of_sender(const struct issuing *issuing, const struct seal_key *content)
{
	size_t length;
	g_autofree unsigned char *summary = result_bytes(issuing->parcel, 0, SUMMARY, &length);
	g_autofree char *name =
		PQgetisnull(issuing->parcel, 0, SUMMARY)
			? NULL
			: parcel_name(summary, length, PQgetvalue(issuing->parcel, 0, PARCEL),
				      content);

	return name != NULL && display_name_is_plain(name) ? g_steal_pointer(&name) : NULL;
}

static bool
issue_key(struct issuing *issuing, int row, struct parcel_access *access, struct notice_code *code,
	  struct fault *fault)
{
	struct seal_key content;
	bool done;

	*code = (struct notice_code){.recipient = PQgetvalue(issuing->keys, row, RECIPIENT),
				     .way = NOTICE_SIGNIN,
				     .lapsed = result_text(issuing->keys, row, LAPSED)};
	if (!open_box(issuing, issuing->keys, row, BOXED, &content))
		return fault_set(
			fault, FAULT_CRYPTO,
			"opening the key of a parcel: it was sealed to another courier key");
	if (row == 0)
		issuing->notice.name = issuing->name = name_of_sender(issuing, &content);
	if (result_flag(issuing->keys, row, IS_TRUSTED))
		done = seal_for_account(issuing, row, &content, fault);
	else
		done = lock_and_tell(issuing, row, &content, access, code, fault);
	sodium_memzero(&content, sizeof content);
	return done;
}

/* --- the parcel --- */

static bool
make_page(struct issuing *issuing, struct fault *fault)
{
	struct page_owner owner = {.message = issuing->notice.message,
				   .sender = issuing->notice.sender};
	g_autofree unsigned char *boxed =
		result_bytes(issuing->parcel, 0, TRACK, &owner.boxed_length);

	owner.boxed = boxed;
	return page_secret(issuing->issuer, issuing->notice.connection, &owner, issuing->track,
			   fault);
}

static void
find_phone(struct issuing *issuing)
{
	struct seal_key phone;

	/* If there are several codes, the number does not say whose. */
	if (PQntuples(issuing->keys) == 1 && *issuing->issuer->settings->sms != '\0' &&
	    !PQgetisnull(issuing->parcel, 0, PHONE) &&
	    open_box(issuing, issuing->parcel, 0, PHONE, &phone))
		g_strlcpy(issuing->phone, (const char *)phone.bytes, sizeof issuing->phone);
}

static bool
mark_issued(const struct issuing *issuing, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, PQgetvalue(issuing->parcel, 0, PARCEL));
	return batch_add(issuing->notice.connection, &parcel_issued, &parameters, fault);
}

/* In the mode that reports only problems, a sender who needs no code is told only of keys that have
 * lapsed. */
static bool
tell_sender(const struct issuing *issuing, const struct notice_code *codes, size_t count,
	    struct fault *fault)
{
	const struct notice_codes all = {.codes = codes,
					 .count = count,
					 .references = result_text(issuing->parcel, 0, MESSAGE_ID),
					 .language = sender_language(issuing),
					 .track = issuing->track};
	bool wanted = issuing->issuer->settings->receipts == RECEIPTS_AT_ONCE;

	for (size_t i = 0; i < count; i++)
		wanted = wanted || codes[i].code != NULL || codes[i].lapsed != NULL;
	return count == 0 || !wanted || notice_codes(&issuing->notice, &all, fault);
}

/* All recipients of a parcel, then one mail with all codes for the sender. */
static bool
issue_keys(struct issuing *issuing, struct fault *fault)
{
	int count = PQntuples(issuing->keys);
	g_autofree struct parcel_access *access = g_new0(struct parcel_access, count);
	g_autofree struct notice_code *codes = g_new0(struct notice_code, count);
	bool done = batch_begin(issuing->notice.connection, fault) && make_page(issuing, fault) &&
		    mark_issued(issuing, fault);

	for (int row = 0; row < count && done; row++)
		done = issue_key(issuing, row, &access[row], &codes[row], fault);
	done = done && tell_sender(issuing, codes, (size_t)count, fault) &&
	       batch_end_transaction(issuing->notice.connection, fault);
	crash_point("courier-before-issue");
	done = done && batch_commit(issuing->notice.connection, fault);
	sodium_memzero(access, (size_t)count * sizeof *access);
	return done;
}

static bool
issue_parcel(const struct issuer *issuer, struct connection *connection, const PGresult *parcel,
	     struct fault *fault)
{
	struct issuing issuing = {.issuer = issuer,
				  .parcel = parcel,
				  .notice = {.settings = issuer->settings,
					     .courier = ring_sealing(issuer->ring),
					     .connection = connection,
					     .message = PQgetvalue(parcel, 0, MESSAGE),
					     .sender = PQgetvalue(parcel, 0, SENDER),
					     .smtputf8 = result_flag(parcel, 0, SMTPUTF8)}};
	g_autofree char *author = address_fold(issuing.notice.sender);
	g_autofree char *deputy = NULL;
	struct parameters parameters = {0};
	g_autoptr(PGresult) keys = NULL;
	bool done;

	parameters_text(&parameters, PQgetvalue(parcel, 0, PARCEL));
	parameters_text(&parameters, author);
	if (!connection_execute(connection, &keys_waiting, &parameters, &keys, fault) ||
	    !deputy_find(connection, author, &deputy, fault))
		return false;
	issuing.keys = keys;
	issuing.notice.deputy = deputy;
	issuing.notice.smtputf8 |= deputy != NULL && !g_str_is_ascii(deputy);
	find_phone(&issuing);
	done = issue_keys(&issuing, fault);
	sodium_memzero(issuing.phone, sizeof issuing.phone);
	sodium_memzero(issuing.track, sizeof issuing.track);
	g_free(issuing.name);
	if (!done)
		return fault_within(fault, "creating links and codes for the message %s",
				    issuing.notice.message);
	log_info("links and codes created: message=%s, from=<%s>, nrcpt=%d", issuing.notice.message,
		 issuing.notice.sender, PQntuples(keys));
	return true;
}

/* A parcel that cannot be opened must not delay the others, nor take a link from its recipient that
 * works. */
static bool
put_off(const struct issuer *issuer, const char *parcel, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuer->database, fault);
	struct parameters parameters = {0};

	parameters_text(&parameters, parcel);
	return connection != NULL &&
	       connection_execute(connection, &parcel_later, &parameters, NULL, fault);
}

static bool
try_parcel(const struct issuer *issuer, struct connection *connection, bool *issued_r,
	   char **parcel_r, struct fault *fault)
{
	g_autoptr(PGresult) parcel = NULL;

	if (!transaction_begin(connection, fault) ||
	    !connection_execute(connection, &parcel_waiting, NULL, &parcel, fault))
		return false;
	*issued_r = PQntuples(parcel) > 0;
	if (!*issued_r)
		return transaction_commit(connection, fault);
	*parcel_r = g_strdup(PQgetvalue(parcel, 0, 0));
	return issue_parcel(issuer, connection, parcel, fault);
}

bool
issue_one(const struct issuer *issuer, bool *issued_r, struct fault *fault)
{
	g_autofree char *parcel = NULL;
	struct connection *connection = database_take(issuer->database, fault);
	bool done;

	*issued_r = false;
	if (connection == NULL)
		return false;
	done = try_parcel(issuer, connection, issued_r, &parcel, fault);
	connection_give(connection); /* which ends the transaction if it has not been committed */
	if (done || parcel == NULL || fault->cause != FAULT_CRYPTO)
		return done;
	log_error(
		"%s; a link that was to be replaced works again, and anything else is tried again in five minutes",
		fault->text);
	return put_off(issuer, parcel, fault);
}
