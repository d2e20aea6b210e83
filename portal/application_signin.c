#include "portal/application_signin.h"

#include "core/address.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/quote.h"
#include "portal/activity.h"
#include "portal/web/throttle.h"

enum { DAY_SECONDS = 86400, KNOWN_SECONDS = 90 * DAY_SECONDS, TOLD_MAX = 5 };

/* A network that a password is used from is put on record once, and again after so long. */
static const struct throttle known_network = {"application known", 1, KNOWN_SECONDS};
/* Its owner is told as well, of so many in a day. */
static const struct throttle told = {"application told", TOLD_MAX, DAY_SECONDS};

static const struct statement tell_owner = {"new_client_add",
					    "select postseal.new_client_add($1, $2, $3)"};

static const char *const labels[] = {
	[APPLICATION_SIGNED_IN] = "outcome=\"right\"",
	[APPLICATION_WRONG] = "outcome=\"wrong\"",
	[APPLICATION_TOO_OFTEN] = "outcome=\"too often\"",
	[APPLICATION_WITHOUT_FACTOR] = "outcome=\"without factor\"",
};

void
application_signin_expect(enum metric counter)
{
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
		metrics_expect(counter, labels[i]);
}

struct trial {
	struct connection *connection;
	const struct application_attempt *attempt;
	const char *address; /* folded; NULL: what was given for it is none */
	char *client;	     /* for the throttle: address and network */
};

static bool
may_try(const struct trial *trial, bool *allowed_r, struct fault *fault)
{
	struct connection *connection = trial->connection;
	const char *network = trial->attempt->network;

	if (!throttle_take(connection, &throttle_application_network, network, allowed_r, fault))
		return false;
	if (!*allowed_r)
		return activity_note_throttled(connection, &throttle_application_network, network,
					       network, trial->address, fault);
	return throttle_take(connection, &throttle_application_client, trial->client, allowed_r,
			     fault) &&
	       (*allowed_r ||
		activity_note_throttled(connection, &throttle_application_client, trial->client,
					network, trial->address, fault));
}

static bool
count_no_more(const struct trial *trial, struct fault *fault)
{
	return throttle_forget(trial->connection, &throttle_application_client, trial->client,
			       fault) &&
	       throttle_give_back(trial->connection, &throttle_application_network,
				  trial->attempt->network, fault);
}

static bool
note_wrong(const struct trial *trial, struct fault *fault)
{
	return activity_add(trial->connection, "somebody", trial->attempt->network, trial->address,
			    "wrong application password", NULL, fault);
}

static bool
note_network(const struct trial *trial, const struct application_entry *entry, struct fault *fault)
{
	const char *network = trial->attempt->network, *account = entry->account.id.text;
	struct parameters parameters = {0};
	bool is_told;

	parameters_text(&parameters, account);
	parameters_text(&parameters, entry->name);
	parameters_text(&parameters, network);
	return activity_add(trial->connection, trial->address, network, trial->address,
			    "signed in by mail client", entry->name, fault) &&
	       throttle_take(trial->connection, &told, account, &is_told, fault) &&
	       (!is_told ||
		connection_execute(trial->connection, &tell_owner, &parameters, NULL, fault));
}

/* All of it or nothing: a network that is known without its owner having been told would never be
 * told. */
static bool
note_entry(const struct trial *trial, const struct application_entry *entry, struct fault *fault)
{
	g_autofree char *place =
		g_strdup_printf("%s|%s", entry->password.text, trial->attempt->network);
	bool is_new;

	return transaction_begin(trial->connection, fault) &&
	       application_password_note_use(trial->connection, entry, trial->attempt->network,
					     fault) &&
	       throttle_take(trial->connection, &known_network, place, &is_new, fault) &&
	       (!is_new || note_network(trial, entry, fault)) &&
	       transaction_commit(trial->connection, fault);
}

static bool
lacks_factor(const struct settings *settings, const struct account *account)
{
	return settings->portal_factor == PORTAL_FACTOR_REQUIRED && !account->has_totp &&
	       !account->has_passkey;
}

static bool
enter(const struct trial *trial, struct application_entry *entry,
      enum application_outcome *outcome_r, struct fault *fault)
{
	const struct application_attempt *attempt = trial->attempt;
	g_autofree char *quoted = quote(attempt->user);
	bool right = false;

	if (trial->address != NULL &&
	    !application_password_enter(trial->connection, trial->address, attempt->password, entry,
					&right, fault))
		return false;
	log_info("application password is %s: network=%s, address=%s", right ? "right" : "wrong",
		 attempt->network, quoted);
	*outcome_r = APPLICATION_WRONG;
	if (!right)
		return trial->address == NULL || note_wrong(trial, fault);
	*outcome_r = lacks_factor(attempt->settings, &entry->account) ? APPLICATION_WITHOUT_FACTOR
								      : APPLICATION_SIGNED_IN;
	return count_no_more(trial, fault) &&
	       (*outcome_r != APPLICATION_SIGNED_IN || note_entry(trial, entry, fault));
}

static bool
try_password(const struct trial *trial, struct application_entry *entry,
	     enum application_outcome *outcome_r, struct fault *fault)
{
	bool allowed;

	if (!may_try(trial, &allowed, fault))
		return false;
	*outcome_r = APPLICATION_TOO_OFTEN;
	return !allowed || enter(trial, entry, outcome_r, fault);
}

bool
application_signin(struct database *database, const struct application_attempt *attempt,
		   struct application_entry *entry_r, enum application_outcome *outcome_r,
		   struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	/* What is no address finds nothing, and counts all the same. */
	g_auto(address_auto) address = {0};
	struct fault ignored;
	const bool is_address = address_parse(&address, attempt->user, &ignored);
	g_autofree char *client =
		g_strdup_printf("%s|%s", is_address ? address.key : "", attempt->network);
	const struct trial trial = {connection, attempt, is_address ? address.key : NULL, client};
	bool done;

	*entry_r = (struct application_entry){0};
	*outcome_r = APPLICATION_WRONG;
	done = connection != NULL && try_password(&trial, entry_r, outcome_r, fault);
	if (done)
		metrics_count(attempt->counter, labels[*outcome_r], 1);
	if (!done || *outcome_r != APPLICATION_SIGNED_IN)
		application_entry_clear(entry_r);
	return done;
}
