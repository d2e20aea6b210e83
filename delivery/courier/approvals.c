/* Refuses what nobody approved in time, and tells senders what was not sent. */
#include <jansson.h>
#include <string.h>

#include "core/address.h"
#include "core/crash.h"
#include "delivery/approval/approval_mail.h"
#include "delivery/courier/chore.h"
#include "delivery/outbox/deputy.h"

static const struct statement expire = {"approvals_expire", "select postseal.approvals_expire($1)"};
static const struct statement close_one = {"approval_close", "select postseal.approval_close()"};

static const struct statement closed = {
	"approval_closed",
	"select a.message, a.sender, a.smtputf8, a.reason, a.decision, a.decided_by, a.decided_because, m.message_id,"
	" (select json_agg(c.address order by c.number) from postseal.approval_copy c where c.approval = a.id) "
	"from postseal.approval a left join postseal.message m on m.id = a.message where a.id = $1"};
enum { MESSAGE, SENDER, SMTPUTF8, REASON, DECISION, BY, BECAUSE, MESSAGE_ID, RECIPIENTS };

/* Whoever recalled their own message knows it. */
static bool
tell_outcome(const struct approval_mail *mail, const PGresult *row, struct fault *fault)
{
	const char *by = result_text(row, 0, BY), *sender = mail->notice->sender,
		   *deputy = mail->notice->deputy;
	g_autofree char *folded = by == NULL ? NULL : address_fold(by);
	g_autofree char *own = address_fold(sender);

	if (strcmp(PQgetvalue(row, 0, DECISION), "recalled") != 0)
		return approval_tell_refused(mail, by, result_text(row, 0, BECAUSE), fault);
	return g_strcmp0(folded, own) == 0 || (deputy != NULL && g_strcmp0(by, deputy) == 0) ||
	       approval_tell_recalled(mail, by == NULL ? "" : by, fault);
}

static bool
put_mail(const struct courier *courier, struct connection *connection, const PGresult *row,
	 struct fault *fault)
{
	g_autofree char *deputy = NULL;
	g_autoptr(json_t) list = json_loads(PQgetvalue(row, 0, RECIPIENTS), 0, NULL);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	struct notice notice = {.settings = courier->settings,
				.courier = ring_sealing(courier->ring),
				.connection = connection,
				.message = PQgetvalue(row, 0, MESSAGE),
				.sender = PQgetvalue(row, 0, SENDER),
				.smtputf8 = result_flag(row, 0, SMTPUTF8)};
	const struct approval_mail mail = {.notice = &notice,
					   .recipients = recipients,
					   .reason = PQgetvalue(row, 0, REASON),
					   .references = result_text(row, 0, MESSAGE_ID)};
	json_t *address;
	size_t i;

	json_array_foreach(list, i, address)
		g_ptr_array_add(recipients, (gpointer)json_string_value(address));
	if (!deputy_find(connection, notice.sender, &deputy, fault))
		return false;
	notice.deputy = deputy;
	notice.smtputf8 |= !g_str_is_ascii(deputy == NULL ? notice.sender : deputy);
	return batch_begin(connection, fault) && tell_outcome(&mail, row, fault) &&
	       batch_commit(connection, fault);
}

static bool
tell(const struct courier *courier, struct connection *connection, const char *id,
     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) row = NULL;

	parameters_text(&parameters, id);
	return connection_execute(connection, &closed, &parameters, &row, fault) &&
	       put_mail(courier, connection, row, fault);
}

static bool
close_and_tell(const struct courier *courier, struct connection *connection, const char *id,
	       struct fault *fault)
{
	crash_point("courier-before-closing");
	if (!tell(courier, connection, id, fault))
		return false;
	crash_point("courier-in-closing");
	if (!transaction_commit(connection, fault))
		return false;
	crash_point("courier-after-closing");
	return true;
}

static bool
run(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);
	g_autoptr(PGresult) id = NULL;
	struct parameters lifetime = {0};

	parameters_number(&lifetime, (int64_t)courier->settings->queue_lifetime);
	/* A mail that cannot be written keeps nobody else's time from running out. */
	if (connection == NULL ||
	    !connection_execute(connection, &expire, &lifetime, NULL, fault) ||
	    !transaction_begin(connection, fault) ||
	    !connection_execute(connection, &close_one, NULL, &id, fault))
		return false;
	*more_r = !PQgetisnull(id, 0, 0);
	return *more_r ? close_and_tell(courier, connection, PQgetvalue(id, 0, 0), fault)
		       : transaction_commit(connection, fault);
}

const struct chore chore_approvals = {
	.name = "telling senders what was refused", .seconds = 5, .run = run};
