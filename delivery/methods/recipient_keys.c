#include "delivery/methods/recipient_keys.h"

#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "keystore/trusted.h"

static void
say_why_not(const char *what, const char *passed_over, char **why_r)
{
	*why_r = passed_over == NULL ? g_strdup_printf("no %s", what)
				     : g_strdup_printf("no usable %s (%s)", what, passed_over);
}

static bool
take(const struct delivery_context *delivery, struct copy *copy, enum key_kind kind,
     const char *what, char **why_r, struct fault *fault)
{
	const char *address = copy->recipient->folded;
	struct keystore_answer answer;

	if (!keystore_find(delivery->keystore, kind, address,
			   keystore_is_employee(delivery->settings->domains, address), &answer,
			   fault))
		return false;
	if (answer.keys->len > 0)
		copy->keys = g_ptr_array_ref(answer.keys);
	else
		say_why_not(what, answer.passed_over, why_r);
	keystore_answer_clear(&answer);
	return true;
}

/* Other keys that are claimed for the address are told to the admin, whatever is used. */
static void
note_conflict(struct copy *copy, enum key_kind kind, char *conflict)
{
	g_autofree char *own = conflict;
	char *earlier = copy->trust.conflict;

	if (own == NULL)
		return;
	metrics_count(METRIC_TRUST_CONFLICTS, "", 1);
	log_warning("several %s keys are claimed for %s: %s", key_kind_name(kind),
		    copy->recipient->folded, own);
	copy->trust.conflict =
		g_strdup_printf("%s%s%s: %s", earlier == NULL ? "" : earlier,
				earlier == NULL ? "" : "; ", key_kind_name(kind), own);
	g_free(earlier);
}

static bool
take_trusted(const struct delivery_context *delivery, struct copy *copy, enum key_kind kind,
	     const char *what, char **why_r, struct fault *fault)
{
	const char *address = copy->recipient->folded;
	const struct trusted_question question = {
		.kind = kind,
		.address = address,
		.is_employee = keystore_is_employee(delivery->settings->domains, address),
		.sender = delivery->message->sender_folded,
		.asked = copy->trust.asked,
		.colleagues = delivery->settings->trust_colleagues};
	struct trusted_answer answer;
	bool done = trusted_find(delivery->keystore, delivery->database, &question, &answer, fault);

	if (done) {
		copy->trust.found = answer.found;
		note_conflict(copy, kind, g_steal_pointer(&answer.conflict));
		if (answer.keys->len > 0)
			copy->keys = g_ptr_array_ref(answer.keys);
		else
			say_why_not(what, answer.passed_over, why_r);
	}
	trusted_answer_clear(&answer);
	return done;
}

static void
count_lapse(enum key_kind kind, const char *lapse)
{
	g_autofree char *labels = NULL;

	if (lapse == NULL)
		return;
	labels = g_strdup_printf("kind=\"%s\",lapse=\"%s\"", key_kind_name(kind), lapse);
	metrics_count(METRIC_KEYS_LAPSED, labels, 1);
}

/* A revocation is told before an expiry. */
static bool
find_lapse(const struct delivery_context *delivery, struct copy *copy, enum key_kind kind,
	   struct fault *fault)
{
	g_autoptr(GPtrArray) known =
		keystore_known(delivery->keystore, kind, copy->recipient->folded, fault);
	const time_t now = time(NULL);

	if (known == NULL)
		return false;
	for (guint i = 0; i < known->len; i++) {
		const char *lapse = key_lapse(g_ptr_array_index(known, i), now);

		if (lapse != NULL && (copy->lapsed == NULL || strcmp(lapse, "revoked") == 0))
			copy->lapsed = lapse;
	}
	count_lapse(kind, copy->lapsed);
	return true;
}

bool
recipient_keys_take(const struct delivery_context *delivery, struct copy *copy, enum key_kind kind,
		    const char *what, bool *possible_r, char **why_r, struct fault *fault)
{
	bool done = copy->trust.asked == TRUST_NONE
			    ? take(delivery, copy, kind, what, why_r, fault)
			    : take_trusted(delivery, copy, kind, what, why_r, fault);

	*possible_r = done && copy->keys != NULL;
	return done && (*possible_r || find_lapse(delivery, copy, kind, fault));
}

char *
recipient_keys_trust(const struct copy *copy)
{
	if (copy->trust.asked == TRUST_NONE)
		return g_strdup("");
	return g_strdup_printf(", trust %s (the rule asks for %s)",
			       trust_level_name(copy->trust.found),
			       trust_level_name(copy->trust.asked));
}

char *
recipient_keys_checked(const struct copy *copy)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < copy->keys->len; i++) {
		const struct key *key = g_ptr_array_index(copy->keys, i);

		if (key->checked != NULL)
			g_string_append_printf(text, ", %s", key->checked);
	}
	return g_string_free(text, FALSE);
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

void
recipient_keys_expect(void)
{
	static const char *const lapses[] = {"expired", "revoked"};

	for (enum key_kind kind = KEY_SMIME; kind <= KEY_PGP; kind++)
		for (size_t i = 0; i < G_N_ELEMENTS(lapses); i++) {
			g_autofree char *labels = g_strdup_printf("kind=\"%s\",lapse=\"%s\"",
								  key_kind_name(kind), lapses[i]);

			metrics_expect(METRIC_KEYS_LAPSED, labels);
		}
}

static bool
is_author(const struct delivery_context *delivery)
{
	return delivery->from != NULL &&
	       strcmp(delivery->from, delivery->message->sender_folded) == 0;
}

const struct key *
author_key(const struct delivery_context *delivery, const struct keystore_signer *signer)
{
	return is_author(delivery) ? signer->key : NULL;
}

char *
author_reason(const struct delivery_context *delivery, const struct keystore_signer *signer)
{
	if (signer->key == NULL && signer->why_not == NULL)
		return g_strdup("");
	if (!is_author(delivery))
		return g_strdup(", not signed: the author in From is not the sender");
	return signer->key != NULL ? g_strdup_printf(", signed by %.16s", signer->key->fingerprint)
				   : g_strdup_printf(", not signed: %s", signer->why_not);
}
