#include "delivery/parcel/parcel.h"

#include <string.h>

#include "core/seal/marked.h"

enum { LINE_CHARACTERS = 200, FILES_MAX = 50 };

static const struct statement parcel_put = {
	"parcel_put",
	"insert into postseal.parcel (id, message, sender, header, size, smtputf8, summary, language, receipt, phone,"
	" sent_by_sender, public_key, files_added, issued_at)"
	" values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, case when $13::boolean then 0 end, case when $2::uuid is null then now() end)",
	.repeats = true};

static const struct statement parcel_put_chunk = {
	"parcel_put_chunk",
	"insert into postseal.parcel_chunk (parcel, number, content) values ($1, $2, $3)",
	.repeats = true};

static const struct statement parcel_put_key = {
	"parcel_put_key",
	"insert into postseal.parcel_key (id, parcel, copy, notify, orcpt, boxed, expires_at) "
	"values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')",
	.repeats = true};

static const struct statement parcel_by_link = {
	"parcel_by_link",
	"select k.id, k.parcel, k.copy, p.sender, c.recipient, k.salt, k.wrapped, k.tries,"
	" k.locked_at is not null, p.message, p.receipt "
	"from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel"
	" join postseal.copy c on c.id = k.copy "
	"where k.link_hash = $1 and k.issued_at is not null and k.wrapped is not null and k.expires_at > now()"};

static const struct statement link_gone = {"parcel_link_gone", "select postseal.link_gone($1)"};

static const struct statement key_gone = {"parcel_key_gone", "select postseal.key_gone($1, $2)"};

/* --- writing --- */

static bool
store_chunk(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	struct parcel_writer *writer = context;
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->id.text);
	parameters_number(&parameters, number);
	parameters_bytes(&parameters, sealed, length);
	return batch_add(writer->connection, &parcel_put_chunk, &parameters, fault);
}

/* Long texts are cut: this is one line in a list. */
static json_t *
line_of(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	g_autofree char *line =
		g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), LINE_CHARACTERS));

	return json_string(line);
}

static json_t *
lines_of(const GPtrArray *texts)
{
	json_t *lines = json_array();

	for (guint i = 0; texts != NULL && i < texts->len && i < FILES_MAX; i++)
		json_array_append_new(lines, line_of(g_ptr_array_index(texts, i)));
	return lines;
}

/* Sealed like the message but separately: a list is shown without opening its messages. */
static unsigned char *
make_summary(const struct parcel_writer *writer, const struct parcel_settings *settings,
	     size_t *length_r)
{
	g_autoptr(json_t) json =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "subject", line_of(settings->subject),
			  "from", line_of(settings->from), "name", line_of(settings->name), "to",
			  line_of(settings->to), "files", lines_of(settings->files), "beside",
			  lines_of(settings->beside));
	g_autofree char *text = json_dumps(json, JSON_COMPACT);

	return seal_bytes(text, strlen(text), &writer->content, writer->id.text, length_r);
}

static char *
summary_line(const char *name, const unsigned char *summary, size_t length, const char *parcel,
	     const struct seal_key *content)
{
	size_t opened_length;
	g_autofree unsigned char *opened =
		seal_open_bytes(summary, length, content, parcel, &opened_length);
	g_autoptr(json_t) json =
		opened == NULL ? NULL : json_loadb((char *)opened, opened_length, 0, NULL);

	return g_strdup(json_string_value(json_object_get(json, name)));
}

char *
parcel_subject(const unsigned char *summary, size_t length, const char *parcel,
	       const struct seal_key *content)
{
	return summary_line("subject", summary, length, parcel, content);
}

char *
parcel_name(const unsigned char *summary, size_t length, const char *parcel,
	    const struct seal_key *content)
{
	return summary_line("name", summary, length, parcel, content);
}

/* Only the courier needs it. Its length is fixed, so that the length reveals nothing. */
static bool
box_phone(unsigned char boxed_r[SEAL_MARKED_BOX_BYTES], const struct parcel_settings *settings,
	  struct fault *fault)
{
	struct seal_key phone = {0};

	g_strlcpy((char *)phone.bytes, settings->phone, sizeof phone.bytes);
	return seal_marked_box(boxed_r, &phone, settings->courier, fault);
}

bool
parcel_begin(struct parcel_writer *writer, struct connection *connection,
	     const struct parcel_settings *settings, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char header[SEALING_HEADER_BYTES], phone[SEAL_MARKED_BOX_BYTES];
	g_autofree unsigned char *summary = NULL;
	struct seal_key public_key;
	size_t length;

	*writer = (struct parcel_writer){.connection = connection};
	identifier_make(&writer->id);
	randombytes_buf(writer->content.bytes, SEAL_KEY_BYTES);
	sealing_sink_init(&writer->sealing, &writer->content, writer->id.text, header, store_chunk,
			  writer);
	parameters_text(&parameters, writer->id.text);
	parameters_text(&parameters, settings->message);
	parameters_text(&parameters, settings->sender);
	parameters_bytes(&parameters, header, sizeof header);
	parameters_number(&parameters, (int64_t)settings->size);
	parameters_flag(&parameters, settings->smtputf8);
	summary = make_summary(writer, settings, &length);
	parameters_bytes(&parameters, summary, length);
	parameters_text(&parameters, settings->language);
	parameters_text(&parameters, settings->receipt);
	if (settings->phone == NULL)
		parameters_text(&parameters, NULL);
	else if (box_phone(phone, settings, fault))
		parameters_bytes(&parameters, phone, sizeof phone);
	else
		return false;
	parameters_flag(&parameters, settings->is_by_sender);
	parcel_public_key(&public_key, &writer->content);
	parameters_bytes(&parameters, public_key.bytes, sizeof public_key.bytes);
	parameters_flag(&parameters, settings->takes_files);
	return batch_add(connection, &parcel_put, &parameters, fault);
}

void
parcel_key_pair(struct seal_key *public_r, struct seal_key *private_r,
		const struct seal_key *content)
{
	seal_key_digest(private_r->bytes, content, "postseal parcel key pair");
	crypto_scalarmult_base(public_r->bytes, private_r->bytes);
}

void
parcel_public_key(struct seal_key *public_r, const struct seal_key *content)
{
	struct seal_key private_key;

	parcel_key_pair(public_r, &private_key, content);
	sodium_memzero(&private_key, sizeof private_key);
}

bool
parcel_add_key(struct parcel_writer *writer, const struct parcel_recipient *recipient,
	       const struct seal_key *courier, struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;
	unsigned char boxed[SEAL_MARKED_BOX_BYTES];

	if (!seal_marked_box(boxed, &writer->content, courier, fault))
		return false;
	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, writer->id.text);
	parameters_text(&parameters, recipient->copy);
	parameters_text(&parameters, recipient->notify);
	parameters_text(&parameters, recipient->orcpt);
	parameters_bytes(&parameters, boxed, sizeof boxed);
	parameters_number(&parameters, (int64_t)recipient->lifetime);
	return batch_add(writer->connection, &parcel_put_key, &parameters, fault);
}

bool
parcel_end(struct parcel_writer *writer, struct fault *fault)
{
	return sink_finish(&writer->sealing.sink, fault);
}

void
parcel_clear(struct parcel_writer *writer)
{
	sealing_sink_clear(&writer->sealing);
	sodium_memzero(&writer->content, sizeof writer->content);
}

/* --- link and code --- */

static const char link_purpose[] = "postseal link";

bool
parcel_make_access(const char *id, const struct seal_key *content, struct parcel_access *access_r,
		   struct parcel_lock *lock_r, struct fault *fault)
{
	struct seal_key secret, wrapping;
	bool derived;

	randombytes_buf(secret.bytes, sizeof secret.bytes);
	randombytes_buf(lock_r->salt, sizeof lock_r->salt);
	code_make(&access_r->code);
	seal_key_show(access_r->link, &secret);
	seal_key_digest(lock_r->link_hash, &secret, link_purpose);
	derived = seal_derive(&wrapping, &secret, access_r->code.symbols, lock_r->salt, fault);
	if (derived)
		seal_wrap(lock_r->wrapped, content, &wrapping, id);
	sodium_memzero(&secret, sizeof secret);
	sodium_memzero(&wrapping, sizeof wrapping);
	return derived;
}

/* --- opening --- */

bool
parcel_link_hash(const char *link, unsigned char hash_r[SEAL_DIGEST_BYTES])
{
	return seal_text_digest(hash_r, link, link_purpose);
}

/* Copies a bytea, which must have the expected length. */
static bool
take_bytes(const PGresult *result, int column, unsigned char *bytes_r, size_t wanted)
{
	size_t length;
	g_autofree unsigned char *bytes = result_bytes(result, 0, column, &length);

	if (length != wanted)
		return false;
	memcpy(bytes_r, bytes, wanted);
	return true;
}

bool
parcel_find(struct connection *connection, const char *link, struct parcel_key *key_r,
	    bool *found_r, struct fault *fault)
{
	unsigned char hash[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*found_r = false;
	*key_r = (struct parcel_key){0};
	if (!parcel_link_hash(link, hash))
		return true;
	parameters_bytes(&parameters, hash, sizeof hash);
	if (!connection_execute(connection, &parcel_by_link, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	if (!identifier_parse(&key_r->id, PQgetvalue(result, 0, 0)) ||
	    !identifier_parse(&key_r->parcel, PQgetvalue(result, 0, 1)) ||
	    !identifier_parse(&key_r->copy, PQgetvalue(result, 0, 2)) ||
	    !take_bytes(result, 5, key_r->salt, sizeof key_r->salt) ||
	    !take_bytes(result, 6, key_r->wrapped, sizeof key_r->wrapped))
		return fault_set(fault, FAULT_BUG,
				 "reading the key of a parcel: its row is damaged");
	key_r->sender = g_strdup(PQgetvalue(result, 0, 3));
	key_r->recipient = g_strdup(PQgetvalue(result, 0, 4));
	key_r->tries = (unsigned)result_number(result, 0, 7);
	key_r->locked = result_flag(result, 0, 8);
	key_r->message = g_strdup(PQgetvalue(result, 0, 9));
	key_r->receipt = g_strdup(result_text(result, 0, 10));
	*found_r = true;
	return true;
}

static enum parcel_gone
gone_of(const PGresult *result)
{
	static const char *const words[] = {[PARCEL_RECALLED] = "recalled",
					    [PARCEL_EXPIRED] = "expired",
					    [PARCEL_DELETED] = "deleted",
					    [PARCEL_LINK_REPLACED] = "replaced",
					    [PARCEL_LOST] = "lost"};
	const char *word = result_text(result, 0, 0);

	for (size_t i = PARCEL_RECALLED; word != NULL && i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i], word) == 0)
			return (enum parcel_gone)i;
	return PARCEL_NOT_GONE;
}

bool
parcel_find_gone_key(struct connection *connection, const char *id, const char *account,
		     enum parcel_gone *gone_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, id);
	parameters_text(&parameters, account);
	if (!connection_execute(connection, &key_gone, &parameters, &result, fault))
		return false;
	*gone_r = gone_of(result);
	return true;
}

bool
parcel_find_gone(struct connection *connection, const char *link, enum parcel_gone *gone_r,
		 struct fault *fault)
{
	unsigned char hash[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*gone_r = PARCEL_NOT_GONE;
	if (!parcel_link_hash(link, hash))
		return true;
	parameters_bytes(&parameters, hash, sizeof hash);
	if (!connection_execute(connection, &link_gone, &parameters, &result, fault))
		return false;
	*gone_r = gone_of(result);
	return true;
}

void
parcel_key_clear(struct parcel_key *key)
{
	g_clear_pointer(&key->sender, g_free);
	g_clear_pointer(&key->recipient, g_free);
	g_clear_pointer(&key->message, g_free);
	g_clear_pointer(&key->receipt, g_free);
}

bool
parcel_unlock(const struct parcel_key *key, const char *link, const struct code *code,
	      struct seal_key *content_r, bool *opened_r, struct fault *fault)
{
	struct seal_key secret, wrapping;
	bool derived;

	*opened_r = false;
	if (!seal_key_read(&secret, link))
		return true;
	derived = seal_derive(&wrapping, &secret, code->symbols, key->salt, fault);
	sodium_memzero(&secret, sizeof secret);
	if (!derived)
		return false;
	*opened_r =
		seal_unwrap(content_r, key->wrapped, sizeof key->wrapped, &wrapping, key->id.text);
	sodium_memzero(&wrapping, sizeof wrapping);
	return true;
}
