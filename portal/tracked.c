#include "portal/tracked.h"

#include "delivery/parcel/sender_page.h"
#include "mail/layout.h"

static const struct statement track_find = {
	"track_find", "select message, sender, extract(epoch from created_at)::bigint from "
		      "postseal.sender_page where digest = $1"};

/* A message that was read stays readable for its reader; without a courier's copy of the key, no
 * new code can be made. */
static const struct statement track_copies = {
	"track_copies",
	"select c.id, c.recipient, c.state, extract(epoch from c.state_at)::bigint, k.id,"
	" k.opened_at is null, postseal.courier_opens(k.boxed) and k.opened_at is null and k.account is null,"
	" exists (select from postseal.attestation a where a.kind = 'account' and a.address = "
	"c.address"
	"  and a.author = $2 and a.revoked_at is null), c.address, k.subject "
	"from postseal.copy c left join postseal.parcel_key k on k.copy = c.id "
	"where c.message = $1 and c.method = 'pickup' order by c.recipient"};

void
tracked_clear(struct tracked *tracked)
{
	g_free(tracked->sender);
	PQclear(tracked->copies);
}

static bool
find_copies(struct request *request, struct tracked *tracked, struct fault *fault)
{
	g_autofree char *author = address_fold(tracked->sender);
	struct parameters parameters = {0};

	parameters_text(&parameters, tracked->message.text);
	parameters_text(&parameters, author);
	return connection_execute(request->connection, &track_copies, &parameters, &tracked->copies,
				  fault);
}

bool
tracked_find(struct request *request, struct tracked *tracked_r, bool *found_r, struct fault *fault)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*tracked_r = (struct tracked){.secret = request->web.tail};
	*found_r = track_digest(request->web.tail, digest);
	if (!*found_r)
		return true;
	parameters_bytes(&parameters, digest, sizeof digest);
	if (!connection_execute(request->connection, &track_find, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	if (!*found_r)
		return true;
	identifier_parse(&tracked_r->message, PQgetvalue(result, 0, 0));
	tracked_r->sender = g_strdup(PQgetvalue(result, 0, 1));
	tracked_r->at = result_number(result, 0, 2);
	return find_copies(request, tracked_r, fault);
}

char *
tracked_subject(const struct tracked *tracked)
{
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		size_t length;
		g_autofree unsigned char *sealed =
			result_bytes(tracked->copies, row, TRACKED_SUBJECT, &length);
		g_autofree char *subject =
			track_open_text(sealed, length, tracked->secret,
					PQgetvalue(tracked->copies, row, TRACKED_KEY));

		if (subject != NULL)
			return layout_line(subject);
	}
	return NULL;
}
