#include "keystore/store/store.h"

#include <string.h>

#include "core/log.h"
#include "keystore/certificate.h"
#include "keystore/remote_key.h"

static const struct statement key_authorities = {
	"key_authorities",
	"select content, role = 'root', trust, revocation from postseal.key where role in ('root', 'intermediate') "
	"union all select content, false, 'domain', null from postseal.key_between"};

/* What the authority was imported with, or else the setting. */
static enum revocation
revocation_of(const struct keystore *keystore, const char *word)
{
	if (word == NULL)
		return keystore->revocation;
	return strcmp(word, "hard") == 0   ? REVOCATION_HARD
	       : strcmp(word, "soft") == 0 ? REVOCATION_SOFT
					   : REVOCATION_OFF;
}

struct authorities *
store_load_authorities(const struct keystore *keystore, struct connection *connection,
		       struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	struct authorities *authorities;

	if (!connection_execute(connection, &key_authorities, NULL, &result, fault))
		return NULL;
	authorities = authorities_new();
	for (int row = 0; row < PQntuples(result); row++) {
		g_autoptr(X509) certificate = certificate_in_row(result, row, 0);

		if (certificate != NULL && result_flag(result, row, 1))
			authorities_add_root(authorities, certificate,
					     trust_level_named(PQgetvalue(result, row, 2)),
					     revocation_of(keystore, result_text(result, row, 3)));
		else if (certificate != NULL)
			authorities_add_intermediate(authorities, certificate);
	}
	return authorities;
}

/* For S/MIME, a stand-in that asks the keeper; gpg asks the keeper's agent itself. */
static void
find_private_key(const struct keystore *keystore, struct key *key)
{
	struct fault fault;

	if (!key->is_ours || key->cannot_sign != NULL)
		return;
	if (keystore->keeper == NULL) {
		key->cannot_sign = g_strdup("there is no keeper of private keys here");
		return;
	}
	if (key->kind != KEY_SMIME)
		return;
	key->private_key =
		remote_key_new(keystore->keeper, key->certificate, key->fingerprint, &fault);
	if (key->private_key == NULL) {
		log_warning("%s", fault.text);
		key->cannot_sign = g_strdup(fault.text);
	}
}

/* What a chain says of whose the key is. For an address that is not in the certificate, or a whole
 * domain, nobody but the admin says that it is the person's. */
static enum trust_level
worth_of(const struct key *key, const struct authority_chain *chain)
{
	if (key->source->is_by_word)
		return TRUST_NONE;
	return key->source->is_always_last ? MIN(chain->trust, TRUST_DOMAIN) : chain->trust;
}

/* The chain limits the validity period; without one, only keys that an admin pinned or that an
 * owner has claimed are accepted. */
static void
check_chain(const struct authorities *authorities, struct key *key, enum revocation *revocation_r)
{
	struct authority_chain chain;
	g_autofree char *why = NULL;

	if (key->cannot_encrypt != NULL && key->cannot_sign != NULL)
		return;
	if (authorities_verify(authorities, key->certificate, NULL, &chain, &why)) {
		key->chain = chain.certificates;
		key->not_before = chain.from;
		key->not_after = key->signs_until = chain.until;
		key->attested = true;
		key->by_authority = worth_of(key, &chain);
		key->authority = chain.root;
		*revocation_r = chain.revocation;
		return;
	}
	if (key->pinned || !key->attested)
		return;
	if (key->cannot_encrypt == NULL)
		key->cannot_encrypt = g_strdup(why);
	if (key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(why);
}

char *
store_why_not_good(enum revocation revocation, const struct chain_status *status)
{
	if (status->state >= CERTIFICATE_HELD)
		return g_strdup(status->why);
	if (revocation != REVOCATION_HARD)
		return NULL;
	if (status->is_missing)
		return g_strdup(status->why);
	return status->is_unnamed
		       ? g_strdup("its chain does not say whom to ask whether it was revoked")
		       : NULL;
}

/* An admin's word takes the place of a missing answer, never that of a revocation; and what we sign
 * ourselves is not held up by it. */
static bool
check_revocation(struct connection *connection, enum revocation revocation, struct key *key,
		 time_t *until, struct fault *fault)
{
	struct chain_status status;
	g_autofree char *why = NULL;

	if (key->chain == NULL)
		return true;
	if (!status_of_chain(connection, key->chain, &status, fault))
		return false;
	why = store_why_not_good(revocation, &status);
	key->is_revoked = status.state >= CERTIFICATE_HELD;
	key->is_unchecked = status.is_missing && revocation != REVOCATION_OFF;
	if (status.until != 0 && (*until == 0 || status.until < *until))
		*until = status.until;
	if (why != NULL && key->cannot_encrypt == NULL &&
	    (status.state >= CERTIFICATE_HELD || !key->pinned)) {
		key->cannot_encrypt = g_strdup(why);
		key->needs_check = key->is_unchecked && status.state == CERTIFICATE_UNCHECKED;
	}
	if (status.state >= CERTIFICATE_HELD && key->cannot_sign == NULL)
		key->cannot_sign = g_strdup(why);
	key->checked = status.why;
	if (status.state == CERTIFICATE_UNCHECKED && revocation == REVOCATION_OFF)
		g_clear_pointer(&key->checked, g_free);
	return true;
}

bool
store_judge(const struct keystore *keystore, struct connection *connection,
	    const struct authorities *authorities, struct key *key, time_t *until,
	    struct fault *fault)
{
	enum revocation revocation = keystore->revocation;
	time_t now = time(NULL);

	if (key->kind == KEY_SMIME)
		check_chain(authorities, key, &revocation);
	if (!check_revocation(connection, revocation, key, until, fault))
		return false;
	find_private_key(keystore, key);
	for (enum key_use use = KEY_ENCRYPTS; use <= KEY_SIGNS; use++)
		key->was_in_time[use] = key_is_in_time(key, use, now);
	return true;
}
