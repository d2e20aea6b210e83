#include "delivery/dispatch.h"

#include "core/crash.h"
#include "core/metrics.h"
#include "delivery/commit/commit.h"
#include "delivery/inbound/harvest.h"
#include "delivery/offer.h"
#include "delivery/outbox/decided.h"
#include "delivery/outbox/outbox.h"
#include "delivery/pass.h"

enum { DAY_SECONDS = 86400 };
enum { OFFERS_MAX = 3 }; /* of the same content at the same time */

/* --- the variant in place --- */

static bool
make_in_place(struct dispatch *dispatch, const struct delivery_context *delivery,
	      struct fault *fault)
{
	const struct group *group = NULL;
	gint64 begun;

	variant_clear(&dispatch->variant);
	g_clear_pointer(&dispatch->body, spool_free);
	for (guint i = 0; i < dispatch->plan.groups->len && group == NULL; i++) {
		const struct group *each = g_ptr_array_index(dispatch->plan.groups, i);

		if (each->in_place)
			group = each;
	}
	dispatch->in_place = group;
	if (group == NULL)
		return true;
	variant_init(&dispatch->variant, delivery, group, dispatch->plan.tags);
	if (!group_has_new_content(group))
		return true;
	begun = metrics_begin();
	dispatch->body = spool_new(delivery->variants);
	if (!variant_write_body(delivery, group, spool_sink(dispatch->body), fault))
		return false;
	metrics_end(begun, METRIC_PHASE, "phase=\"seal\"");
	return true;
}

/* --- what the MTA may offer again in a second pass --- */

static bool
imprint_in_place(const struct commit *commit, unsigned char imprint_r[IMPRINT_BYTES],
		 struct fault *fault)
{
	const struct message *message = commit->delivery->message;
	const struct dispatch *dispatch = commit->dispatch;
	struct imprint_sink imprint;
	bool done;

	imprint_sink_init(&imprint, message->sender, NULL);
	done = variant_write_header(&dispatch->variant, message, &imprint.sink, fault) &&
	       spool_copy(dispatch->body == NULL ? message->body : dispatch->body, 0, &imprint.sink,
			  fault);
	if (done)
		imprint_sink_end(&imprint, imprint_r);
	imprint_sink_clear(&imprint);
	return done;
}

static bool
note_decided(const struct commit *commit, struct fault *fault)
{
	const struct dispatch *dispatch = commit->dispatch;
	const struct delivery_context *delivery = commit->delivery;
	const uint64_t lifetime = delivery->settings->queue_lifetime + DAY_SECONDS;
	unsigned char imprint[IMPRINT_BYTES];

	if (!pass_note(commit->connection, delivery, dispatch->plan.copies, lifetime, fault))
		return false;
	if (!delivery->second_pass || dispatch->in_place == NULL)
		return true;
	if (!imprint_in_place(commit, imprint, fault))
		return false;
	for (guint i = 0; i < dispatch->in_place->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(dispatch->in_place->copies, i);
		const struct decided decided = {.address = copy->recipient->folded,
						.kind = (char *)"copy",
						.copy = (char *)copy->id.text};

		if (!decided_note(commit->connection, imprint, &decided, lifetime, fault))
			return false;
	}
	return true;
}

/* --- one commit --- */

static bool
put_groups(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *groups = commit->dispatch->plan.groups;

	for (guint i = 0; i < groups->len; i++) {
		const struct group *group = g_ptr_array_index(groups, i);
		bool done = true;

		if (group->method->carriage == CARRIED_IN_PARCEL)
			done = commit_park(commit, group, fault);
		else if (group->method->carriage == CARRIED_ONCE_APPROVED)
			done = commit_hold(commit, group, fault);
		else if (!group->in_place)
			done = commit_queue(commit, group, fault);
		if (!done)
			return false;
	}
	return true;
}

/* *known_r: the message is on record from an earlier offer, so nothing was committed. */
static bool
commit_all(struct dispatch *dispatch, const struct delivery_context *delivery,
	   struct audit_message *message, bool again, bool *known_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take_grouped(delivery->database);
	const struct commit commit = {dispatch, delivery, message, connection, NULL};
	gint64 begun = metrics_begin();

	*known_r = false;
	crash_point("milter-before-commit");
	if (batch_begin(connection, fault) && commit_record(&commit, again, fault) &&
	    (dispatch->plan.refused != NULL ||
	     (put_groups(&commit, fault) && commit_tell_refused(&commit, fault) &&
	      note_decided(&commit, fault) &&
	      harvest(connection, delivery->inbound, message->id.text, fault) &&
	      (again || commit_tell_sender(&commit, fault)))) &&
	    batch_commit(connection, fault)) {
		crash_point("milter-after-commit");
		metrics_end(begun, METRIC_PHASE, "phase=\"commit\"");
		return true;
	}
	*known_r = !again && audit_is_known(connection);
	return false;
}

/* --- offered again --- */

/* Copies that are in the database, or were in the outbox, stay as they are; what was left with the
 * MTA in place is made again. A copy that never reached its recipient becomes a new one: an MTA
 * that holds mail does not log that it has it, so this may be the sender sending the message again.
 */
static void
recognise(struct plan *plan, const GPtrArray *earlier)
{
	for (guint i = 0; i < earlier->len; i++) {
		const struct audit_earlier *before = g_ptr_array_index(earlier, i);
		struct copy *copy = plan_copy(plan, before->address);

		if (copy == NULL || before->is_over)
			continue;
		copy->already_committed = !before->is_in_place;
		if (copy->already_committed)
			copy->id = before->id;
		else
			copy->earlier = before->id;
	}
}

static bool
dispatch_again(struct dispatch *dispatch, const struct delivery_context *delivery,
	       struct audit_message *message, struct fault *fault)
{
	g_autoptr(GPtrArray) earlier = NULL;
	bool known;

	{
		g_autoptr(connection_auto) connection = database_take(delivery->database, fault);

		if (connection == NULL || !audit_find_earlier(connection, message, &earlier, fault))
			return false;
	}
	if (earlier == NULL)
		return fault_set(fault, FAULT_BUSY,
				 "the record of an earlier offer is gone already");
	recognise(&dispatch->plan, earlier);
	plan_group(&dispatch->plan);
	return make_in_place(dispatch, delivery, fault) &&
	       commit_all(dispatch, delivery, message, true, &known, fault);
}

/* Nobody would hear that this offer was accepted: the client makes another one, which may have been
 * accepted meanwhile. */
static bool
is_awaited(const struct delivery_context *delivery, struct fault *fault)
{
	return delivery->is_awaited(delivery->mta) ||
	       fault_set(fault, FAULT_PEER, "recording the message: the MTA has given up waiting");
}

/* Someone may send the same thing again, which is a new message; the MTA may offer a message again,
 * which is not. */
static bool
commit_offer(struct dispatch *dispatch, const struct delivery_context *delivery,
	     struct audit_message *message, struct fault *fault)
{
	bool known, again;

	for (int i = 0; i < OFFERS_MAX; i++) {
		if (!pass_is_taken(delivery, dispatch->plan.copies, message->identity,
				   &dispatch->is_taken, fault))
			return false;
		if (dispatch->is_taken)
			return true;
		if (!is_awaited(delivery, fault))
			return false;
		if (commit_all(dispatch, delivery, message, false, &known, fault))
			return true;
		if (!known ||
		    !offer_is_again(delivery->database, message->identity, &again, fault) ||
		    !is_awaited(delivery, fault))
			return false;
		if (again)
			return dispatch_again(dispatch, delivery, message, fault);
	}
	return fault_set(fault, FAULT_BUSY,
			 "recording the message: the same one arrives again and again");
}

bool
dispatch_message(struct dispatch *dispatch, const struct delivery_context *delivery,
		 struct audit_message *message, struct fault *fault)
{
	bool known;

	gint64 begun = metrics_begin();

	*dispatch = (struct dispatch){0};
	if (!plan_init(&dispatch->plan, delivery, fault))
		return false;
	metrics_end(begun, METRIC_PHASE, "phase=\"decide\"");
	if (dispatch->plan.refused != NULL) {
		message->identity = NULL; /* it may be offered again and decided differently */
		return commit_all(dispatch, delivery, message, false, &known, fault);
	}
	plan_group(&dispatch->plan);
	return make_in_place(dispatch, delivery, fault) &&
	       commit_offer(dispatch, delivery, message, fault);
}

/* --- what was approved --- */

static bool
commit_approved(const struct commit *commit, struct fault *fault)
{
	const bool is_refused = commit->dispatch->plan.refused != NULL;

	crash_point("milter-before-release");
	if (!batch_begin(commit->connection, fault) ||
	    !approval_done(commit->connection, commit->approval->id.text, fault) ||
	    !commit_record_copies(commit, fault) ||
	    !(is_refused ? commit_tell_not_sent(commit, fault)
			 : put_groups(commit, fault) && commit_tell_refused(commit, fault) &&
				   commit_tell_released(commit, fault)) ||
	    !batch_commit(commit->connection, fault))
		return false;
	crash_point("milter-after-release");
	return true;
}

bool
dispatch_approved(struct dispatch *dispatch, const struct delivery_context *delivery,
		  struct audit_message *message, const struct approval *approval,
		  struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	*dispatch = (struct dispatch){0};
	if (!plan_init(&dispatch->plan, delivery, fault))
		return false;
	if (dispatch->plan.refused == NULL)
		plan_group(&dispatch->plan);
	connection = database_take_grouped(delivery->database);
	return commit_approved(
		&(const struct commit){dispatch, delivery, message, connection, approval}, fault);
}

void
dispatch_clear(struct dispatch *dispatch)
{
	plan_clear(&dispatch->plan);
	variant_clear(&dispatch->variant);
	g_clear_pointer(&dispatch->body, spool_free);
}
