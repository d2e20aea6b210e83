#include "delivery/offer.h"

#include "audit/audit.h"

enum { POLL_MICROSECONDS = 100000, POLLS = 120 };

/* After its answer a message takes the MTA some time until it stands in the log, and that some more
 * until it is read. */
static const struct statement offer_look = {
	"offer_look",
	"select case"
	"  when exists (select from postseal.mta_log where read_at > o.offered_at + interval '5 seconds') then 'unheard'"
	"  when exists (select from postseal.mta_log where read_at > now() - interval '1 minute') then 'open'"
	"  when o.offered_at > now() - interval '5 seconds' then 'open' else 'unheard' end "
	"from postseal.offer o where o.identity = $1"};

static const struct statement offer_forget = {
	"offer_forget",
	"delete from postseal.offer where message = any($1::uuid[])"
	" and not exists (select from postseal.mta_log where read_at > now() - interval '1 minute')"};

static bool
look(struct database *database, const unsigned char *identity, char *what_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};

	parameters_bytes(&parameters, identity, AUDIT_IDENTITY_BYTES);
	if (connection == NULL ||
	    !connection_execute(connection, &offer_look, &parameters, &result, fault))
		return false;
	*what_r = PQntuples(result) == 0 ? 'g' : *PQgetvalue(result, 0, 0);
	return true;
}

bool
offer_is_again(struct database *database, const unsigned char *identity, bool *again_r,
	       struct fault *fault)
{
	char what;

	for (int i = 0; i < POLLS; i++) {
		if (!look(database, identity, &what, fault))
			return false;
		*again_r = what == 'u';
		if (what != 'o')
			return true;
		g_usleep(POLL_MICROSECONDS);
	}
	return fault_set(
		fault, FAULT_BUSY,
		"looking whether the message was taken when it was offered before: the MTA's log does not tell yet");
}

bool
offer_heard(struct database *database, const GPtrArray *messages, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autoptr(GString) array = g_string_new("{");
	struct parameters parameters = {0};

	for (guint i = 0; i < messages->len; i++)
		g_string_append_printf(array, "%s%s", i > 0 ? "," : "",
				       (const char *)g_ptr_array_index(messages, i));
	g_string_append_c(array, '}');
	parameters_text(&parameters, array->str);
	return connection != NULL &&
	       connection_execute(connection, &offer_forget, &parameters, NULL, fault);
}
