#include "delivery/inbound/receive.h"

#include <string.h>

#include "core/network.h"
#include "delivery/inbound/harvest.h"
#include "delivery/inbound/results.h"
#include "delivery/inbound/verify.h"
#include "keystore/mailed.h"
#include "mail/subject_tags.h"

/* Is the client one of ours? The setting was checked when it was read. A client without an address
 * (sendmail(1), a Unix socket) is on this host. */
static bool
is_own_client(char *const *networks, const char *client)
{
	static const char *const here[] = {"127.0.0.0/8", "::1", NULL};
	const char *bracket = client == NULL ? NULL : strrchr(client, '[');
	g_autofree char *text =
		bracket == NULL ? NULL : g_strndup(bracket + 1, strcspn(bracket + 1, "]"));
	const char *const *const lists[] = {here, (const char *const *)networks};
	struct network network;
	struct network_address address;

	if (text == NULL || !network_address_parse(&address, text))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		for (const char *const *each = lists[i]; *each != NULL; each++)
			if (network_parse(&network, *each) && network_has(&network, &address))
				return true;
	return false;
}

static bool
is_from_outside(const struct delivery_context *delivery)
{
	const struct settings *settings = delivery->settings;
	const struct message *message = delivery->message;
	bool is_authenticated = message->authenticated != NULL && *message->authenticated != '\0';

	if (!policy_receives(delivery->policy) || is_authenticated)
		return false;
	return delivery->is_outside ||
	       !keystore_is_employee(settings->domains, message->sender_folded) ||
	       !is_own_client(settings->networks, message->client);
}

static bool
is_for_employee(const struct delivery_context *delivery)
{
	const GPtrArray *recipients = delivery->message->recipients;

	for (guint i = 0; i < recipients->len; i++)
		if (keystore_is_employee(
			    delivery->settings->domains,
			    ((const struct recipient *)g_ptr_array_index(recipients, i))->folded))
			return true;
	return false;
}

struct inbound *
inbound_new(const struct delivery_context *delivery)
{
	struct inbound *inbound;

	if (!is_from_outside(delivery) || !is_for_employee(delivery))
		return NULL;
	inbound = g_new0(struct inbound, 1);
	sealed_init(&inbound->outer, delivery->message, delivery->settings);
	inbound->mailed = g_ptr_array_new_with_free_func((GDestroyNotify)mailed_key_free);
	return inbound;
}

void
inbound_free(struct inbound *inbound)
{
	if (inbound == NULL)
		return;
	sealed_clear(&inbound->outer);
	g_free(inbound->seen_key);
	g_free(inbound->seen_address);
	g_ptr_array_unref(inbound->mailed);
	g_clear_pointer(&inbound->announced, g_ptr_array_unref);
	g_free(inbound);
}

bool
inbound_is_for(const struct inbound *inbound, const struct settings *settings,
	       const struct recipient *recipient)
{
	return inbound != NULL && keystore_is_employee(settings->domains, recipient->folded);
}

bool
inbound_was_sealed(const struct inbound *inbound)
{
	return inbound != NULL && inbound->outer.kind != SEAL_UNKNOWN &&
	       inbound->outer.kind != SEAL_NONE;
}

/* --- what is said about it --- */

enum { LINE_CHARACTERS = 60 };

/* Was the header of the message inside as well (RFC 9788 §2.1.1, and its predecessor)? */
static bool
has_protected_header(const struct message *entity)
{
	g_autofree char *type = message_field_text(entity, "Content-Type");
	GMimeContentType *parsed = g_mime_content_type_parse(NULL, type == NULL ? "" : type);
	bool has = g_mime_content_type_get_parameter(parsed, "hp") != NULL ||
		   g_mime_content_type_get_parameter(parsed, "protected-headers") != NULL;

	g_object_unref(parsed);
	return has;
}

/* The value of the subject that the sender gave the message, or NULL. */
static const char *
own_subject(const struct delivery_context *delivery, const struct copy *copy, bool *is_inner_r)
{
	const struct message *entity = copy->opening == NULL ? NULL : copy->opening->entity;
	const struct field *subject = entity != NULL && has_protected_header(entity)
					      ? message_field(entity, "Subject")
					      : NULL;

	*is_inner_r = subject != NULL;
	if (subject == NULL)
		subject = message_field(delivery->message, "Subject");
	return subject == NULL ? NULL : subject->value;
}

/* The tags that the rule puts into the subject; caller frees. */
static char *
marks_for(const struct copy *copy, const struct signature *signature)
{
	const struct policy_decision *decision = &copy->decision;
	const char *encrypted = copy->opening != NULL ? decision->mark_encrypted : NULL;
	const char *is_signed = signature->worth == SIGNATURE_PASS ? decision->mark_signed : NULL;

	if (encrypted == NULL && is_signed == NULL)
		return NULL;
	return g_strconcat(encrypted == NULL ? "" : encrypted,
			   encrypted != NULL && is_signed != NULL ? " " : "",
			   is_signed == NULL ? "" : is_signed, NULL);
}

static char *
subject_for(const struct delivery_context *delivery, const struct copy *copy,
	    const struct signature *signature)
{
	g_autofree char *mark = marks_for(copy, signature);
	bool is_inner;
	const char *value = own_subject(delivery, copy, &is_inner);
	g_autofree char *without =
		value == NULL ? NULL : subject_tags_remove(value, policy_marks(delivery->policy));
	GString *subject;

	if (without != NULL)
		value = without;
	if (mark == NULL)
		return is_inner ? g_strdup(value) : NULL;
	subject = g_string_new(NULL);
	g_string_append_printf(subject, " %s", mark);
	if (value != NULL && strcspn(value, "\n") > LINE_CHARACTERS && g_ascii_isspace(*value))
		g_string_append_c(subject, '\n');
	return g_string_free(g_string_append(subject, value == NULL ? "" : value), FALSE);
}

/* For the record: what the signature was worth. */
static void
add_to_reason(struct copy *copy, const struct signature *signature)
{
	GString *reason = g_string_new(copy->reason);

	if (signature->worth == SIGNATURE_NONE)
		g_string_append(reason, "; not signed");
	else
		g_string_append_printf(reason, "; signature: %s",
				       signature_worth_word(signature->worth));
	if (signature->fingerprint != NULL)
		g_string_append_printf(reason, ", made with %s", signature->fingerprint);
	if (signature->why != NULL)
		g_string_append_printf(reason, ", %s", signature->why);
	g_free(copy->reason);
	copy->reason = g_string_free(reason, FALSE);
}

bool
inbound_describe(const struct delivery_context *delivery, struct copy *copy, struct fault *fault)
{
	struct sealed *sealed = copy->opening == NULL ? &delivery->inbound->outer
						      : (struct sealed *)&copy->opening->inner;
	struct signature signature = {0};
	bool verified =
		sealed_find_kind(&delivery->inbound->outer, fault) &&
		verify_signature(sealed, delivery, copy->recipient->folded, &signature, fault);

	if (verified) {
		copy->apart_by = copy->decision.rule;
		copy->is_reported_by_us = inbound_was_sealed(delivery->inbound);
		copy->subject = subject_for(delivery, copy, &signature);
		copy->results =
			results_text(delivery->settings,
				     copy->opening == NULL ? NULL : copy->reason, &signature);
		add_to_reason(copy, &signature);
		verified = harvest_note(delivery, sealed, &signature, fault);
	}
	signature_clear(&signature);
	return verified || fault_within(fault, "checking the signature of the message");
}
