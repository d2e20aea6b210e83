#include "delivery/inbound/harvest.h"

#include <string.h>

#include "core/address.h"
#include "delivery/inbound/carried.h"
#include "delivery/inbound/results.h"
#include "delivery/methods/pgp/decrypt.h"
#include "keystore/answers.h"
#include "keystore/mailed.h"
#include "keystore/trust.h"

/* --- taking note --- */

/* What a good signature proves is a statement about its key, made when the message is committed. */
static void
note_seen(struct inbound *inbound, struct signature *signature)
{
	if (signature->mailed != NULL)
		g_ptr_array_add(inbound->mailed, g_steal_pointer(&signature->mailed));
	if (signature->worth != SIGNATURE_PASS || inbound->seen_key != NULL)
		return;
	inbound->seen_kind = signature->kind;
	inbound->seen_key = g_strdup(signature->fingerprint);
	inbound->seen_address = g_strdup(signature->address);
}

static bool
has_signed(const GPtrArray *signatures, const char *fingerprint)
{
	for (guint i = 0; signatures != NULL && i < signatures->len; i++) {
		const struct pgp_signature *each = g_ptr_array_index(signatures, i);

		if (each->state == PGP_GOOD && !each->is_weak && each->fingerprint != NULL &&
		    strcmp(each->fingerprint, fingerprint) == 0)
			return true;
	}
	return false;
}

/* The ground on which the key is taken for the author's; NULL: there is none. Whoever claims an
 * address can sign with a key of their own, so a signature alone proves nothing: the domain must
 * have sent the message. */
static const char *
ground_of(const struct delivery_context *delivery, const struct sealed *sealed,
	  const struct carried_key *key)
{
	if (!results_authenticate(delivery->message, delivery->settings,
				  address_domain(delivery->from)))
		return NULL;
	if (has_signed(sealed->signed_within, key->fingerprint) ||
	    has_signed(sealed->signatures, key->fingerprint))
		return "signed mail";
	return key->is_autocrypt ? "autocrypt" : "attached";
}

static void
note_key(const struct delivery_context *delivery, const struct sealed *sealed,
	 const struct carried_key *key)
{
	const char *how = ground_of(delivery, sealed, key);
	struct mailed_key *mailed;

	if (how == NULL)
		return;
	mailed = mailed_key_new(KEY_PGP, delivery->from, how);
	mailed->content = g_bytes_ref(key->content);
	mailed->fingerprint = g_strdup(key->fingerprint);
	mailed->prefers_encryption = key->prefers_encryption;
	mailed->dated_at = carried_at(delivery->message);
	g_ptr_array_add(delivery->inbound->mailed, mailed);
}

static void
note_announced(const struct delivery_context *delivery)
{
	struct inbound *inbound = delivery->inbound;

	if (inbound->announced != NULL || message_field(delivery->message, "OpenPGP") == NULL ||
	    !carried_are_wanted(delivery) ||
	    !results_authenticate(delivery->message, delivery->settings,
				  address_domain(delivery->from)))
		return;
	inbound->announced = g_ptr_array_new_with_free_func((GDestroyNotify)key_asking_free);
	answers_ask_all(delivery->settings->keys_from, delivery->from, KEY_PGP, inbound->announced);
}

bool
harvest_note(const struct delivery_context *delivery, struct sealed *sealed,
	     struct signature *signature, struct fault *fault)
{
	g_autoptr(GPtrArray) carried = NULL;

	note_seen(delivery->inbound, signature);
	if (sealed->is_harvested)
		return true;
	note_announced(delivery);
	carried = carried_find(delivery, sealed->parts, fault);
	for (guint i = 0; carried != NULL && i < carried->len; i++)
		note_key(delivery, sealed, g_ptr_array_index(carried, i));
	sealed->is_harvested = carried != NULL;
	return carried != NULL;
}

/* --- with the commit --- */

bool
harvest(struct connection *connection, const struct inbound *inbound, const char *message,
	struct fault *fault)
{
	g_autofree char *evidence = g_strdup_printf("message %s", message);
	struct attestation attestation = {.how = "signed mail", .evidence = evidence};

	if (inbound == NULL)
		return true;
	for (guint i = 0; i < inbound->mailed->len; i++)
		if (!mailed_add(connection, g_ptr_array_index(inbound->mailed, i), message, fault))
			return false;
	if (inbound->announced != NULL &&
	    !answers_add_wanted(connection, inbound->announced, fault))
		return false;
	if (inbound->seen_key == NULL)
		return true;
	attestation.kind = key_kind_name(inbound->seen_kind);
	attestation.subject = inbound->seen_key;
	attestation.address = attestation.author = inbound->seen_address;
	return trust_attest(connection, &attestation, fault);
}
