/*
 * Keys that came with mail from the address (keystore/mailed.h). Whoever writes a mail can claim
 * any address, and whoever writes it from the address's domain any address there. So a key for
 * which nobody else vouches, neither an authority nor a statement of another kind, is used only if
 * no other source has one; and where mail brought several, nobody says which is right, and none is
 * used.
 */
#include "keystore/source/source.h"

/* Kept for as long as the statement stands: there is nobody to be asked again. */
static const struct statement mail_by_address = {
	"mail_by_address",
	"select " KEY_SOURCE_FOUND_COLUMNS ","
	" exists (select from postseal.attestation t join postseal.trust_ground g using (how)"
	"  where t.kind = f.kind and t.subject = f.fingerprint and t.address = f.address"
	"   and g.level >= 'domain' and t.revoked_at is null) "
	"from postseal.key_found f where f.address = $1 and f.kind = $2 and f.source = 'mail'"
	" and f.withdrawn_at is null order by f.found_at desc, f.fingerprint"};

static const char *
author(const char *address)
{
	return address;
}

static void
refuse(struct key *key)
{
	if (key->is_from_mail_only && key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(
			"mail brought several keys for this address, and nobody says which is right");
}

/* Certificates have authorities to tell them apart. */
static void
refuse_several(const GPtrArray *keys, guint first)
{
	time_t now = time(NULL);
	guint usable = 0;

	for (guint i = first; i < keys->len; i++)
		usable += key_is_usable(g_ptr_array_index(keys, i), KEY_ENCRYPTS, now, NULL);
	for (guint i = first; i < keys->len && usable > 1; i++)
		refuse(g_ptr_array_index(keys, i));
}

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	const guint first = keys->len;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, question->address);
	parameters_text(&parameters, key_kind_name(question->kind));
	if (!connection_execute(question->connection, &mail_by_address, &parameters, &result,
				fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		struct key *key = key_source_found_row(question->kind, result, row);

		key->is_from_mail_only = !result_flag(result, row, KEY_SOURCE_FOUND_COUNT);
		g_ptr_array_add(keys, key);
	}
	if (question->kind == KEY_PGP)
		refuse_several(keys, first);
	return true;
}

const struct key_source key_source_mail = {.name = "mail", .find = find, .author = author};
