#include "milter/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/metrics.h"
#include "delivery/dispatch.h"
#include "delivery/inbound/receive.h"
#include "delivery/signers.h"
#include "keystore/domain_tls.h"
#include "mail/addresses.h"
#include "milter/heard.h"
#include "milter/known.h"
#include "milter/login.h"
#include "milter/member_login.h"
#include "milter/reading.h"
#include "milter/rule_metrics.h"
#include "milter/untaken.h"
#include "milter/verdict.h"

static struct service *service;

/* A connection from the MTA, and the message that the MTA is offering. */
struct session {
	unsigned long steps; /* as negotiated */
	char *client;
	char *address;			    /* of the client, numeric; or NULL */
	struct reading senders, recipients; /* the last ones */
	bool second_pass;		    /* the recipients are final (contrib/postfix/wire) */
	bool is_outside;  /* milters that sign see a client that is not this machine */
	bool comes_again; /* the MTA will offer this message again, with its addresses expanded */
	struct policy *policy; /* for the current message */
	struct spool_settings body, variants;
	struct message *message;
	uint64_t size_limit;   /* of the MTA, in bytes; 0: none is known */
	bool is_of_first_pass; /* it has the note of the first pass, of which `pass` is the digest
				*/
	unsigned char pass[LOGIN_PASS_BYTES];
	bool queued;	    /* it was already in the MTA's queue: nobody sees our replies to RCPT */
	struct fault fault; /* why the message cannot be accepted */
	struct offered answered; /* the previous message, if the MTA was told that it is taken care
				    of; or empty */
};

/* The MTA has gone on, or has ended the connection. */
static void
note_heard(struct session *session)
{
	if (*session->answered.message.text != '\0')
		heard_note(&session->answered);
	*session->answered.message.text = '\0';
}

static void
note_answered(struct session *session, const struct identifier *message,
	      const unsigned char *identity)
{
	session->answered.message = *message;
	memcpy(session->answered.identity, identity, AUDIT_IDENTITY_BYTES);
}

static void
forget_message(struct session *session)
{
	if (session->message != NULL)
		database_release_batch(service->database);
	g_clear_pointer(&session->message, message_free);
	g_clear_pointer(&session->policy, policy_unref);
	session->fault = (struct fault){0};
	session->is_of_first_pass = false;
}

/* The reply of a callback that has nothing to say: libmilter must know if the MTA does not wait for
 * one. */
static sfsistat
go_on(const struct session *session, unsigned long unanswered)
{
	return (session->steps & unanswered) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* --- negotiation --- */

static sfsistat
negotiate(SMFICTX *context, unsigned long actions, unsigned long steps, unsigned long unused_1,
	  unsigned long unused_2, unsigned long *actions_r, unsigned long *steps_r,
	  unsigned long *unused_1_r, unsigned long *unused_2_r)
{
	const unsigned long needed =
		SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_DELRCPT | SMFIF_ADDRCPT_PAR;
	const unsigned long exact = SMFIP_HDR_LEADSPC;
	/* Replies that are not needed: addresses are refused at RCPT, everything else at the end of
	 * the message. */
	const unsigned long spared = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH |
				     SMFIP_NR_CONN | SMFIP_NR_HDR | SMFIP_NR_BODY;

	struct session *session;

	(void)unused_1;
	(void)unused_2;
	if ((actions & needed) != needed || (steps & exact) != exact) {
		log_error("the MTA does not let a milter change messages, or is too old: Postfix "
			  "2.6 or Sendmail 8.14 is required");
		return SMFIS_REJECT;
	}
	*actions_r = needed;
	*steps_r = exact | (steps & spared);
	*unused_1_r = *unused_2_r = 0;
	session = g_new0(struct session, 1);
	session->steps = *steps_r;
	smfi_setpriv(context, session);
	smfi_setsymlist(
		context, SMFIM_ENVFROM,
		(char *)"{auth_authen} {mail_addr} i v {postseal_next} {postseal_pass} {postseal_size_limit}");
	smfi_setsymlist(context, SMFIM_ENVRCPT, (char *)"{rcpt_addr}");
	smfi_setsymlist(context, SMFIM_EOM, (char *)"i");
	return SMFIS_CONTINUE;
}

/* NULL if there is no address, as on a Unix socket. Caller frees. */
static char *
client_address(const struct sockaddr *address)
{
	char number[INET6_ADDRSTRLEN];
	const void *bytes = NULL;

	if (address != NULL && address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address != NULL && address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return bytes == NULL || inet_ntop(address->sa_family, bytes, number, sizeof number) == NULL
		       ? NULL
		       : g_strdup(number);
}

static sfsistat
connected(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	struct session *session = smfi_getpriv(context);

	session->address = client_address((const struct sockaddr *)(const void *)address);
	session->client = session->address == NULL
				  ? g_strdup(host)
				  : g_strdup_printf("%s [%s]", host, session->address);
	return go_on(session, SMFIP_NR_CONN);
}

/* --- collecting --- */

/* The client is told at once, and its other recipients are accepted. For a message from the MTA's
 * own queue, where sendmail(1) puts it, Postfix can refuse only the whole message, and only at its
 * end; Sendmail calls the milter only when it receives by SMTP. */
static sfsistat
refuse_address(SMFICTX *context, struct session *session, const struct fault *fault)
{
	log_warning("refusing an address from %s: %s", session->client, fault->text);
	metrics_count(METRIC_ADDRESSES_REFUSED, "", 1);
	if (!session->queued)
		return verdict_refuse(context, fault);
	session->fault = *fault;
	return SMFIS_CONTINUE;
}

/* The macro names the content_filter to which Postfix will hand the message (contrib/postfix/wire).
 * If it is missing or different, there is no second pass to decide, so we decide now. */
static bool
is_first_pass(const char *next)
{
	return next != NULL && g_str_has_prefix(next, "postseal-edge:");
}

/* In two passes, the MTA says it. In a single one, milters that sign judge the client as it is, and
 * further copies of the message must look to them as the one in place did. */
static bool
is_outside(const struct session *session, const char *pass)
{
	const char *address = session->address;

	if (pass != NULL)
		return strcmp(pass, "outside") == 0;
	return session->message->authenticated == NULL && address != NULL &&
	       strcmp(address, "127.0.0.1") != 0;
}

/* Rules that one MTA can enforce may not be enforceable with the other. The version tells which it
 * is: "Postfix 3.7.11" or "8.17.1.9". An MTA that gives none is taken for the one in the settings.
 */
static bool
is_expected_mta(const struct settings *settings, const char *version, struct fault *fault)
{
	bool is_sendmail = version != NULL && g_ascii_isdigit(*version);

	return version == NULL || is_sendmail == (settings->mta == MTA_SENDMAIL) ||
	       fault_set(fault, FAULT_CONFIG,
			 "the MTA (%s) is not the one that the setting mta names", version);
}

/* What employees may send is not for members of the portal, whose messages another milter takes
 * (submission/member.h). */
static bool
is_not_of_member(const struct message *message, struct fault *fault)
{
	return !member_login_is(message->authenticated) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "the MTA asks about a message of a member of the portal, who logged in as "
		       "%s: where members send, smtpd_milters must be the setting submission milter",
		       message->authenticated);
}

/* Begins a new message, with the policy that is current now. */
static void
begin_message(SMFICTX *context, struct session *session)
{
	const struct settings *settings;
	const char *limit, *pass;

	session->policy = service_policy(service);
	settings = policy_settings(session->policy);
	session->queued =
		settings->mta == MTA_POSTFIX && smfi_getsymval(context, (char *)"i") != NULL;
	session->body = (struct spool_settings){.directory = settings->spool_directory,
						.memory_max = settings->spool_memory,
						.size_max = settings->limit_message};
	session->variants = session->body;
	session->variants.size_max = 0;
	session->message = message_new(&session->body);
	database_expect_batch(service->database);
	session->message->client = g_strdup(session->client);
	session->message->authenticated =
		g_strdup(smfi_getsymval(context, (char *)"{auth_authen}"));
	pass = smfi_getsymval(context, (char *)"{postseal_pass}");
	session->second_pass = pass != NULL;
	session->is_outside = is_outside(session, pass);
	limit = smfi_getsymval(context, (char *)"{postseal_size_limit}");
	session->size_limit = limit == NULL ? 0 : g_ascii_strtoull(limit, NULL, 10);
	session->comes_again = is_first_pass(smfi_getsymval(context, (char *)"{postseal_next}"));
}

static sfsistat
mail_from(SMFICTX *context, char **arguments)
{
	struct session *session = smfi_getpriv(context);
	const struct envelope_argument sender = {
		.path = arguments[0],
		.reading = smfi_getsymval(context, (char *)"{mail_addr}"),
		.parameters = arguments + 1};
	struct fault fault, old;
	bool is_new;

	note_heard(session);
	forget_message(session);
	reading_clear(&session->recipients);
	begin_message(context, session);
	if (!is_expected_mta(policy_settings(session->policy), smfi_getsymval(context, (char *)"v"),
			     &fault) ||
	    !is_not_of_member(session->message, &fault)) {
		log_error("deferring all mail of %s: %s", session->client, fault.text);
		return verdict_refuse(context, &fault);
	}
	is_new = reading_is_new(&session->senders, &sender, &old);
	return message_set_sender(session->message, &sender, &fault)
		       ? SMFIS_CONTINUE
		       : refuse_address(context, session, is_new ? &fault : &old);
}

static sfsistat
recipient(SMFICTX *context, char **arguments)
{
	struct session *session = smfi_getpriv(context);
	const struct envelope_argument named = {
		.path = arguments[0],
		.reading = smfi_getsymval(context, (char *)"{rcpt_addr}"),
		.parameters = arguments + 1};
	uint64_t limit = policy_settings(session->policy)->limit_recipients;
	struct fault fault, old;
	bool is_new = reading_is_new(&session->recipients, &named, &old);

	if (session->message->recipients->len >= limit)
		fault_set(&session->fault, FAULT_TOO_BIG,
			  "The message has more than %llu recipients (limit recipients).",
			  (unsigned long long)limit);
	else if (!message_add_recipient(session->message, &named, &fault))
		return refuse_address(context, session, is_new ? &fault : &old);
	return SMFIS_CONTINUE;
}

static sfsistat
header(SMFICTX *context, char *name, char *value)
{
	struct session *session = smfi_getpriv(context);
	const struct settings *settings = policy_settings(session->policy);
	size_t length = strlen(name) + strlen(value);

	if (session->message->header_size + length > settings->limit_headers)
		fault_set(&session->fault, FAULT_TOO_BIG,
			  "The header of the message is larger than %llu bytes (limit headers).",
			  (unsigned long long)settings->limit_headers);
	else if (length > settings->limit_field)
		fault_set(&session->fault, FAULT_TOO_BIG,
			  "A header field is larger than %llu bytes (limit field).",
			  (unsigned long long)settings->limit_field);
	else
		message_add_field(session->message, name, value);
	return go_on(session, SMFIP_NR_HDR);
}

static sfsistat
body(SMFICTX *context, unsigned char *data, size_t length)
{
	struct session *session = smfi_getpriv(context);

	if (session->fault.cause == FAULT_NONE)
		message_add_body(session->message, data, length, &session->fault);
	return go_on(session, SMFIP_NR_BODY);
}

/* --- the end of a message --- */

static void
log_outcome(const struct dispatch *dispatch, const struct message *message,
	    const struct audit_message *record)
{
	const struct copy *refused = dispatch->plan.refused;

	log_info("%s: message=%s, from=<%s>, size=%llu, nrcpt=%u%s%s", message->queue_id,
		 record->id.text, message->sender, (unsigned long long)record->size,
		 dispatch->plan.copies->len, refused == NULL ? "" : ", refused: ",
		 refused == NULL ? "" : dispatch->plan.refusal.text);
	for (guint i = 0; i < dispatch->plan.copies->len && refused == NULL; i++) {
		const struct copy *copy = g_ptr_array_index(dispatch->plan.copies, i);

		log_info("%s: to=<%s>, method=%s, rule=%u, reason=%s%s", message->queue_id,
			 copy->recipient->address,
			 copy->decision.refuse != NULL ? "none" : copy->method->name,
			 copy->decision.line, copy->reason,
			 copy->already_committed ? ", committed at an earlier offer" : "");
	}
}

static void
count_outcome(const struct dispatch *dispatch)
{
	for (guint i = 0; i < dispatch->plan.copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(dispatch->plan.copies, i);
		bool refused = dispatch->plan.refused != NULL || copy->decision.refuse != NULL;
		g_autofree char *labels =
			g_strdup_printf("method=\"%s\",verdict=\"%s\"",
					copy->method == NULL ? "none" : copy->method->name,
					refused ? "refused" : "accepted");

		metrics_count(METRIC_COPIES, labels, 1);
		rule_metrics_count(&copy->decision);
	}
}

static sfsistat
conclude(SMFICTX *context, struct session *session, const struct dispatch *dispatch,
	 const struct audit_message *record, const struct known *kept)
{
	const struct message *message = session->message;
	sfsistat verdict;

	if (dispatch->is_taken) {
		log_info("%s: from=<%s>: the first pass offers again what the second has taken "
			 "already: discarded",
			 message->queue_id, message->sender);
		return SMFIS_DISCARD;
	}
	log_outcome(dispatch, message, record);
	count_outcome(dispatch);
	verdict = kept == NULL || dispatch->plan.refused != NULL
			  ? verdict_apply(context, dispatch, message)
			  : verdict_without(context, message, kept->others);
	if (verdict == SMFIS_ACCEPT || verdict == SMFIS_DISCARD)
		note_answered(session, &record->id, record->identity);
	return verdict;
}

/* Telling the MTA that there is progress fails once it has closed the connection. */
static bool
is_awaited(void *context)
{
	return smfi_progress(context) == MI_SUCCESS;
}

/* `kept`: recipients for whom the message goes on unchanged, besides those decided now; or NULL. */
static sfsistat
decide(SMFICTX *context, struct session *session, const struct known *kept)
{
	struct message *message = session->message;
	g_autofree char *from = addresses_from(message);
	struct delivery_context delivery = {
		.settings = policy_settings(session->policy),
		.policy = session->policy,
		.database = service->database,
		.keystore = service->keystore,
		.reader = service->reader,
		.discovery = service->discovery,
		.revocation = service->revocation,
		.asks_for_tls = domain_tls_is_asked(policy_settings(session->policy)),
		.courier = ring_sealing(service->courier),
		.login = ring_sealing(service->login),
		.variants = &session->variants,
		.message = message,
		.from = from,
		.second_pass = session->second_pass,
		.outside_client = session->is_outside ? session->address : NULL,
		.size_limit = session->size_limit,
		.pass = session->is_of_first_pass ? session->pass : NULL,
		.place_is_taken = kept != NULL,
		.is_awaited = is_awaited,
		.mta = context};
	g_autofree char *message_id = message_field_text(message, "Message-ID");
	unsigned char identity[AUDIT_IDENTITY_BYTES];
	struct audit_message record = {.identity = identity,
				       .offer = 1,
				       .queue_id = message->queue_id,
				       .authenticated = message->authenticated,
				       .client = message->client,
				       .message_id = message_id,
				       .sender = message->sender,
				       .size = message_size(message),
				       .policy = policy_digest(session->policy)};
	struct dispatch dispatch = {0};
	sfsistat verdict;

	delivery.inbound = inbound_new(&delivery);
	identifier_make(&record.id);
	message_identity(message, identity);
	if (signers_find(&delivery, &session->fault) &&
	    dispatch_message(&dispatch, &delivery, &record, &session->fault)) {
		verdict = conclude(context, session, &dispatch, &record, kept);
		signers_wish(&delivery);
	} else {
		log_error("%s: deferring the message from <%s>: %s", message->queue_id,
			  message->sender, session->fault.text);
		metrics_count(METRIC_DEFERRED, "", 1);
		untaken_note(service->database, message, &session->fault);
		verdict = verdict_refuse(context, &session->fault);
	}
	dispatch_clear(&dispatch);
	signers_clear(&delivery);
	inbound_free(delivery.inbound);
	return verdict;
}

/* The second pass decides; what only the first pass knows is sent along. */
static sfsistat
note_login(SMFICTX *context, const struct session *session)
{
	g_autofree char *note =
		login_note(session->message, ring_sealing(service->login), (gint64)time(NULL));

	log_info("%s: from=<%s>, login=%s: decided in the second pass", session->message->queue_id,
		 session->message->sender,
		 session->message->authenticated == NULL ? "-" : session->message->authenticated);
	return verdict_note(context, session->message, LOGIN_FIELD, note);
}

/* Decides for those recipients for whom that was not done before. */
static sfsistat
settle_others(SMFICTX *context, struct session *session, const struct known *known)
{
	struct message *message = session->message;
	GPtrArray *all = message->recipients;
	sfsistat verdict;

	if (known->others->len == 0)
		return SMFIS_ACCEPT;
	if (known->is_secret)
		return verdict_without(context, message, known->others);
	message->recipients = known->others;
	verdict = decide(context, session, known);
	message->recipients = all;
	return verdict;
}

/* Last of all: nothing would tell a later offer of the same mail that this was done. */
static bool
send_verified(SMFICTX *context, struct session *session, const struct known *known)
{
	if (known->verified->len == 0)
		return true;
	if (!is_awaited(context))
		return fault_set(
			&session->fault, FAULT_PEER,
			"sending decided mail over verified TLS: the MTA has given up waiting");
	return known_send_again(known, session->message, policy_settings(session->policy),
				ring_sealing(service->courier), service->database, &session->fault);
}

static sfsistat
refuse_known(SMFICTX *context, struct session *session)
{
	const struct message *message = session->message;

	log_error("%s: from=<%s>: %s", message->queue_id, message->sender, session->fault.text);
	untaken_note(service->database, message, &session->fault);
	return verdict_refuse(context, &session->fault);
}

/* Treats each recipient according to the earlier decision: those that pass stay in place, the
 * others are removed. */
static sfsistat
settle_known(SMFICTX *context, struct session *session, const struct known *known)
{
	const struct message *message = session->message;
	sfsistat verdict = verdict_without(context, message, known->verified);

	log_info("%s: from=<%s>: decided before for %u recipients; %u are new%s", message->queue_id,
		 message->sender, known->passed->len + known->verified->len, known->others->len,
		 known->is_secret && known->others->len > 0 ? ", and get nothing of it" : "");
	if (verdict == SMFIS_ACCEPT)
		verdict = settle_others(context, session, known);
	if (verdict != SMFIS_ACCEPT || send_verified(context, session, known))
		return verdict;
	*session->answered.message.text = '\0'; /* the MTA hears no answer to what was decided */
	return refuse_known(context, session);
}

static sfsistat
pass_known(SMFICTX *context, struct session *session, const struct known *known)
{
	const bool is_any = known->passed->len + known->verified->len > 0;

	if (!is_any && !known->is_secret)
		return decide(context, session, NULL);
	if (is_any)
		return settle_known(context, session, known);
	fault_set(
		&session->fault, FAULT_REFUSED,
		"<%s>: this mail of the secure mail gateway is for an employee, and may not leave "
		"the organisation, where their address leads.",
		((const struct recipient *)g_ptr_array_index(known->others, 0))->address);
	return refuse_known(context, session);
}

/* A message without a note did not come from the first pass. */
static sfsistat
decide_unless_known(SMFICTX *context, struct session *session)
{
	struct message *message = session->message;
	struct known known;
	sfsistat verdict;

	if (known_find(&known, message, policy_settings(session->policy), service->database,
		       &session->fault)) {
		verdict = pass_known(context, session, &known);
	} else {
		log_error("%s: deferring the message from <%s>: %s", message->queue_id,
			  message->sender, session->fault.text);
		metrics_count(METRIC_DEFERRED, "", 1);
		verdict = verdict_refuse(context, &session->fault);
	}
	known_clear(&known);
	return verdict;
}

/* In the second pass, the MTA reports itself as the client. Returns true if the note of the first
 * pass says more. */
static bool
recall_login(struct session *session)
{
	const struct settings *settings = policy_settings(session->policy);
	struct message *message = session->message;
	g_auto(key_file_auto) keys = {0};

	if (message->authenticated != NULL || message_field(message, LOGIN_FIELD) == NULL)
		return false;
	ring_current(service->login, &keys);
	if (login_recall(message, &keys, (gint64)time(NULL),
			 (gint64)settings->queue_lifetime + LOGIN_SLACK_SECONDS, session->pass))
		return true;
	log_warning("%s: ignoring its %s, which was not made by us for this message",
		    message->queue_id, LOGIN_FIELD);
	return false;
}

static void
look_for_loop(struct session *session)
{
	const struct settings *settings = policy_settings(session->policy);
	unsigned passes = message_passes(session->message, settings->hostname);

	if (passes >= settings->limit_passes)
		fault_set(&session->fault, FAULT_LOOP,
			  "This message has been through %s %u times already (limit passes): it "
			  "is in a mail loop.",
			  settings->hostname, passes);
}

static sfsistat
end_of_message(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);
	const char *sender = session->message->sender; /* NULL: the sender was refused */
	const char *queue_id = smfi_getsymval(context, (char *)"i");
	sfsistat verdict;

	session->message->queue_id = g_strdup(queue_id == NULL ? "NOQUEUE" : queue_id);
	if (session->fault.cause == FAULT_NONE)
		look_for_loop(session);
	if (session->fault.cause != FAULT_NONE) {
		log_warning("%s: refusing the message from <%s>: %s", session->message->queue_id,
			    sender == NULL ? "?" : sender, session->fault.text);
		untaken_note(service->database, session->message, &session->fault);
		verdict = verdict_refuse(context, &session->fault);
	} else if (session->comes_again) {
		verdict = note_login(context, session);
	} else {
		gint64 begun = metrics_begin();

		g_atomic_int_inc(&service->messages);
		session->is_of_first_pass = recall_login(session);
		verdict = session->is_of_first_pass || !session->second_pass
				  ? decide(context, session, NULL)
				  : decide_unless_known(context, session);
		metrics_end(begun, METRIC_PHASE, "phase=\"all\"");
		g_atomic_int_dec_and_test(&service->messages);
	}
	forget_message(session);
	errno = 0; /* closed() checks it */
	return verdict;
}

static sfsistat
aborted(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);

	if (session != NULL)
		forget_message(session);
	return SMFIS_CONTINUE;
}

static sfsistat
closed(SMFICTX *context)
{
	/* libmilter does not say why it ends a connection: if it could not write our reply or read
	 * on, errno is left from that call; after QUIT or an orderly end, errno is 0. */
	const bool ended_well = errno == 0;
	struct session *session = smfi_getpriv(context);

	if (session == NULL) {
		log_warning(
			"a connection to the milter's socket ended before it spoke the milter "
			"protocol: only the MTA may connect here, not HTTP, SMTP or TLS clients");
		metrics_count(METRIC_FOREIGN_CONNECTIONS, "", 1);
		return SMFIS_CONTINUE;
	}
	if (ended_well)
		note_heard(session);
	forget_message(session);
	g_free(session->client);
	g_free(session->address);
	reading_clear(&session->senders);
	reading_clear(&session->recipients);
	g_free(session);
	smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

struct smfiDesc
session_callbacks(struct service *shared)
{
	service = shared;
	return (struct smfiDesc){
		.xxfi_name = (char *)"postseal",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_DELRCPT |
			      SMFIF_ADDRCPT_PAR,
		.xxfi_connect = connected,
		.xxfi_envfrom = mail_from,
		.xxfi_envrcpt = recipient,
		.xxfi_header = header,
		.xxfi_body = body,
		.xxfi_eom = end_of_message,
		.xxfi_abort = aborted,
		.xxfi_close = closed,
		.xxfi_negotiate = negotiate,
	};
}
