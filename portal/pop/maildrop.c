#include "portal/pop/maildrop.h"

#include "core/seal/content.h"

/* All chunks of a message are full but the last (core/seal/content.h), so that its size is known
 * without reading it. $2 and $3: bytes of a full chunk, and what sealing adds to one. */
static const struct statement list_all = {
	"maildrop",
	"with page as materialized (select id, parcel from postseal.parcel_key"
	" where account = $1 and folder = 'inbox' and expires_at > now() order by id limit $4) "
	"select k.id, last.number::bigint * $2::bigint + octet_length(last.content) - $3::bigint from page k"
	" cross join lateral (select c.number, c.content from postseal.parcel_chunk c"
	"  where c.parcel = k.parcel order by c.number desc limit 1) last "
	"order by k.id"};

bool
maildrop_read(struct connection *connection, const struct account *account,
	      struct maildrop *maildrop_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	maildrop_r->messages = g_array_new(FALSE, TRUE, sizeof(struct maildrop_message));
	parameters_text(&parameters, account->id.text);
	parameters_number(&parameters, SEALING_CHUNK_BYTES);
	parameters_number(&parameters, SEALING_CHUNK_OVERHEAD);
	parameters_number(&parameters, MAILDROP_MAX);
	if (!connection_execute(connection, &list_all, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		struct maildrop_message message = {.size = (uint64_t)result_number(result, row, 1)};

		if (identifier_parse(&message.id, PQgetvalue(result, row, 0)))
			g_array_append_val(maildrop_r->messages, message);
	}
	return true;
}

void
maildrop_clear(struct maildrop *maildrop)
{
	g_clear_pointer(&maildrop->messages, g_array_unref);
}

struct maildrop_message *
maildrop_find(const struct maildrop *maildrop, unsigned long number)
{
	struct maildrop_message *message;

	if (number == 0 || number > maildrop->messages->len)
		return NULL;
	message = &g_array_index(maildrop->messages, struct maildrop_message, number - 1);
	return message->is_deleted ? NULL : message;
}

void
maildrop_count(const struct maildrop *maildrop, unsigned long *count_r, uint64_t *bytes_r)
{
	*count_r = 0;
	*bytes_r = 0;
	for (unsigned long i = 1; i <= maildrop->messages->len; i++) {
		const struct maildrop_message *message = maildrop_find(maildrop, i);

		if (message == NULL)
			continue;
		(*count_r)++;
		*bytes_r += message->size;
	}
}

void
maildrop_restore(struct maildrop *maildrop)
{
	for (guint i = 0; i < maildrop->messages->len; i++)
		g_array_index(maildrop->messages, struct maildrop_message, i).is_deleted = false;
}
