#include "delivery/signers.h"

#include "core/log.h"
#include "delivery/signable.h"

static const struct statement keys_wish = {"keys_wish", "select postseal.keys_wish($1)"};

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
find(const struct delivery_context *delivery, enum key_kind kind, struct keystore_signer *signer,
     struct fault *fault)
{
	const struct message *message = delivery->message;

	if (!keystore_signer(delivery->keystore, kind, message->sender_folded, signer, fault))
		return false;
	if (signer->key == NULL ||
	    policy_signs_for(delivery->policy, message->authenticated, message->sender_folded))
		return true;
	keystore_signer_clear(signer);
	signer->why_not = doubt(message);
	return true;
}

bool
signers_find(struct delivery_context *delivery, struct fault *fault)
{
	delivery->signable = signable_new(delivery->message, delivery->variants,
					  delivery->settings->limit_parts);
	return find(delivery, KEY_SMIME, &delivery->smime_signer, fault) &&
	       find(delivery, KEY_PGP, &delivery->pgp_signer, fault);
}

static bool
is_missing(const struct delivery_context *delivery, enum key_kind kind)
{
	const struct keystore_signer *signer =
		kind == KEY_SMIME ? &delivery->smime_signer : &delivery->pgp_signer;

	return signer->key == NULL &&
	       g_strv_contains((const char *const *)delivery->settings->ca_keys,
			       key_kind_name(kind));
}

void
signers_wish(const struct delivery_context *delivery)
{
	const struct message *message = delivery->message;
	struct parameters parameters = {0};
	g_autoptr(connection_auto) connection = NULL;
	struct fault fault;

	if (delivery->settings->ca_issue != CA_ISSUE_ON_FIRST_USE || delivery->is_outside ||
	    !keystore_is_employee(delivery->settings->domains, message->sender_folded) ||
	    !(is_missing(delivery, KEY_SMIME) || is_missing(delivery, KEY_PGP)) ||
	    !policy_signs_for(delivery->policy, message->authenticated, message->sender_folded))
		return;
	parameters_text(&parameters, message->sender_folded);
	connection = database_take(delivery->database, &fault);
	if (connection == NULL ||
	    !connection_execute(connection, &keys_wish, &parameters, NULL, &fault))
		log_warning("noting that %s lacks keys: %s", message->sender_folded, fault.text);
}

void
signers_clear(struct delivery_context *delivery)
{
	g_clear_pointer(&delivery->signable, signable_free);
	keystore_signer_clear(&delivery->smime_signer);
	keystore_signer_clear(&delivery->pgp_signer);
}
