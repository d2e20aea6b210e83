#include "delivery/outbox/decided.h"

static const struct statement put = {
	"decided_put",
	"insert into postseal.decided (imprint, address, kind, verified, until, copy) "
	"values ($1, $2, $3, $4, now() + $5 * interval '1 second', $6)",
	.repeats = true};

/* If the same letter was sent twice, that which the MTA still has comes first. */
static const struct statement find = {
	"decided_find",
	"select d.address, d.kind, d.verified, c.id, c.message "
	"from postseal.decided d left join postseal.copy c on c.id = d.copy where d.imprint = $1 and d.until > now() "
	"order by c.state is distinct from 'handed', d.until"};
enum { ADDRESS, KIND, VERIFIED, COPY, MESSAGE };

bool
decided_note(struct connection *connection, const unsigned char imprint[IMPRINT_BYTES],
	     const struct decided *decided, uint64_t lifetime, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_bytes(&parameters, imprint, IMPRINT_BYTES);
	parameters_text(&parameters, decided->address);
	parameters_text(&parameters, decided->kind);
	parameters_flag(&parameters, decided->verified);
	parameters_number(&parameters, (int64_t)lifetime);
	parameters_text(&parameters, decided->copy);
	return batch_add(connection, &put, &parameters, fault);
}

static void
decided_free(struct decided *decided)
{
	g_free(decided->address);
	g_free(decided->kind);
	g_free(decided->copy);
	g_free(decided->message);
	g_free(decided);
}

GPtrArray *
decided_find(struct connection *connection, const unsigned char imprint[IMPRINT_BYTES],
	     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GPtrArray *found;

	parameters_bytes(&parameters, imprint, IMPRINT_BYTES);
	if (!connection_execute(connection, &find, &parameters, &result, fault))
		return NULL;
	found = g_ptr_array_new_with_free_func((GDestroyNotify)decided_free);
	for (int row = 0; row < PQntuples(result); row++) {
		struct decided *decided = g_new0(struct decided, 1);

		decided->address = g_strdup(PQgetvalue(result, row, ADDRESS));
		decided->kind = g_strdup(PQgetvalue(result, row, KIND));
		decided->verified = result_flag(result, row, VERIFIED);
		decided->copy = g_strdup(result_text(result, row, COPY));
		decided->message = g_strdup(result_text(result, row, MESSAGE));
		g_ptr_array_add(found, decided);
	}
	return found;
}
