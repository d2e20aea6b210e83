#include "delivery/methods/recipient_keys.h"

#include <string.h>

bool
recipient_keys_take(const struct surroundings *around, struct copy *copy, enum key_kind kind,
		    const char *what, bool *possible_r, char **why_r, struct fault *fault)
{
	struct keystore_answer answer;

	*possible_r = false;
	if (!keystore_find(around->keystore, kind, copy->recipient->folded,
			   keystore_is_employee(around->settings->domains, copy->recipient->folded),
			   &answer, fault))
		return false;
	*possible_r = answer.keys->len > 0;
	if (*possible_r)
		copy->keys = g_ptr_array_ref(answer.keys);
	else if (answer.passed_over == NULL)
		*why_r = g_strdup_printf("no %s", what);
	else
		*why_r = g_strdup_printf("no usable %s (%s)", what, answer.passed_over);
	keystore_answer_clear(&answer);
	return true;
}

bool
recipient_keys_check(const struct group *group, const char *what, struct fault *fault)
{
	time_t now = time(NULL);

	for (guint i = 0; i < group->keys->len; i++) {
		const struct key *key = g_ptr_array_index(group->keys, i);
		g_autofree char *why = NULL;

		if (!key_is_usable(key, KEY_ENCRYPTS, now, &why))
			return fault_set(fault, FAULT_CRYPTO, "sealing to the %s %s: %s", what,
					 key->fingerprint, why);
	}
	return true;
}

static bool
is_author(const struct surroundings *around)
{
	return around->from != NULL && strcmp(around->from, around->message->sender_folded) == 0;
}

const struct key *
author_key(const struct surroundings *around, const struct keystore_signer *signer)
{
	return is_author(around) ? signer->key : NULL;
}

char *
author_reason(const struct surroundings *around, const struct keystore_signer *signer)
{
	if (signer->key == NULL && signer->why_not == NULL)
		return g_strdup("");
	if (!is_author(around))
		return g_strdup(", not signed: the author in From is not the sender");
	return signer->key != NULL ? g_strdup_printf(", signed by %.16s", signer->key->fingerprint)
				   : g_strdup_printf(", not signed: %s", signer->why_not);
}
