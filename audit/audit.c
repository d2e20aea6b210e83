#include "audit/audit.h"

#include <string.h>

static const struct statement policy_put = {"audit_policy",
					    "select postseal.policy_put($1, $2, $3, $4, $5, $6)"};

static const struct statement offer_put = {
	"audit_offer",
	"insert into postseal.offer (identity, message, queue_id, host) values ($1, $2, $3, $4)",
	.repeats = true};

/* It is this offer that may be answered now. */
static const struct statement offer_renew = {"audit_offer_renew",
					     "select postseal.offer_again($1, $2)"};

static const struct statement offer_end = {"audit_offer_end",
					   "select postseal.offer_end_if_past($1)"};
static const struct statement offer_repeated = {"audit_offer_repeated",
						"select postseal.offer_repeated($1)"};

static const struct statement copy_repeat = {"audit_copy_repeat",
					     "select postseal.copy_repeat($1)"};

static const struct statement message_put = {
	"audit_message",
	"insert into postseal.message (id, queue_id, authenticated, client, sender, message_id, size,"
	" sealed_id) values ($1, $2, $3, $4, $5, $6, $7, $8)",
	.repeats = true};

static const struct statement copy_put = {
	"audit_copy",
	"insert into postseal.copy (id, message, offer, policy, recipient, address, rule_line, rule, method, reason,"
	" trace, keys, signed_by, state, first_state, first_reason, rule_name, rule_file) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $10, $15, $16)",
	.repeats = true};

static const struct statement copy_move_parked = {"audit_copy_move_parked",
						  "select postseal.copy_move_parked($1, $2, $3)"};

static const struct statement copy_move = {"audit_copy_move",
					   "select postseal.copy_move($1, $2, $3)"};

static const struct statement event_put = {
	"audit_event",
	"insert into postseal.event (message, copy, what, detail) values ($1, $2, $3, $4)",
	.repeats = true};

static const struct statement reading_add = {"audit_reading",
					     "select postseal.reading_add($1, $2, $3, $4, $5, $6)"};

static const struct statement earlier_find = {
	"audit_earlier",
	"select o.message, c.id, c.address, c.state, c.offer, c.state = 'handed' and c.first_state = 'handed' from postseal.offer o"
	" join postseal.copy c on c.message = o.message where o.identity = $1 and c.state <> 'repeated'"};
enum { MESSAGE, COPY, ADDRESS, STATE, OFFER, IN_PLACE };

bool
audit_policy(struct connection *connection, const struct audit_policy *policy, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, policy->digest);
	parameters_text(&parameters, policy->text);
	parameters_text(&parameters, policy->program);
	parameters_text(&parameters, policy->node);
	parameters_text(&parameters, policy->is_reloaded ? "reload" : "start");
	parameters_text(&parameters, policy->files);
	return connection_execute(connection, &policy_put, &parameters, NULL, fault);
}

static bool
add_offer(struct connection *connection, const struct audit_message *message, struct fault *fault)
{
	struct parameters parameters = {0};

	if (message->identity == NULL)
		return true;
	parameters_bytes(&parameters, message->identity, AUDIT_IDENTITY_BYTES);
	parameters_text(&parameters, message->id.text);
	parameters_text(&parameters, message->queue_id);
	parameters_text(&parameters, g_get_host_name());
	return batch_add(connection, &offer_put, &parameters, fault);
}

/* Text written by others may be in any encoding; the database accepts UTF-8 only. Caller frees. */
static char *
valid(const char *text)
{
	return text == NULL ? NULL : g_utf8_make_valid(text, -1);
}

static bool
change_offer(struct connection *connection, const struct statement *statement,
	     const unsigned char *identity, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_bytes(&parameters, identity, AUDIT_IDENTITY_BYTES);
	return batch_add(connection, statement, &parameters, fault);
}

bool
audit_end_past_offer(struct connection *connection, const unsigned char *identity,
		     struct fault *fault)
{
	return change_offer(connection, &offer_end, identity, fault);
}

bool
audit_repeated(struct connection *connection, const unsigned char *identity, struct fault *fault)
{
	return change_offer(connection, &offer_repeated, identity, fault);
}

bool
audit_add_message(struct connection *connection, const struct audit_message *message,
		  struct fault *fault)
{
	g_autofree char *authenticated = valid(message->authenticated);
	g_autofree char *client = valid(message->client);
	g_autofree char *message_id = valid(message->message_id);
	struct parameters parameters = {0};

	parameters_text(&parameters, message->id.text);
	parameters_text(&parameters, message->queue_id);
	parameters_text(&parameters, authenticated);
	parameters_text(&parameters, client);
	parameters_text(&parameters, message->sender);
	parameters_text(&parameters, message_id);
	parameters_number(&parameters, (int64_t)message->size);
	parameters_text(&parameters, message->sealed_id);
	return add_offer(connection, message, fault) &&
	       batch_add(connection, &message_put, &parameters, fault);
}

bool
audit_add_copy(struct connection *connection, const struct audit_message *message,
	       const struct audit_copy *copy, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, copy->id.text);
	parameters_text(&parameters, message->id.text);
	parameters_number(&parameters, message->offer);
	parameters_text(&parameters, message->policy);
	parameters_text(&parameters, copy->recipient);
	parameters_text(&parameters, copy->address);
	parameters_number(&parameters, copy->rule_line);
	parameters_text(&parameters, copy->rule);
	parameters_text(&parameters, copy->method);
	parameters_text(&parameters, copy->reason);
	parameters_text(&parameters, copy->trace);
	parameters_text(&parameters, copy->keys);
	parameters_text(&parameters, copy->signed_by);
	parameters_text(&parameters, copy_state_word(copy->state));
	parameters_text(&parameters, copy->rule_name);
	parameters_text(&parameters, copy->rule_file);
	return batch_add(connection, &copy_put, &parameters, fault);
}

bool
audit_offered_again(struct connection *connection, const struct audit_message *message,
		    struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_bytes(&parameters, message->identity, AUDIT_IDENTITY_BYTES);
	parameters_text(&parameters, message->queue_id);
	return batch_add(connection, &offer_renew, &parameters, fault) &&
	       audit_event(connection, message->id.text, NULL, "offered again", message->queue_id,
			   fault);
}

bool
audit_repeat_copy(struct connection *connection, const char *copy, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, copy);
	return batch_add(connection, &copy_repeat, &parameters, fault);
}

static bool
move(struct connection *connection, const struct statement *statement, const char *copy,
     enum copy_state state, const char *reason, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, copy);
	parameters_text(&parameters, copy_state_word(state));
	parameters_text(&parameters, reason);
	return batch_add(connection, statement, &parameters, fault);
}

bool
audit_move_copy(struct connection *connection, const char *copy, enum copy_state state,
		const char *reason, struct fault *fault)
{
	return move(connection, &copy_move, copy, state, reason, fault);
}

bool
audit_move_parked(struct connection *connection, const char *copy, enum copy_state state,
		  const char *reason, struct fault *fault)
{
	return move(connection, &copy_move_parked, copy, state, reason, fault);
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
audit_add_reading(struct connection *connection, const struct audit_reading *reading,
		  struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, reading->message);
	parameters_text(&parameters, reading->copy);
	parameters_text(&parameters, reading->is_download ? "downloaded" : "shown");
	parameters_text(&parameters, reading->part);
	parameters_text(&parameters, reading->network);
	parameters_text(&parameters, reading->reader);
	return batch_add(connection, &reading_add, &parameters, fault);
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
	g_free(earlier);
}

static bool
is_state(const PGresult *result, int row, enum copy_state state)
{
	return strcmp(PQgetvalue(result, row, STATE), copy_state_word(state)) == 0;
}

static struct audit_earlier *
earlier_of(const PGresult *result, int row)
{
	struct audit_earlier *earlier = g_new0(struct audit_earlier, 1);

	if (!identifier_parse(&earlier->id, PQgetvalue(result, row, COPY)))
		g_assert_not_reached(); /* the column is a uuid */
	earlier->address = g_strdup(PQgetvalue(result, row, ADDRESS));
	earlier->is_in_place = result_flag(result, row, IN_PLACE);
	earlier->is_over = is_state(result, row, COPY_DELETED) ||
			   is_state(result, row, COPY_EXPIRED) ||
			   is_state(result, row, COPY_LOCKED) || is_state(result, row, COPY_LOST) ||
			   is_state(result, row, COPY_FAILED);
	return earlier;
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
	if (!identifier_parse(&message->id, PQgetvalue(result, 0, MESSAGE)))
		return fault_set(fault, FAULT_BUG, "reading the identifier of a message");
	*earlier_r = g_ptr_array_new_with_free_func((GDestroyNotify)earlier_free);
	for (int row = 0; row < PQntuples(result); row++) {
		message->offer =
			MAX(message->offer, (unsigned)result_number(result, row, OFFER) + 1);
		g_ptr_array_add(*earlier_r, earlier_of(result, row));
	}
	return true;
}
