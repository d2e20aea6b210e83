#include "admin/trust.h"

#include "core/address.h"

static const struct statement attestation_all = {
	"attestation_all",
	"select *, concat(address, '  ', kind, ' ', left(subject, 16), '  stated by ', author, ' (', how, ') on ',"
	"  to_char(made_at, 'YYYY-MM-DD HH24:MI'), ', revoked on ' || to_char(revoked_at, 'YYYY-MM-DD HH24:MI') || ': ' ||"
	"  revoked_because) as text "
	"from (select address, kind, subject, author, how, made_at, revoked_at, revoked_because from postseal.attestation"
	"  where $1 = '' or address = $1 or author = $1) a order by address, made_at"};

/* One row, even if nothing was revoked. */
static const struct statement attestation_end_by_hand = {
	"attestation_end_by_hand",
	"select $1::text as address, count as revoked, 'revoked ' || count || ' statement'"
	" || case when count = 1 then '' else 's' end || ' about ' || $1 as text "
	"from postseal.attestations_revoke(null, $1, null, nullif($2, ''), $3, 'by ' || $3) as count"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &attestation_all, report_lines);
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

const struct command trust_commands[] = {
	{"trust show", "[ADDRESS]", "show who vouches for the owner of a key or account", list,
	 .reads = true, .example = "sue@partner.example"},
	{"trust revoke", "ADDRESS [AUTHOR]", "revoke these statements", take_back,
	 .example = "sue@partner.example anna@example.com"},
	{NULL, NULL, NULL, NULL},
};
