#include "delivery/approval/approval.h"

#include <string.h>

#include "core/address.h"
#include "core/seal/marked.h"
#include "core/seal/stored_content.h"
#include "mail/message_sink.h"

static const char purpose[] = "postseal approval";

static const struct statement approval_put = {
	"approval_put",
	"insert into postseal.approval (id, message, sender, ret, envid, smtputf8, authenticated, client, outside_client,"
	" approved, rule, reason, officers, key, header, expires_at) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::inet, array_remove(string_to_array($10, chr(10)), ''), $11, $12, $13,"
	" $14, $15, now() + $16 * interval '1 second')",
	.repeats = true};

static const struct statement approval_put_copy = {
	"approval_put_copy",
	"insert into postseal.approval_copy (approval, number, copy, path, address, notify, orcpt) "
	"values ($1, $2, $3, $4, $5, $6, $7)",
	.repeats = true};

static const struct statement approval_put_chunk = {
	"approval_put_chunk",
	"insert into postseal.approval_chunk (approval, number, content) values ($1, $2, $3)",
	.repeats = true};

static const struct statement approval_put_link = {
	"approval_put_link",
	"insert into postseal.approval_link (digest, approval, person, is_sender) values ($1, $2, $3, $4)",
	.repeats = true};

/* --- holding --- */

static bool
store_chunk(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	struct approval_writer *writer = context;
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->id.text);
	parameters_number(&parameters, number);
	parameters_bytes(&parameters, sealed, length);
	return batch_add(writer->connection, &approval_put_chunk, &parameters, fault);
}

static bool
put(struct approval_writer *writer, const struct approval_settings *settings,
    const unsigned char *key, size_t key_length, const unsigned char header[SEALING_HEADER_BYTES],
    struct fault *fault)
{
	const struct message *message = settings->message;
	/* A rule's text is a single line. */
	g_autofree char *approved = settings->approved == NULL
					    ? g_strdup("")
					    : g_strjoinv("\n", (char **)settings->approved);
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->id.text);
	parameters_text(&parameters, settings->record);
	parameters_text(&parameters, message->sender);
	parameters_text(&parameters, message->ret);
	parameters_text(&parameters, message->envid);
	parameters_flag(&parameters, message->smtputf8);
	parameters_text(&parameters, message->authenticated);
	parameters_text(&parameters, message->client);
	parameters_text(&parameters, settings->outside_client);
	parameters_text(&parameters, approved);
	parameters_text(&parameters, settings->rule);
	parameters_text(&parameters, settings->hold->reason);
	parameters_text(&parameters, settings->hold->officers);
	parameters_bytes(&parameters, key, key_length);
	parameters_bytes(&parameters, header, SEALING_HEADER_BYTES);
	parameters_number(&parameters, (int64_t)settings->lifetime);
	return batch_add(writer->connection, &approval_put, &parameters, fault);
}

bool
approval_begin(struct approval_writer *writer, struct connection *connection,
	       const struct approval_settings *settings, struct fault *fault)
{
	unsigned char header[SEALING_HEADER_BYTES];
	g_autofree unsigned char *key = NULL;
	struct seal_key content;
	size_t length;

	*writer = (struct approval_writer){.connection = connection};
	identifier_make(&writer->id);
	randombytes_buf(content.bytes, sizeof content.bytes);
	sealing_sink_init(&writer->sealing, &content, writer->id.text, header, store_chunk, writer);
	key = seal_marked_bytes(content.bytes, sizeof content.bytes, settings->key, writer->id.text,
				&length);
	sodium_memzero(&content, sizeof content);
	return put(writer, settings, key, length, header, fault);
}

bool
approval_add_recipient(struct approval_writer *writer, const struct recipient *recipient,
		       const char *copy, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->id.text);
	parameters_number(&parameters, writer->recipients++);
	parameters_text(&parameters, copy);
	parameters_text(&parameters, recipient->path);
	parameters_text(&parameters, recipient->address);
	parameters_text(&parameters, recipient->notify);
	parameters_text(&parameters, recipient->orcpt);
	return batch_add(writer->connection, &approval_put_copy, &parameters, fault);
}

bool
approval_add_link(struct approval_writer *writer, const struct settings *settings,
		  const char *person, bool is_sender, char **url_r, struct fault *fault)
{
	struct seal_key token;
	char text[SEAL_KEY_CHARACTERS + 1];
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};

	randombytes_buf(token.bytes, sizeof token.bytes);
	seal_key_show(text, &token);
	seal_key_digest(digest, &token, purpose);
	*url_r = g_strdup_printf("%s/approval/%s", settings->portal_url, text);
	sodium_memzero(&token, sizeof token);
	sodium_memzero(text, sizeof text);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_text(&parameters, writer->id.text);
	parameters_text(&parameters, person);
	parameters_flag(&parameters, is_sender);
	return batch_add(writer->connection, &approval_put_link, &parameters, fault);
}

bool
approval_write(struct approval_writer *writer, const struct message *message, struct fault *fault)
{
	struct sink *sink = &writer->sealing.sink;

	for (guint i = 0; i < message->fields->len; i++)
		if (!field_write(g_ptr_array_index(message->fields, i), sink, fault))
			return false;
	return sink_write(sink, "\r\n", 2, fault) && spool_copy(message->body, 0, sink, fault) &&
	       sink_finish(sink, fault);
}

void
approval_clear(struct approval_writer *writer)
{
	sealing_sink_clear(&writer->sealing);
}

bool
approval_link_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES])
{
	return seal_text_digest(digest_r, token, purpose);
}

/* --- releasing --- */

/* A milter that dies meanwhile holds it up for as long as that. */
static const struct statement take = {
	"approval_take",
	"with due as (select id from postseal.approval where decision = 'released' and done_at is null and next_attempt_at <= now()"
	"  order by next_attempt_at limit 1 for update skip locked) "
	"update postseal.approval a set next_attempt_at = now() + interval '30 seconds',"
	" trouble = coalesce(trouble, 'no milter has finished with it') from due d where a.id = d.id "
	"returning a.id, a.message, a.sender, a.ret, a.envid, a.smtputf8, a.authenticated, a.client, host(a.outside_client),"
	" array_to_string(a.approved || a.rule, chr(10)), a.key, a.header, a.decided_by,"
	" (select max(c.offer) + 1 from postseal.copy c where c.message = a.message)"};
enum {
	ID,
	RECORD,
	SENDER,
	RET,
	ENVID,
	SMTPUTF8,
	AUTHENTICATED,
	CLIENT,
	OUTSIDE_CLIENT,
	APPROVED,
	KEY,
	HEADER,
	BY,
	OFFER
};

static const struct statement take_copies = {
	"approval_copies",
	"select path, address, notify, orcpt from postseal.approval_copy where approval = $1 order by number"};
enum { PATH, ADDRESS, NOTIFY, ORCPT };

static const struct statement take_chunks = {
	"approval_chunks",
	"select content from postseal.approval_chunk where approval = $1 and number >= $2 order by number",
	true};

static const struct statement done = {"approval_done", "select postseal.approval_done($1)"};

static const struct statement put_off = {
	"approval_put_off",
	"update postseal.approval set trouble = $2, next_attempt_at = now() + interval '1 minute' "
	"where id = $1 and done_at is null"};

void
approval_free(struct approval *approval)
{
	if (approval == NULL)
		return;
	g_free(approval->outside_client);
	g_free(approval->by);
	g_strfreev(approval->approved);
	message_free(approval->message);
	g_free(approval);
}

/* The addresses were parsed when the MTA gave them. */
static void
set_envelope(struct message *message, const PGresult *row)
{
	message->sender = g_strdup(PQgetvalue(row, 0, SENDER));
	message->sender_folded = address_fold(message->sender);
	message->ret = g_strdup(result_text(row, 0, RET));
	message->envid = g_strdup(result_text(row, 0, ENVID));
	message->smtputf8 = result_flag(row, 0, SMTPUTF8);
	message->authenticated = g_strdup(result_text(row, 0, AUTHENTICATED));
	message->client = g_strdup(result_text(row, 0, CLIENT));
}

static bool
add_recipients(const struct approval *approval, struct connection *connection, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) rows = NULL;

	parameters_text(&parameters, approval->id.text);
	if (!connection_execute(connection, &take_copies, &parameters, &rows, fault))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		struct recipient *recipient = g_new0(struct recipient, 1);

		recipient->path = g_strdup(PQgetvalue(rows, i, PATH));
		recipient->address = g_strdup(PQgetvalue(rows, i, ADDRESS));
		recipient->folded = address_fold(recipient->address);
		recipient->notify = g_strdup(result_text(rows, i, NOTIFY));
		recipient->orcpt = g_strdup(result_text(rows, i, ORCPT));
		g_ptr_array_add(approval->message->recipients, recipient);
	}
	return true;
}

static bool
open_key(struct ring *login, const PGresult *row, struct seal_key *content_r, struct fault *fault)
{
	size_t sealed_length, length = 0;
	g_autofree unsigned char *sealed = result_bytes(row, 0, KEY, &sealed_length);
	g_autofree unsigned char *key =
		ring_open(login, sealed, sealed_length, PQgetvalue(row, 0, ID), &length);

	if (key == NULL || length != sizeof content_r->bytes)
		return fault_set(fault, FAULT_CRYPTO,
				 "opening the message: it was sealed with another login.key");
	memcpy(content_r->bytes, key, sizeof content_r->bytes);
	sodium_memzero(key, length);
	return true;
}

static bool
read_content(const struct approval *approval, struct connection *connection, struct ring *login,
	     const PGresult *row, struct fault *fault)
{
	size_t header_length;
	g_autofree unsigned char *header = result_bytes(row, 0, HEADER, &header_length);
	const struct stream stream = {
		.owner = approval->id.text, .header = header, .header_length = header_length};
	struct message_sink sink;
	struct seal_key content;
	bool good;

	if (!open_key(login, row, &content, fault))
		return false;
	message_sink_init(&sink, approval->message);
	good = stream_read(&stream, connection, &take_chunks, &content, &sink.sink, fault) &&
	       sink_finish(&sink.sink, fault);
	message_sink_clear(&sink);
	sodium_memzero(&content, sizeof content);
	return good;
}

static struct approval *
approval_of(const PGresult *row, const struct spool_settings *spool)
{
	struct approval *approval = g_new0(struct approval, 1);

	if (!identifier_parse(&approval->id, PQgetvalue(row, 0, ID)) ||
	    !identifier_parse(&approval->record, PQgetvalue(row, 0, RECORD)))
		g_assert_not_reached(); /* they come from uuid columns */
	approval->offer = (unsigned)result_number(row, 0, OFFER);
	approval->outside_client = g_strdup(result_text(row, 0, OUTSIDE_CLIENT));
	approval->by = g_strdup(PQgetvalue(row, 0, BY));
	approval->approved = g_strsplit(PQgetvalue(row, 0, APPROVED), "\n", -1);
	approval->message = message_new(spool);
	set_envelope(approval->message, row);
	return approval;
}

bool
approval_take(struct database *database, struct ring *login, const struct spool_settings *spool,
	      struct approval **approval_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autoptr(approval_auto) approval = NULL;
	g_autoptr(PGresult) row = NULL;
	struct fault ignored;

	*approval_r = NULL;
	if (connection == NULL || !connection_execute(connection, &take, NULL, &row, fault))
		return false;
	if (PQntuples(row) == 0)
		return true;
	approval = approval_of(row, spool);
	if (!add_recipients(approval, connection, fault) ||
	    !read_content(approval, connection, login, row, fault)) {
		fault_within(fault, "reading the message %s, which was approved",
			     approval->record.text);
		approval_put_off(database, approval->id.text, fault->text, &ignored);
		return false;
	}
	*approval_r = g_steal_pointer(&approval);
	return true;
}

bool
approval_done(struct connection *connection, const char *approval, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, approval);
	return batch_add(connection, &done, &parameters, fault);
}

bool
approval_put_off(struct database *database, const char *approval, const char *why,
		 struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	struct parameters parameters = {0};

	parameters_text(&parameters, approval);
	parameters_text(&parameters, why);
	return connection != NULL &&
	       connection_execute(connection, &put_off, &parameters, NULL, fault);
}
