#include "keystore/trust.h"

#include <string.h>

#include "core/identifier.h"

static const struct statement attestation_put = {
	"attestation_put", "select postseal.attest($1, $2, $3, $4, $5, $6, $7, $8)"};

static const struct statement attestation_end = {
	"attestation_end",
	"select postseal.attestations_revoke($1, $2, $3, $4, coalesce($4, $2), $5)"};

static const struct statement attestation_disown = {
	"attestation_disown", "select postseal.attestation_disown($1, $2, $3)"};

static const struct statement doubt_put = {"trust_doubt",
					   "select postseal.trust_doubt($1, $2, $3)"};

static const struct statement conflict_put = {"trust_conflict",
					      "select postseal.trust_conflict_note($1, $2, $3)"};

static const struct statement level_between = {
	"trust_level",
	"select postseal.trust_level($1, $2, $3, $4, $5::integer, nullif($6, 'none')::postseal.trust_level)"};

bool
trust_attest(struct connection *connection, const struct attestation *attestation,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, attestation->kind);
	parameters_text(&parameters, attestation->subject);
	parameters_text(&parameters, attestation->address);
	parameters_text(&parameters, attestation->author);
	parameters_text(&parameters, attestation->how);
	parameters_text(&parameters, attestation->since);
	parameters_text(&parameters, attestation->evidence);
	return batch_add(connection, &attestation_put, &parameters, fault);
}

bool
trust_revoke(struct connection *connection, const struct attestation *attestation,
	     const char *because, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, attestation->kind);
	parameters_text(&parameters, attestation->address);
	parameters_text(&parameters, attestation->subject);
	parameters_text(&parameters, attestation->author);
	parameters_text(&parameters, because);
	return batch_add(connection, &attestation_end, &parameters, fault);
}

bool
trust_disown(struct connection *connection, const char *statement, const char *address,
	     const char *because, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, statement);
	parameters_text(&parameters, address);
	parameters_text(&parameters, because);
	return batch_add(connection, &attestation_disown, &parameters, fault);
}

bool
trust_doubt(struct connection *connection, const char *sender, const char *address,
	    const char *because, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, sender);
	parameters_text(&parameters, address);
	parameters_text(&parameters, because);
	return batch_add(connection, &doubt_put, &parameters, fault);
}

/* --- levels --- */

static const char *const names[TRUST_LEVELS] = {
	[TRUST_NONE] = "none",
	[TRUST_SEEN] = "seen",
	[TRUST_DOMAIN] = "domain",
	[TRUST_COLLEAGUE] = "colleague",
	[TRUST_ORGANISATION] = "organisation",
	[TRUST_PERSONAL] = "personal",
};

const char *
trust_level_name(enum trust_level level)
{
	return names[level];
}

enum trust_level
trust_level_named(const char *name)
{
	enum trust_level level = TRUST_NONE;

	while (level < TRUST_LEVELS && strcmp(names[level], name) != 0)
		level++;
	return level;
}

bool
trust_level_find(struct connection *connection, const struct trust_question *question,
		 enum trust_level *level_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, question->sender);
	parameters_text(&parameters, question->kind);
	parameters_text(&parameters, question->subject);
	parameters_text(&parameters, question->address);
	parameters_number(&parameters, (int64_t)question->colleagues);
	parameters_text(&parameters, trust_level_name(question->by_authority));
	if (!connection_execute(connection, &level_between, &parameters, &result, fault))
		return fault_within(fault, "asking how far %s may trust the key %.16s of %s",
				    question->sender, question->subject, question->address);
	*level_r = trust_level_named(PQgetvalue(result, 0, 0));
	return *level_r < TRUST_LEVELS ||
	       fault_set(fault, FAULT_BUG, "asking how far %s may trust a key: found the level %s",
			 question->sender, PQgetvalue(result, 0, 0));
}

bool
trust_note_conflict(struct connection *connection, const char *address, const char *claims,
		    const char *message, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, address);
	parameters_text(&parameters, claims);
	parameters_text(&parameters, message);
	return batch_add(connection, &conflict_put, &parameters, fault);
}
