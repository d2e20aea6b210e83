#include "audit/audit.h"

#include <string.h>

static const struct statement policy_put = {
	"audit_policy",
	"insert into postseal.policy_version (digest, content) values ($1, $2) "
	"on conflict do nothing"};

static const struct statement message_put = {
	"audit_message",
	"insert into postseal.message (id, identity, queue_id, authenticated, client, sender,"
	" message_id, size, policy) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};

#define PUT_COPY                                                                                   \
	"insert into postseal.copy (id, message, recipient, address, rule_line, rule, method, reason," \
	" trace, keys, signed_by, state, first_state, first_reason) "                              \
	"values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $8)"

static const struct statement copy_put = {"audit_copy", PUT_COPY};

/* A copy that the MTA is handed again replaces what was said of it before. */
static const struct statement copy_put_again = {
	"audit_copy_again",
	PUT_COPY
	" on conflict (message, address) do update set rule_line = excluded.rule_line,"
	" rule = excluded.rule, method = excluded.method, reason = excluded.reason,"
	" trace = excluded.trace, keys = excluded.keys, signed_by = excluded.signed_by,"
	" state = excluded.state, state_at = now()"};

static const struct statement message_again = {
	"audit_again",
	"update postseal.message set offers = offers + 1, last_offered_at = now() where id = $1"};

static const struct statement event_again = {
	"audit_event_again",
	"insert into postseal.event (message, what, detail) values ($1, 'offered again', $2)"};

/* What is opened, expired or refused already does not move back. */
static const struct statement copy_move = {
	"audit_copy_move",
	"update postseal.copy set state = $2, reason = coalesce($3, reason), state_at = now() "
	"where id = $1 and state in ('queued', 'parked', 'sent', 'opened', 'locked') and state <> $2"};

static const struct statement event_put = {
	"audit_event",
	"insert into postseal.event (message, copy, what, detail) values ($1, $2, $3, $4)"};

static const struct statement earlier_find = {
	"audit_earlier",
	"select m.id, c.address, c.state, c.method, c.id from postseal.message m"
	" left join postseal.copy c on c.message = m.id where m.identity = $1"};

bool
audit_policy(struct connection *connection, const char *digest, const char *text, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, digest);
	parameters_text(&parameters, text);
	return connection_execute(connection, &policy_put, &parameters, NULL, fault);
}

bool
audit_add_message(struct connection *connection, const struct audit_message *message,
		  struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, message->id.text);
	if (message->identity == NULL)
		parameters_text(&parameters, NULL);
	else
		parameters_bytes(&parameters, message->identity, AUDIT_IDENTITY_BYTES);
	parameters_text(&parameters, message->queue_id);
	parameters_text(&parameters, message->authenticated);
	parameters_text(&parameters, message->client);
	parameters_text(&parameters, message->sender);
	parameters_text(&parameters, message->message_id);
	parameters_number(&parameters, (int64_t)message->size);
	parameters_text(&parameters, message->policy);
	return batch_add(connection, &message_put, &parameters, fault);
}

bool
audit_add_copy(struct connection *connection, const struct audit_message *message,
	       const struct audit_copy *copy, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, copy->id.text);
	parameters_text(&parameters, message->id.text);
	parameters_text(&parameters, copy->recipient);
	parameters_text(&parameters, copy->address);
	parameters_number(&parameters, copy->rule_line);
	parameters_text(&parameters, copy->rule);
	parameters_text(&parameters, copy->method);
	parameters_text(&parameters, copy->reason);
	parameters_text(&parameters, copy->trace);
	parameters_text(&parameters, copy->keys);
	parameters_text(&parameters, copy->signed_by);
	parameters_text(&parameters, copy->state);
	return batch_add(connection, copy->is_known ? &copy_put_again : &copy_put, &parameters, fault);
}

bool
audit_offered_again(struct connection *connection, const struct audit_message *message,
		    struct fault *fault)
{
	struct parameters id = {0}, event = {0};

	parameters_text(&id, message->id.text);
	parameters_text(&event, message->id.text);
	parameters_text(&event, message->queue_id);
	return batch_add(connection, &message_again, &id, fault) &&
	       batch_add(connection, &event_again, &event, fault);
}

bool
audit_move_copy(struct connection *connection, const char *copy, const char *state,
		const char *reason, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, copy);
	parameters_text(&parameters, state);
	parameters_text(&parameters, reason);
	return batch_add(connection, &copy_move, &parameters, fault);
}

bool
audit_event(struct connection *connection, const char *message, const char *copy, const char *what,
	    const char *detail, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, message);
	parameters_text(&parameters, copy);
	parameters_text(&parameters, what);
	parameters_text(&parameters, detail);
	return batch_add(connection, &event_put, &parameters, fault);
}

bool
audit_is_known(const struct connection *connection)
{
	return strcmp(connection_sqlstate(connection), "23505") == 0;
}

static void
earlier_free(struct audit_earlier *earlier)
{
	g_free(earlier->address);
	g_free(earlier->state);
	g_free(earlier->method);
	g_free(earlier);
}

bool
audit_find_earlier(struct connection *connection, struct audit_message *message,
		   GPtrArray **earlier_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*earlier_r = NULL;
	parameters_bytes(&parameters, message->identity, AUDIT_IDENTITY_BYTES);
	if (!connection_execute(connection, &earlier_find, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	if (!identifier_parse(&message->id, PQgetvalue(result, 0, 0)))
		return fault_set(fault, FAULT_BUG, "reading the identifier of a message");
	*earlier_r = g_ptr_array_new_with_free_func((GDestroyNotify)earlier_free);
	for (int row = 0; row < PQntuples(result); row++) {
		struct audit_earlier *earlier;

		if (PQgetisnull(result, row, 1))
			continue;
		earlier = g_new0(struct audit_earlier, 1);
		if (!identifier_parse(&earlier->id, PQgetvalue(result, row, 4)))
			g_assert_not_reached(); /* it is a uuid column */
		earlier->address = g_strdup(PQgetvalue(result, row, 1));
		earlier->state = g_strdup(PQgetvalue(result, row, 2));
		earlier->method = g_strdup(result_text(result, row, 3));
		g_ptr_array_add(*earlier_r, earlier);
	}
	return true;
}
