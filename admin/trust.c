#include "admin/trust.h"

#include <stdio.h>

#include "core/address.h"

static const struct statement attestation_all = {
	"attestation_all",
	"select address, kind, subject, author, how, to_char(made_at, 'YYYY-MM-DD HH24:MI'),"
	" to_char(revoked_at, 'YYYY-MM-DD HH24:MI'), revoked_because "
	"from postseal.attestation where $1 = '' or address = $1 or author = $1 "
	"order by address, made_at"};

static const struct statement attestation_end_by_hand = {
	"attestation_end_by_hand",
	"update postseal.attestation set revoked_at = now(), revoked_because = 'the admin' "
	"where address = $1 and ($2 = '' or author = $2) and revoked_at is null returning id"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *address = argc > 1 ? address_fold(argv[1]) : g_strdup("");
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, &attestation_all, (const char *const[]){address, NULL}, &result,
			 &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++) {
		printf("%s  %-7s %.16s  stated by %s (%s) on %s", PQgetvalue(result, row, 0),
		       PQgetvalue(result, row, 1), PQgetvalue(result, row, 2),
		       PQgetvalue(result, row, 3), PQgetvalue(result, row, 4),
		       PQgetvalue(result, row, 5));
		if (PQgetisnull(result, row, 6))
			putchar('\n');
		else
			printf(", revoked on %s: %s\n", PQgetvalue(result, row, 6),
			       PQgetvalue(result, row, 7));
	}
	return EXIT_GOOD;
}

static int
take_back(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *address = NULL;
	g_autofree char *author = NULL;
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (argc < 2 || argc > 3) {
		fputs("usage: postseal trust revoke ADDRESS [AUTHOR]\n", stderr);
		return EXIT_USAGE;
	}
	address = address_fold(argv[1]);
	author = argc > 2 ? address_fold(argv[2]) : g_strdup("");
	if (!command_ask(admin, &attestation_end_by_hand,
			 (const char *const[]){address, author, NULL}, &result, &fault))
		return command_fail(&fault);
	printf("revoked %d statement%s about %s\n", PQntuples(result),
	       PQntuples(result) == 1 ? "" : "s", address);
	return EXIT_GOOD;
}

const struct command trust_commands[] = {
	{"trust list", "[ADDRESS]", "list who vouches for the owner of a key or account", list},
	{"trust revoke", "ADDRESS [AUTHOR]", "revoke these statements", take_back},
	{NULL, NULL, NULL, NULL, false},
};
