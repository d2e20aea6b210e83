#include "portal/web/throttle.h"

#include <sodium.h>
#include <string.h>

enum { DIGEST_BYTES = 16, DAY = 86400, HOUR = 3600, QUARTER = 900 };

const struct throttle throttle_code_address = {"code address", 20, HOUR};
const struct throttle throttle_code_network = {"code network", 60, HOUR};
/* By address and network, or by session: nobody locks a member out from somewhere else. All
 * networks together have a limit as well, however many somebody has, except those that the member
 * signed in from before. */
const struct throttle throttle_password_client = {"password client", 10, QUARTER};
const struct throttle throttle_password_address = {"password address", 30, QUARTER};
const struct throttle throttle_password_known = {"password known", 1, 90 * DAY};
const struct throttle throttle_password_network = {"password network", 100, QUARTER};
/* By address and network: nobody can lock somebody else's mail client out, and nobody guesses 100
 * bits. */
const struct throttle throttle_application_client = {"application client", 10, QUARTER};
const struct throttle throttle_application_network = {"application network", 100, QUARTER};
const struct throttle throttle_second_factor = {"second factor", 5, QUARTER};
const struct throttle throttle_proof_client = {"proof client", 3, HOUR};
const struct throttle throttle_proof_address = {"proof address", 12, HOUR};
const struct throttle throttle_proof_network = {"proof network", 30, HOUR};
const struct throttle throttle_outside_recipients = {"outside recipients", 100, HOUR};
const struct throttle throttle_company_recipients = {"company recipients", 200, HOUR};

static const struct statement take = {
	"throttle_take", "insert into postseal.throttle as t (what, whom, count, until) "
			 "values ($1, $2, 1, now() + $3 * interval '1 second') "
			 "on conflict (what, whom) do update set"
			 " count = case when t.until <= now() then 1 else t.count + 1 end,"
			 " until = case when t.until <= now() then excluded.until else t.until end "
			 "returning count"};

static const struct statement note = {
	"throttle_note", "insert into postseal.throttle (what, whom, count, until) "
			 "values ($1, $2, 1, now() + $3 * interval '1 second') "
			 "on conflict (what, whom) do update set until = excluded.until"};

static const struct statement is_noted = {"throttle_is_noted",
					  "select count(*) from postseal.throttle "
					  "where what = $1 and whom = $2 and until > now()"};

static const struct statement take_many = {
	"throttle_take_many", "select postseal.throttle_take_many($1, $2, $3, $4, $5)"};

static const struct statement give_back = {
	"throttle_give_back", "update postseal.throttle set count = greatest(count - 1, 0) "
			      "where what = $1 and whom = $2"};

static const struct statement forget = {
	"throttle_forget", "update postseal.throttle set count = 0 where what = $1 and whom = $2"};

/* The database need not contain the addresses of people without an account. */
static void
digest(unsigned char digest_r[DIGEST_BYTES], const char *whom)
{
	crypto_generichash(digest_r, DIGEST_BYTES, (const unsigned char *)whom, strlen(whom), NULL,
			   0);
}

/* $1 and $2 of each statement; `who_r` must last as long as the parameters. */
static void
name(struct parameters *parameters, const struct throttle *throttle, const char *whom,
     unsigned char who_r[DIGEST_BYTES])
{
	digest(who_r, whom);
	parameters_text(parameters, throttle->what);
	parameters_bytes(parameters, who_r, DIGEST_BYTES);
}

bool
throttle_take(struct connection *connection, const struct throttle *throttle, const char *whom,
	      bool *allowed_r, struct fault *fault)
{
	unsigned char who[DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	name(&parameters, throttle, whom, who);
	parameters_number(&parameters, throttle->seconds);
	if (!connection_execute(connection, &take, &parameters, &result, fault))
		return false;
	*allowed_r = result_number(result, 0, 0) <= throttle->count;
	return true;
}

bool
throttle_note(struct connection *connection, const struct throttle *throttle, const char *whom,
	      struct fault *fault)
{
	unsigned char who[DIGEST_BYTES];
	struct parameters parameters = {0};

	name(&parameters, throttle, whom, who);
	parameters_number(&parameters, throttle->seconds);
	return connection_execute(connection, &note, &parameters, NULL, fault);
}

bool
throttle_is_noted(struct connection *connection, const struct throttle *throttle, const char *whom,
		  bool *noted_r, struct fault *fault)
{
	unsigned char who[DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	name(&parameters, throttle, whom, who);
	if (!connection_execute(connection, &is_noted, &parameters, &result, fault))
		return false;
	*noted_r = result_number(result, 0, 0) > 0;
	return true;
}

bool
throttle_take_many(struct connection *connection, const struct throttle *throttle, const char *whom,
		   unsigned many, struct fault *fault)
{
	unsigned char who[DIGEST_BYTES];
	struct parameters parameters = {0};

	name(&parameters, throttle, whom, who);
	parameters_number(&parameters, many);
	parameters_number(&parameters, throttle->count);
	parameters_number(&parameters, throttle->seconds);
	return batch_add(connection, &take_many, &parameters, fault);
}

/* Raised by 344_throttle_many.sql. */
bool
throttle_is_over(const struct connection *connection)
{
	return strcmp(connection_sqlstate(connection), "PS344") == 0;
}

static bool
change(struct connection *connection, const struct statement *how, const struct throttle *throttle,
       const char *whom, struct fault *fault)
{
	unsigned char who[DIGEST_BYTES];
	struct parameters parameters = {0};

	name(&parameters, throttle, whom, who);
	return connection_execute(connection, how, &parameters, NULL, fault);
}

bool
throttle_give_back(struct connection *connection, const struct throttle *throttle, const char *whom,
		   struct fault *fault)
{
	return change(connection, &give_back, throttle, whom, fault);
}

bool
throttle_forget(struct connection *connection, const struct throttle *throttle, const char *whom,
		struct fault *fault)
{
	return change(connection, &forget, throttle, whom, fault);
}
