#include "milter/approvals.h"

#include "core/log.h"
#include "delivery/dispatch.h"
#include "delivery/signers.h"
#include "keystore/domain_tls_asking.h"
#include "mail/addresses.h"
#include "milter/rule_metrics.h"

enum { PAUSE_SECONDS = 2 };

static struct {
	struct service *service;
	GThread *thread;
	GMutex lock;
	GCond end;
	bool stop;
} approvals;

static void
tell(const struct dispatch *dispatch, const struct approval *approval)
{
	const GPtrArray *copies = dispatch->plan.copies;

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		log_info("%s: approved by %s: to=<%s>, method=%s, rule=%u, reason=%s",
			 approval->record.text, approval->by, copy->recipient->address,
			 copy->method == NULL || dispatch->plan.refused != NULL
				 ? "none"
				 : copy->method->name,
			 copy->decision.line, copy->reason == NULL ? "" : copy->reason);
		rule_metrics_count(&copy->decision);
	}
}

static bool
decide(const struct approval *approval, struct policy *policy, const struct spool_settings *spool,
       struct fault *fault)
{
	struct service *service = approvals.service;
	const struct message *message = approval->message;
	g_autofree char *from = addresses_from(message);
	g_autofree char *message_id = message_field_text(message, "Message-ID");
	struct delivery_context delivery = {
		.settings = policy_settings(policy),
		.policy = policy,
		.database = service->database,
		.keystore = service->keystore,
		.reader = service->reader,
		.discovery = service->discovery,
		.revocation = service->revocation,
		.asks_for_tls = domain_tls_is_asked(policy_settings(policy)),
		.courier = ring_sealing(service->courier),
		.login = ring_sealing(service->login),
		.variants = spool,
		.message = message,
		.from = from,
		.outside_client = approval->outside_client,
		.approved = (const char *const *)approval->approved,
		.place_is_taken = true,
	};
	struct audit_message record = {.id = approval->record,
				       .offer = approval->offer,
				       .message_id = message_id,
				       .sender = message->sender,
				       .policy = policy_digest(policy)};
	struct dispatch dispatch = {0};
	bool decided = signers_find(&delivery, fault) &&
		       dispatch_approved(&dispatch, &delivery, &record, approval, fault);

	if (decided)
		tell(&dispatch, approval);
	dispatch_clear(&dispatch);
	signers_clear(&delivery);
	return decided;
}

/* *more_r: there was one. */
static bool
release_one(bool *more_r, struct fault *fault)
{
	struct service *service = approvals.service;
	g_autoptr(policy_auto) policy = service_policy(service);
	const struct settings *settings = policy_settings(policy);
	const struct spool_settings spool = {.directory = settings->spool_directory,
					     .memory_max = settings->spool_memory};
	g_autoptr(approval_auto) approval = NULL;
	struct fault ignored;

	*more_r = false;
	if (!approval_take(service->database, service->login, &spool, &approval, fault))
		return false;
	*more_r = approval != NULL;
	if (approval == NULL || decide(approval, policy, &spool, fault))
		return true;
	fault_within(fault, "sending the message %s, which was approved", approval->record.text);
	approval_put_off(service->database, approval->id.text, fault->text, &ignored);
	return false;
}

/* False: the program is to stop. */
static bool
wait_for_more(unsigned seconds)
{
	gint64 limit = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
	bool go_on;

	g_mutex_lock(&approvals.lock);
	while (!approvals.stop && g_cond_wait_until(&approvals.end, &approvals.lock, limit))
		;
	go_on = !approvals.stop;
	g_mutex_unlock(&approvals.lock);
	return go_on;
}

/* The same trouble, such as a database that is down, is logged once. */
static gpointer
release_all(gpointer unused)
{
	g_autofree char *trouble = NULL;

	(void)unused;
	do {
		struct fault fault;
		bool more, good;

		do
			good = release_one(&more, &fault);
		while (good && more && wait_for_more(0));
		if (!good && g_strcmp0(trouble, fault.text) != 0)
			log_warning("%s", fault.text);
		g_free(trouble);
		trouble = good ? NULL : g_strdup(fault.text);
	} while (wait_for_more(PAUSE_SECONDS));
	return NULL;
}

void
approvals_start(struct service *service)
{
	approvals.service = service;
	approvals.thread = g_thread_new("approvals", release_all, NULL);
}

void
approvals_stop(void)
{
	g_mutex_lock(&approvals.lock);
	approvals.stop = true;
	g_cond_signal(&approvals.end);
	g_mutex_unlock(&approvals.lock);
	g_thread_join(approvals.thread);
}
