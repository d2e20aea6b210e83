#include "delivery/commit/commit.h"

#include "delivery/inbound/answered.h"
#include "delivery/inbound/receive.h"
#include "delivery/outbox/failure.h"

static char *
fingerprint_array(const struct copy *copy)
{
	GString *text = g_string_new("{");

	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? "," : "",
			((const struct key *)g_ptr_array_index(copy->keys, i))->fingerprint);
	return g_string_free(g_string_append_c(text, '}'), FALSE);
}

static bool
is_in_place(const struct dispatch *dispatch, const struct copy *copy)
{
	return dispatch->in_place != NULL &&
	       g_ptr_array_find(dispatch->in_place->copies, copy, NULL);
}

static enum copy_state
state_of(const struct dispatch *dispatch, const struct copy *copy)
{
	if (dispatch->plan.refused != NULL || copy->decision.refuse != NULL)
		return COPY_REFUSED;
	if (is_in_place(dispatch, copy))
		return COPY_HANDED;
	switch (copy->method->carriage) {
	case CARRIED_IN_PARCEL:
		return COPY_PARKED;
	case CARRIED_ONCE_APPROVED:
		return COPY_HELD;
	case CARRIED_AS_MAIL:
		break;
	}
	return COPY_QUEUED;
}

/* If a message is refused, nobody gets anything: the other copies say whose copy was the reason. */
char *
commit_reason(const struct dispatch *dispatch, const struct copy *copy)
{
	const struct copy *refused = dispatch->plan.refused;

	if (refused == NULL || refused == copy || copy->decision.refuse != NULL)
		return g_strdup(copy->reason);
	return g_strdup_printf("refused together with the copy for %s",
			       refused->recipient->address);
}

static const struct statement note_sender = {
	"commit_note_sender",
	"insert into postseal.tell_returned (copy, sender, envid, orcpt) values ($1, $2, $3, $4)"};

/* Who hears from us if the copy is returned. */
static bool
record_sender(const struct commit *commit, const struct copy *copy, struct fault *fault)
{
	const struct message *message = commit->delivery->message;
	struct parameters parameters = {0};

	if (!copy->is_reported_by_us || *message->sender == '\0' || copy->method == NULL ||
	    !failure_is_wanted(copy->recipient->notify))
		return true;
	parameters_text(&parameters, copy->id.text);
	parameters_text(&parameters, message->sender);
	parameters_text(&parameters, message->envid);
	parameters_text(&parameters, copy->recipient->orcpt);
	return batch_add(commit->connection, &note_sender, &parameters, fault);
}

static bool
record_copy(const struct commit *commit, const struct copy *copy, struct fault *fault)
{
	g_autoptr(json_t) trace = copy_trace(copy);
	g_autofree char *trace_text = json_dumps(trace, JSON_COMPACT);
	g_autofree char *keys = fingerprint_array(copy);
	g_autofree char *reason = commit_reason(commit->dispatch, copy);
	const struct method *method = copy->method;
	const struct key *signer = copy_signer(commit->delivery, copy);
	const struct audit_copy record = {
		.id = copy->id,
		.recipient = copy->recipient->address,
		.address = copy->recipient->folded,
		.rule_line = copy->decision.line,
		.rule = copy->decision.rule,
		.rule_name = copy->decision.name,
		.rule_file = copy->decision.file,
		.method = method == NULL ? NULL : method->name,
		.reason = reason,
		.trace = trace_text,
		.keys = keys,
		.signed_by = signer == NULL ? NULL : signer->fingerprint,
		.state = state_of(commit->dispatch, copy),
	};

	if (copy->trust.conflict != NULL &&
	    !trust_note_conflict(commit->connection, copy->recipient->folded, copy->trust.conflict,
				 commit->message->id.text, fault))
		return false;
	return audit_add_copy(commit->connection, commit->message, &record, fault) &&
	       record_sender(commit, copy, fault);
}

/* What was handed to the MTA at an earlier offer is decided again: both decisions stay on record.
 */
static bool
replace_earlier(const struct commit *commit, const struct copy *copy, struct fault *fault)
{
	return *copy->earlier.text == '\0' ||
	       audit_repeat_copy(commit->connection, copy->earlier.text, fault);
}

static bool
record_message(const struct commit *commit, struct fault *fault)
{
	const struct delivery_context *delivery = commit->delivery;
	g_autofree char *sealed_id = inbound_was_sealed(delivery->inbound)
					     ? answered_identifier(delivery->message)
					     : NULL;
	struct audit_message message = *commit->message;

	message.sealed_id = sealed_id;
	return audit_add_message(commit->connection, &message, fault);
}

bool
commit_record_copies(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *copies = commit->dispatch->plan.copies;

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (!copy->already_committed &&
		    (!replace_earlier(commit, copy, fault) || !record_copy(commit, copy, fault)))
			return false;
	}
	return true;
}

bool
commit_record(const struct commit *commit, bool again, struct fault *fault)
{
	return (again ? audit_offered_again(commit->connection, commit->message, fault)
		      : record_message(commit, fault)) &&
	       commit_record_copies(commit, fault);
}
