/*
 * `postseal trust why`: the way from a sender to the keys of an address, in sentences that somebody
 * who has never seen a key can read out.
 */
#include <getopt.h>
#include <string.h>

#include "admin/trust.h"
#include "core/address.h"
#include "keystore/trusted.h"

/* $1 sender, $2 address, $3 kind, $4 fingerprint. What is stated about the key, and where its owner
 * uploaded it, about the account; the sender's own statements first. */
static const struct statement statements_about = {
	"trust_why",
	"select a.kind, a.subject as fingerprint, null as level, a.author, a.how, a.made_at, a.revoked_at,"
	" concat('  - ', case a.how"
	"   when 'unlock code' then a.author || ' handed over the unlock code of a message, and whoever reads the mail to '"
	"     || a.address || ' used it' || case a.kind when 'account' then ' for their account in the portal' else '' end"
	"   when 'signed in' then 'The owner of ' || a.address || ' uploaded this key in the portal while signed in'"
	"   when 'administrator' then 'The administrator ' || a.author || ' vouched for it'"
	"   when 'signed mail' then 'A mail from ' || a.address || ' that was signed with this key came in'"
	"   when 'wkd' then 'The web server of the domain ' || a.author || ' publishes it (Web Key Directory)'"
	"   when 'dane' then 'The domain ' || a.author || ' publishes it in the DNS, signed (DANE)'"
	"   when 'autocrypt' then 'A mail that the domain of ' || a.address || ' sent announced it (Autocrypt)'"
	"   when 'attached' then 'A mail that the domain of ' || a.address || ' sent had it attached, which counts for nothing'"
	"   when 'servers' then 'A key server has it, which counts for nothing: some let anybody upload a key for any address'"
	"   when 'ldap' then 'The directory ' || a.author || ' publishes it'"
	"   when 'domain key' then 'The domain ' || a.author || ' uses it for all its addresses'"
	"   else a.author || ' stated it (' || a.how || '), which counts for nothing' end,"
	"  ', on ' || to_char(a.made_at, 'YYYY-MM-DD HH24:MI'), ' (' || a.evidence || ')',"
	"  '; revoked on ' || to_char(a.revoked_at, 'YYYY-MM-DD HH24:MI') || ' by ' || a.revoked_by || ': ' || a.revoked_because,"
	"  '.') as text "
	"from postseal.attestation a "
	"where a.address = $2 and ((a.kind = $3 and a.subject = $4) or (a.kind = 'account' and exists (select from"
	"  postseal.attestation u where u.address = $2 and u.kind = $3 and u.subject = $4 and u.how = 'signed in')))"
	" order by a.kind = 'account', a.author = $1 desc, a.revoked_at is not null, a.made_at desc limit 1000"};

static const struct statement doubts = {
	"trust_why_doubt",
	"select 'doubt' as kind, null as fingerprint, null as level, author, null as how, at as made_at, null::timestamptz as revoked_at,"
	" concat(author, ' revoked trust in ', address, ' on ', to_char(at, 'YYYY-MM-DD HH24:MI'), ' (', because, ').',"
	"  case when postseal.trust_is_doubted($1, $2) then ' Until ' || author || ' hands over a new unlock code that is"
	" used, only the organisation''s own word counts for messages from ' || author || '.'"
	"  else ' A new unlock code was used since, so that this no longer counts.' end) as text "
	"from postseal.doubt where author = $1 and address = $2 order by at desc limit 1"};

static const struct statement import_of = {
	"trust_why_import",
	"select k.kind, k.fingerprint, null as level, k.imported_by as author, null as how, k.imported_at as made_at,"
	" null::timestamptz as revoked_at, concat('  - The administrator ', k.imported_by, ' imported it',"
	"  case when k.pinned and k.kind = 'smime' then ' and vouched for it' else '' end, ', on ',"
	"  to_char(k.imported_at, 'YYYY-MM-DD HH24:MI'), '.') as text "
	"from postseal.key k join postseal.key_address a on a.key = k.id "
	"where a.address = $2 and k.kind = $3 and k.fingerprint = $4 and $1 <> ''"};

static const char *const meanings[TRUST_LEVELS] = {
	[TRUST_NONE] = "Nobody whose word counts vouches for it.",
	[TRUST_SEEN] = "It has only been seen in use with this address.",
	[TRUST_DOMAIN] =
		"The domain of the address, or an authority that is trusted as far as that, "
		"vouches for it.",
	[TRUST_COLLEAGUE] =
		"Enough colleagues of the sender have handed over unlock codes that were "
		"used.",
	[TRUST_ORGANISATION] = "The organisation vouches for it.",
	[TRUST_PERSONAL] = "The sender personally handed over an unlock code that was used.",
};

struct asking {
	const struct admin *admin;
	struct connection *connection;
	struct trusted_question question;
	json_t *rows;
};

static bool
add_answer(const struct asking *asking, const struct statement *statement, const struct key *key,
	   struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	json_t *rows;

	parameters_text(&parameters, asking->question.sender);
	parameters_text(&parameters, key != NULL && key->gateway != NULL
					     ? key->gateway
					     : asking->question.address);
	if (key != NULL) {
		parameters_text(&parameters, key_kind_name(key->kind));
		parameters_text(&parameters, key->fingerprint);
	}
	if (!connection_execute(asking->connection, statement, &parameters, &result, fault))
		return false;
	rows = report_of(result);
	json_array_extend(asking->rows, rows);
	json_decref(rows);
	return true;
}

static void
add_row(const struct asking *asking, const struct key *key, const char *level, char *text)
{
	json_array_append_new(asking->rows,
			      json_pack("{s:s, s:s, s:s?, s:n, s:n, s:n, s:n, s:o}", "kind",
					key_kind_name(key->kind), "fingerprint", key->fingerprint,
					"level", level, "author", "how", "made_at", "revoked_at",
					"text", report_text(text)));
	g_free(text);
}

static void
add_authority(const struct asking *asking, const struct key *key)
{
	char name[256];
	int count;

	if (key->by_authority == TRUST_NONE || key->chain == NULL)
		return;
	count = sk_X509_num(key->chain);
	X509_NAME_oneline(X509_get_subject_name(sk_X509_value(key->chain, count - 1)), name,
			  sizeof name);
	add_row(asking, key, NULL,
		g_strdup_printf("  - The certificate authority %s, which the organisation trusts "
				"at the level %s, vouches for it.",
				name, trust_level_name(key->by_authority)));
}

static bool
add_key(const struct asking *asking, const struct key *key, struct fault *fault)
{
	g_autofree char *why = NULL;
	enum trust_level level;

	if (!trusted_level(asking->connection, &asking->question, key, &level, fault))
		return false;
	key_is_usable(key, KEY_ENCRYPTS, time(NULL), &why);
	add_row(asking, key, trust_level_name(level),
		g_strdup_printf("Level %s between %s and the %s %s of %s. %s%s%s%s",
				trust_level_name(level), asking->question.sender,
				key->kind == KEY_PGP ? "OpenPGP key" : "certificate",
				key->fingerprint, asking->question.address, meanings[level],
				why == NULL ? "" : " It cannot be used: ", why == NULL ? "" : why,
				why == NULL ? "" : "."));
	add_authority(asking, key);
	return add_answer(asking, &import_of, key, fault) &&
	       add_answer(asking, &statements_about, key, fault);
}

static bool
add_kind(const struct asking *asking, struct keystore *keystore, enum key_kind kind,
	 struct fault *fault)
{
	g_autoptr(GPtrArray) known =
		keystore_known(keystore, kind, asking->question.address, fault);

	for (guint i = 0; known != NULL && i < known->len; i++)
		if (!add_key(asking, g_ptr_array_index(known, i), fault))
			return false;
	return known != NULL;
}

static int
answer(const struct admin *admin, const char *sender, const char *address)
{
	struct keystore *keystore = command_keystore(admin, NULL, false);
	g_autoptr(json_t) rows = json_array();
	struct fault fault;
	struct asking asking = {.admin = admin,
				.connection = database_take(admin->database, &fault),
				.question = {.sender = sender,
					     .address = address,
					     .colleagues = admin->settings->trust_colleagues},
				.rows = rows};
	bool found = asking.connection != NULL && add_answer(&asking, &doubts, NULL, &fault) &&
		     add_kind(&asking, keystore, KEY_SMIME, &fault) &&
		     add_kind(&asking, keystore, KEY_PGP, &fault);

	if (asking.connection != NULL)
		connection_give(asking.connection);
	keystore_free(keystore);
	if (!found)
		return command_fail(&fault);
	report_print(rows, admin->as_json, report_lines);
	return json_array_size(rows) > 0 ? EXIT_GOOD
					 : command_missing("no key of %s is known", address);
}

int
trust_why(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'}, {0}};
	g_autofree char *sender = NULL, *address = NULL;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		char **into = option == 'f' ? &sender : option == 't' ? &address : NULL;

		if (into == NULL || *into != NULL)
			return command_usage(admin->command);
		*into = address_fold(optarg);
	}
	if (sender == NULL || address == NULL || optind < argc)
		return command_usage(admin->command);
	return answer(admin, sender, address);
}
