#include "delivery/issue.h"

#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "delivery/notice.h"
#include "delivery/parcel.h"

static const struct statement begin = {"issue_begin", "begin"};
static const struct statement commit = {"issue_commit", "commit"};

static const struct statement parcel_waiting = {
	"issue_parcel",
	"select p.id, p.message, p.sender, p.smtputf8, m.message_id from postseal.parcel p"
	" join postseal.message m on m.id = p.message "
	"where p.issued_at is null and p.issue_at <= now()"
	" order by p.issue_at limit 1 for update of p skip locked"};

static const struct statement parcel_later = {
	"issue_later", "update postseal.parcel set issue_at = now() + interval '5 minutes' where id = $1"};

static const struct statement parcel_issued = {
	"issue_parcel_done", "update postseal.parcel set issued_at = now() where id = $1"};

static const struct statement keys_waiting = {
	"issue_keys",
	"select k.id, k.copy, k.boxed, c.recipient, k.notify, k.orcpt,"
	" greatest(1, extract(epoch from k.expires_at - now()))::bigint "
	"from postseal.parcel_key k join postseal.copy c on c.id = k.copy "
	"where k.parcel = $1 and k.boxed is not null order by k.id"};

static const struct statement key_issued = {
	"issue_key",
	"update postseal.parcel_key set link_hash = $2, salt = $3, wrapped = $4, boxed = null where id = $1"};

/* Opens the box, makes link and code, and wraps the key anew. */
static bool
give_access(const struct issuer *issuer, struct connection *connection, const PGresult *keys, int row,
	    struct parcel_access *access, struct fault *fault)
{
	const char *id = PQgetvalue(keys, row, 0);
	size_t length;
	g_autofree unsigned char *boxed = result_bytes(keys, row, 2, &length);
	struct parcel_lock lock;
	struct parameters parameters = {0};
	struct seal_key content;
	bool made;

	if (!seal_unbox(&content, boxed, length, issuer->public_key, issuer->private_key))
		return fault_set(fault, FAULT_CRYPTO,
				 "opening the key of a parcel: it was boxed for another courier key");
	made = parcel_make_access(id, &content, access, &lock, fault);
	sodium_memzero(&content, sizeof content);
	parameters_text(&parameters, id);
	parameters_bytes(&parameters, lock.link_hash, sizeof lock.link_hash);
	parameters_bytes(&parameters, lock.salt, sizeof lock.salt);
	parameters_bytes(&parameters, lock.wrapped, sizeof lock.wrapped);
	return made && batch_add(connection, &key_issued, &parameters, fault);
}

static bool
issue_key(const struct issuer *issuer, const struct notice *notice, const PGresult *keys, int row,
	  struct parcel_access *access, struct fault *fault)
{
	const struct notice_recipient recipient = {.address = PQgetvalue(keys, row, 3),
						   .notify = result_text(keys, row, 4),
						   .orcpt = result_text(keys, row, 5),
						   .copy = PQgetvalue(keys, row, 1)};

	return give_access(issuer, notice->connection, keys, row, access, fault) &&
	       notice_link(notice, &recipient, access->link, (uint64_t)result_number(keys, row, 6), fault);
}

/* All recipients of a parcel, then one mail with all codes for the sender. */
static bool
issue_keys(const struct issuer *issuer, const struct notice *notice, const PGresult *keys,
	   const char *references, struct fault *fault)
{
	int count = PQntuples(keys);
	g_autofree struct parcel_access *access = g_new0(struct parcel_access, count);
	g_autofree struct notice_code *codes = g_new(struct notice_code, count);
	bool done = batch_begin(notice->connection, fault);

	for (int row = 0; row < count && done; row++) {
		codes[row] = (struct notice_code){PQgetvalue(keys, row, 3), access[row].code.shown};
		done = issue_key(issuer, notice, keys, row, &access[row], fault);
	}
	done = done && notice_codes(notice, codes, (size_t)count, references, fault) &&
	       batch_commit(notice->connection, fault);
	sodium_memzero(access, (size_t)count * sizeof *access);
	return done;
}

static bool
issue_parcel(const struct issuer *issuer, struct connection *connection, const PGresult *parcel,
	     struct fault *fault)
{
	const struct notice notice = {.settings = issuer->settings,
				      .courier = issuer->public_key,
				      .connection = connection,
				      .message = PQgetvalue(parcel, 0, 1),
				      .sender = PQgetvalue(parcel, 0, 2),
				      .smtputf8 = result_flag(parcel, 0, 3)};
	struct parameters parameters = {0};
	g_autoptr(PGresult) keys = NULL;

	parameters_text(&parameters, PQgetvalue(parcel, 0, 0));
	if (!connection_execute(connection, &keys_waiting, &parameters, &keys, fault) ||
	    !issue_keys(issuer, &notice, keys, result_text(parcel, 0, 4), fault) ||
	    !connection_execute(connection, &parcel_issued, &parameters, NULL, fault))
		return fault_within(fault, "making links and codes for the message %s", notice.message);
	crash_point("courier-before-issue");
	if (!connection_execute(connection, &commit, NULL, NULL, fault))
		return false;
	log_info("links and codes made: message=%s, from=<%s>, nrcpt=%d", notice.message, notice.sender,
		 PQntuples(keys));
	return true;
}

/* One that cannot be opened must not keep the others waiting. */
static bool
put_off(const struct issuer *issuer, const char *parcel, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuer->database, fault);
	struct parameters parameters = {0};

	parameters_text(&parameters, parcel);
	return connection != NULL && connection_execute(connection, &parcel_later, &parameters, NULL, fault);
}

static bool
try_parcel(const struct issuer *issuer, struct connection *connection, bool *issued_r, char **parcel_r,
	   struct fault *fault)
{
	g_autoptr(PGresult) parcel = NULL;

	if (!connection_execute(connection, &begin, NULL, NULL, fault) ||
	    !connection_execute(connection, &parcel_waiting, NULL, &parcel, fault))
		return false;
	*issued_r = PQntuples(parcel) > 0;
	if (!*issued_r)
		return connection_execute(connection, &commit, NULL, NULL, fault);
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
	connection_give(connection); /* which ends the transaction where it was not committed */
	if (done || parcel == NULL || fault->cause != FAULT_CRYPTO)
		return done;
	log_error("%s; it is tried again in five minutes", fault->text);
	return put_off(issuer, parcel, fault);
}
