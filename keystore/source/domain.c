/*
 * Keys for a whole domain, from gateway to gateway, which an admin imported (`postseal key import
 * --domain`): for everybody there who has no key of their own. The most specific domain counts.
 */
#include "keystore/source/source.h"

#include <string.h>

#include "core/address.h"

/* $1: domains, the most specific first. */
static const struct statement key_by_domain = {
	"key_by_domain",
	"select k.fingerprint, k.content, k.owner,"
	" extract(epoch from k.not_before)::bigint, extract(epoch from k.not_after)::bigint,"
	" k.capabilities @> '{gcm}', k.capabilities @> '{oaep}',"
	" k.role = 'own', k.pinned, k.cannot_encrypt, k.cannot_sign,"
	" extract(epoch from k.signs_until)::bigint,"
	" array_position(string_to_array($1, ' '), d.domain) as place "
	"from postseal.key_domain d " KEY_SOURCE_JOIN(
		"d.key") "where d.domain = any (string_to_array($1, ' ')) and k.kind = $2 and k.role = 'recipient' "
			 "order by place, k.not_before desc, k.fingerprint"};

/* "a.b.example *.b.example *.example"; caller frees. */
static char *
domains_of(const char *address)
{
	const char *rest = address_domain(address);
	GString *domains = g_string_new(rest);

	while ((rest = strchr(rest, '.')) != NULL) {
		rest++;
		g_string_append_printf(domains, " *.%s", rest);
	}
	return g_string_free(domains, FALSE);
}

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	g_autofree char *domains = domains_of(question->address);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	int place;

	parameters_text(&parameters, domains);
	parameters_text(&parameters, key_kind_name(question->kind));
	if (!connection_execute(question->connection, &key_by_domain, &parameters, &result, fault))
		return false;
	place = PQfnumber(result, "place");
	for (int row = 0; row < PQntuples(result); row++)
		if (strcmp(PQgetvalue(result, row, place), PQgetvalue(result, 0, place)) == 0)
			g_ptr_array_add(keys, key_source_imported(question->kind, result, row));
	return true;
}

const struct key_source key_source_domain = {
	.name = "domain", .is_always_last = true, .find = find};
