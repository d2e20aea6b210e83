#include "delivery/offer.h"

#include <sodium.h>
#include <string.h>

enum { POLL_MICROSECONDS = 100000, POLLS = 120 };

/* After its reply, it takes the MTA some time to log a message, and it takes more time until that
 * is read. A log that never mentioned any mail says nothing about this one. */
static const struct statement offer_look = {
	"offer_look",
	"select case"
	"  when exists (select from postseal.mta_log where tells and split_part(source, ':', 1) = o.host and read_at > o.offered_at + interval '5 seconds') then 'again'"
	"  when exists (select from postseal.mta_log where tells and split_part(source, ':', 1) = o.host and read_at > now() - interval '1 minute') then 'open'"
	"  when o.heard then 'heard' when o.offered_at > now() - interval '5 seconds' then 'open' else 'again' end "
	"from postseal.offer o where o.identity = $1"};

static const struct statement offer_drop = {
	"offer_drop", "delete from postseal.offer where identity = $1 and heard"};

static const struct statement offer_hear = {
	"offer_hear",
	"update postseal.offer set heard = true where identity = any($1::bytea[]) and message = any($2::uuid[])"};

enum outlook { OFFER_GONE, OFFER_AGAIN, OFFER_OPEN };

static bool
look(struct database *database, const unsigned char *identity, enum outlook *outlook_r,
     struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};
	const char *said;

	parameters_bytes(&parameters, identity, AUDIT_IDENTITY_BYTES);
	if (connection == NULL ||
	    !connection_execute(connection, &offer_look, &parameters, &result, fault))
		return false;
	said = PQntuples(result) == 0 ? "gone" : PQgetvalue(result, 0, 0);
	*outlook_r = strcmp(said, "again") == 0	 ? OFFER_AGAIN
		     : strcmp(said, "open") == 0 ? OFFER_OPEN
						 : OFFER_GONE;
	return strcmp(said, "heard") != 0 ||
	       connection_execute(connection, &offer_drop, &parameters, NULL, fault);
}

bool
offer_is_again(struct database *database, const unsigned char *identity, bool *again_r,
	       struct fault *fault)
{
	enum outlook outlook;

	for (int i = 0; i < POLLS; i++) {
		if (!look(database, identity, &outlook, fault))
			return false;
		*again_r = outlook == OFFER_AGAIN;
		if (outlook != OFFER_OPEN)
			return true;
		g_usleep(POLL_MICROSECONDS);
	}
	return fault_set(
		fault, FAULT_BUSY,
		"checking whether the message was accepted when it was offered before: the "
		"MTA's log does not tell yet");
}

/* In PostgreSQL's array syntax. */
static void
append_offer(GString *identities, GString *messages, const struct offered *offer)
{
	char hex[2 * AUDIT_IDENTITY_BYTES + 1];

	sodium_bin2hex(hex, sizeof hex, offer->identity, sizeof offer->identity);
	g_string_append_printf(identities, "%c\"\\\\x%s\"", identities->len == 0 ? '{' : ',', hex);
	g_string_append_printf(messages, "%c%s", messages->len == 0 ? '{' : ',',
			       offer->message.text);
}

bool
offer_heard(struct database *database, const GArray *offers, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autoptr(GString) identities = g_string_new(NULL);
	g_autoptr(GString) messages = g_string_new(NULL);
	struct parameters parameters = {0};

	if (connection == NULL)
		return false;
	for (guint i = 0; i < offers->len; i++)
		append_offer(identities, messages, &g_array_index(offers, struct offered, i));
	g_string_append_c(identities, '}');
	g_string_append_c(messages, '}');
	parameters_text(&parameters, identities->str);
	parameters_text(&parameters, messages->str);
	return connection_execute(connection, &offer_hear, &parameters, NULL, fault);
}
