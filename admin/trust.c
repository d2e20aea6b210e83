#include "admin/trust.h"

#include <getopt.h>
#include <string.h>

#include "core/address.h"
#include "core/identifier.h"

static const struct statement attestation_all = {
	"attestation_all",
	"select *, concat(address, '  ', kind, ' ', left(subject, 16), '  stated by ', author, ' (', how, ') on ',"
	"  to_char(made_at, 'YYYY-MM-DD HH24:MI'), ', revoked on ' || to_char(revoked_at, 'YYYY-MM-DD HH24:MI') || ' by ' ||"
	"  revoked_by || ': ' || revoked_because) as text "
	"from (select address, kind, subject, author, how, evidence, made_at, revoked_at, revoked_by, revoked_because"
	"  from postseal.attestation where address = $1 union select address, kind, subject, author, how, evidence, made_at,"
	"  revoked_at, revoked_by, revoked_because from postseal.attestation where $1 = '' or author = $1) a "
	"order by address, made_at"};

/* One row, even if nothing was revoked. */
static const struct statement attestation_end_by_hand = {
	"attestation_end_by_hand",
	"select $1::text as address, count as revoked, 'revoked ' || count || ' statement'"
	" || case when count = 1 then '' else 's' end || ' about ' || $1 as text "
	"from postseal.attestations_revoke(null, $1, null, nullif($2, ''), $3, 'by ' || $3) as count"};

static const struct statement conflicts_all = {
	"trust_conflicts",
	"select *, concat(to_char(first_seen_at, 'YYYY-MM-DD HH24:MI'), '  ', address, '  ', claims) as text "
	"from (select address, claims, first_seen_at, message from postseal.trust_conflict where $1 = '' or address = $1) c "
	"order by first_seen_at"};

static const struct statement state_by_hand = {
	"attestation_by_hand",
	"select $3::text as address, $1::text as kind, $2::text as fingerprint, made, case when made then 'stated that the '"
	"  || case $1 when 'pgp' then 'OpenPGP key ' else 'certificate ' end || $2 || ' belongs to ' || $3"
	"  else 'this was stated already' end as text "
	"from postseal.attest($5::uuid, $1, $2, $3, $4, 'administrator', null, nullif($6, '')) as made"};

static int
show(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &attestation_all, report_lines);
}

static int
conflicts(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &conflicts_all, report_lines);
}

static int
take_back(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *address = NULL;
	g_autofree char *author = NULL;
	char **given = command_operands(argc, argv, 1, 2);

	if (given == NULL)
		return command_usage(admin->command);
	address = address_fold(given[0]);
	/* Domains and directories state something too. */
	author = given[1] == NULL	      ? g_strdup("")
		 : address_is_valid(given[1]) ? address_fold(given[1])
					      : g_strdup(given[1]);
	return command_answer(admin, &attestation_end_by_hand,
			      (const char *const[]){address, author, admin->actor, NULL},
			      report_lines);
}

/* --- attest --- */

/* The key of the address that is meant by the beginning of its fingerprint; caller frees. NULL with
 * `fault` filled if it could not be looked for, or with *count_r set if there is not exactly one.
 */
static struct key *
find_key(struct keystore *keystore, const char *address, const char *fingerprint, unsigned *count_r,
	 struct fault *fault)
{
	struct key *found = NULL;

	*count_r = 0;
	for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++) {
		g_autoptr(GPtrArray) known = keystore_known(keystore, kind, address, fault);

		for (guint i = 0; known != NULL && i < known->len; i++) {
			struct key *key = g_ptr_array_index(known, i);

			if (g_ascii_strncasecmp(key->fingerprint, fingerprint,
						strlen(fingerprint)) != 0 ||
			    (found != NULL && strcmp(found->fingerprint, key->fingerprint) == 0))
				continue;
			++*count_r;
			key_unref(found);
			found = key_ref(key);
		}
		if (known == NULL) {
			*count_r = 1;
			g_clear_pointer(&found, key_unref);
			return NULL;
		}
	}
	if (*count_r != 1)
		g_clear_pointer(&found, key_unref);
	return found;
}

static int
attest_key(const struct admin *admin, const char *address, const char *fingerprint,
	   const char *because)
{
	struct keystore *keystore = command_keystore(admin, NULL, false);
	struct identifier id;
	struct fault fault;
	unsigned count;
	struct key *key = find_key(keystore, address, fingerprint, &count, &fault);
	int status;

	identifier_make(&id);
	if (key != NULL)
		status = command_answer(admin, &state_by_hand,
					(const char *const[]){key_kind_name(key->kind),
							      key->fingerprint, address,
							      admin->actor, id.text, because, NULL},
					report_lines);
	else if (count == 1)
		status = command_fail(&fault);
	else
		status = command_missing(
			count == 0 ? "no key of %s has a fingerprint that begins with %s"
				   : "several keys of %s have a fingerprint that begins with %s",
			address, fingerprint);
	key_unref(key);
	keystore_free(keystore);
	return status;
}

static int
attest(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"because", required_argument, NULL, 'b'}, {0}};
	g_autofree char *address = NULL;
	const char *because = "";
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'b')
			return command_usage(admin->command);
		because = optarg;
	}
	if (argc - optind != 2 || strlen(argv[optind + 1]) < 8)
		return command_usage(admin->command);
	address = address_fold(argv[optind]);
	return attest_key(admin, address, argv[optind + 1], because);
}

const struct command trust_commands[] = {
	{"trust show", "[ADDRESS]", "show who vouches for the owner of a key or account", show,
	 .reads = true, .example = "sue@partner.example"},
	{"trust why", "--from ADDRESS --to ADDRESS",
	 "show how far a sender may trust the keys of an address, and why", trust_why,
	 .reads = true, .example = "--from anna@example.com --to sue@partner.example"},
	{"trust attest", "[--because TEXT] ADDRESS FINGERPRINT",
	 "vouch that a key belongs to an address", attest,
	 .example = "--because 'compared by telephone' sue@partner.example 4f1c2a9e7b3d5f60"},
	{"trust revoke", "ADDRESS [AUTHOR]", "revoke these statements", take_back,
	 .example = "sue@partner.example anna@example.com"},
	{"trust conflicts", "[ADDRESS]", "list addresses for which several keys are claimed",
	 conflicts, .reads = true, .example = "sue@partner.example"},
	{NULL, NULL, NULL, NULL},
};
