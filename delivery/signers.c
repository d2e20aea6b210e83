#include "delivery/signers.h"

/* Why it is not established that the sender sent it; caller frees. */
static char *
doubt(const struct message *message)
{
	const char *login = message->authenticated;

	return login == NULL || *login == '\0'
		       ? g_strdup("the client has not authenticated (sign)")
		       : g_strdup_printf(
				 "%s has authenticated, but is not known to send as %s (sign)",
				 login, message->sender);
}

static bool
find(const struct surroundings *around, enum key_kind kind, struct keystore_signer *signer,
     struct fault *fault)
{
	const struct message *message = around->message;

	if (!keystore_signer(around->keystore, kind, message->sender_folded, signer, fault))
		return false;
	if (signer->key == NULL ||
	    policy_signs_for(around->policy, message->authenticated, message->sender_folded))
		return true;
	keystore_signer_clear(signer);
	signer->why_not = doubt(message);
	return true;
}

bool
signers_find(struct surroundings *around, struct fault *fault)
{
	return find(around, KEY_SMIME, &around->smime_signer, fault) &&
	       find(around, KEY_PGP, &around->pgp_signer, fault);
}

void
signers_clear(struct surroundings *around)
{
	keystore_signer_clear(&around->smime_signer);
	keystore_signer_clear(&around->pgp_signer);
}
