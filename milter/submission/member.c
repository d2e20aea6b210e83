#include "milter/submission/member.h"

#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "milter/member_login.h"
#include "milter/reading.h"
#include "milter/submission/submitted.h"
#include "milter/verdict.h"
#include "portal/application_password.h"
#include "portal/web/client.h"

static struct member_service *service;

/* A connection from the MTA, and the message that the MTA is offering. */
struct mta_session {
	char *network;
	struct reading senders, recipients; /* the last ones */
	struct account account;
	GHashTable *correspondents; /* NULL: no message has begun */
	struct message *message;
	GPtrArray *addressees; /* struct addressee */
	struct fault fault;    /* why the message cannot be accepted */
};

static void
forget_message(struct mta_session *session)
{
	account_clear(&session->account);
	session->account = (struct account){0};
	g_clear_pointer(&session->correspondents, g_hash_table_unref);
	g_clear_pointer(&session->message, message_free);
	g_clear_pointer(&session->addressees, g_ptr_array_unref);
	session->fault = (struct fault){0};
}

/* Mail programs show what they are told in their own words: this is not translated. */
static struct author
author_of(const struct mta_session *session, struct connection *connection, const char *client)
{
	return (struct author){.connection = connection,
			       .database = service->database,
			       .settings = service->settings,
			       .policy = service->policy,
			       .courier = service->courier,
			       .account = &session->account,
			       .client = client,
			       .language = "en"};
}

static sfsistat
refuse(SMFICTX *context, const struct mta_session *session, const struct fault *fault)
{
	const char *address = session->account.address == NULL ? "-" : session->account.address;

	if (fault_is_temporary(fault))
		log_error("deferring what a member submits: network=%s, address=%s: %s",
			  session->network, address, fault->text);
	else
		log_info("refusing what a member submits: network=%s, address=%s: %s",
			 session->network, address, fault->text);
	return verdict_refuse(context, fault);
}

/* --- negotiation --- */

static sfsistat
negotiate(SMFICTX *context, unsigned long actions, unsigned long steps, unsigned long unused_1,
	  unsigned long unused_2, unsigned long *actions_r, unsigned long *steps_r,
	  unsigned long *unused_1_r, unsigned long *unused_2_r)
{
	const unsigned long exact = SMFIP_HDR_LEADSPC;
	const unsigned long spared = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH;

	(void)actions, (void)unused_1, (void)unused_2;
	if ((steps & exact) != exact) {
		log_error("the MTA is too old: Postfix 2.6 is required");
		return SMFIS_REJECT;
	}
	*actions_r = 0;
	*steps_r = exact | (steps & spared);
	*unused_1_r = *unused_2_r = 0;
	smfi_setpriv(context, g_new0(struct mta_session, 1));
	smfi_setsymlist(context, SMFIM_ENVFROM, (char *)"{auth_authen} {mail_addr}");
	smfi_setsymlist(context, SMFIM_ENVRCPT, (char *)"{rcpt_addr}");
	smfi_setsymlist(context, SMFIM_EOM, (char *)"i {auth_authen}");
	return SMFIS_CONTINUE;
}

static sfsistat
connected(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	struct mta_session *session = smfi_getpriv(context);

	(void)host;
	session->network = address == NULL ? g_strdup("unknown")
					   : client_network_of((const struct sockaddr *)address);
	return SMFIS_CONTINUE;
}

/* --- the envelope --- */

static bool
find_member(struct connection *connection, const char *login, struct account *account_r,
	    struct fault *fault)
{
	struct identifier password;
	const char *address;
	bool found;

	if (!member_login_read(login, &password, &address))
		return fault_set(fault, FAULT_REFUSED,
				 "Only members of the portal can send here, once they have signed "
				 "in.");
	return application_password_account(connection, &password, address, account_r, &found,
					    fault) &&
	       (found ||
		fault_set(fault, FAULT_REFUSED, "The password of this mail program was revoked."));
}

static bool
is_own_address(const struct mta_session *session, struct fault *fault)
{
	return strcmp(session->message->sender_folded, session->account.address) == 0 ||
	       fault_set(fault, FAULT_REFUSED,
			 "You can send only as %s: please set this address in your mail program.",
			 session->account.shown);
}

static bool
begin_message(struct mta_session *session, const char *login,
	      const struct envelope_argument *sender, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(service->database, fault);

	if (connection == NULL || !find_member(connection, login, &session->account, fault))
		return false;
	session->message = message_new(&service->body);
	if (!message_set_sender(session->message, sender, fault) || !is_own_address(session, fault))
		return false;
	session->addressees = addressees_new();
	session->correspondents = addressee_correspondents(connection, &session->account, fault);
	return session->correspondents != NULL;
}

static sfsistat
mail_from(SMFICTX *context, char **arguments)
{
	struct mta_session *session = smfi_getpriv(context);
	const struct envelope_argument sender = {
		.path = arguments[0],
		.reading = smfi_getsymval(context, (char *)"{mail_addr}"),
		.parameters = arguments + 1};
	const char *login = smfi_getsymval(context, (char *)"{auth_authen}");
	struct fault fault;

	forget_message(session);
	reading_clear(&session->recipients);
	return reading_is_new(&session->senders, &sender, &fault) &&
			       begin_message(session, login, &sender, &fault)
		       ? SMFIS_CONTINUE
		       : refuse(context, session, &fault);
}

static bool
check_recipient(const struct mta_session *session, struct addressee *addressee, struct fault *fault)
{
	const struct addressee_question question = {.correspondents = session->correspondents,
						    .subject = ""};
	const struct author author = author_of(session, NULL, NULL);
	g_autofree char *why = NULL;

	return addressee_check(&author, &question, addressee, &why, fault) &&
	       (why == NULL || fault_set(fault, FAULT_REFUSED, "%s", why));
}

static bool
add_addressee(struct mta_session *session, const struct recipient *named, struct fault *fault)
{
	struct addressee *addressee;

	/* Who is named twice gets it once. */
	if (addressees_find(session->addressees, named->folded) != NULL)
		return true;
	if (session->addressees->len >= ADDRESSEES_MAX)
		return fault_set(fault, FAULT_REFUSED, "A message may have %d recipients.",
				 ADDRESSEES_MAX);
	addressee = addressees_add(session->addressees, NULL, named->address);
	if (check_recipient(session, addressee, fault))
		return true;
	g_ptr_array_remove(session->addressees, addressee);
	return false;
}

/* Of the message's own list only the reading of an address is wanted: it would grow with each
 * recipient that is refused. */
static bool
add_recipient(struct mta_session *session, const struct envelope_argument *named,
	      struct fault *fault)
{
	GPtrArray *read = session->message->recipients;
	bool done = message_add_recipient(session->message, named, fault) &&
		    add_addressee(session, g_ptr_array_index(read, 0), fault);

	g_ptr_array_set_size(read, 0);
	return done;
}

static sfsistat
recipient(SMFICTX *context, char **arguments)
{
	struct mta_session *session = smfi_getpriv(context);
	const struct envelope_argument named = {
		.path = arguments[0],
		.reading = smfi_getsymval(context, (char *)"{rcpt_addr}"),
		.parameters = arguments + 1};
	struct fault fault;

	return reading_is_new(&session->recipients, &named, &fault) &&
			       add_recipient(session, &named, &fault)
		       ? SMFIS_CONTINUE
		       : refuse(context, session, &fault);
}

/* --- the message --- */

static sfsistat
header(SMFICTX *context, char *name, char *value)
{
	struct mta_session *session = smfi_getpriv(context);
	const struct settings *settings = service->settings;
	const size_t length = strlen(name) + strlen(value);

	if (session->message->header_size + length > settings->limit_headers ||
	    length > settings->limit_field)
		fault_set(&session->fault, FAULT_TOO_BIG,
			  "The header of the message is too large.");
	else if (strchr(value, '\r') != NULL)
		/* Some readers would take what follows for a field of its own. */
		fault_set(&session->fault, FAULT_INPUT,
			  "The header of the message has a carriage return within a line.");
	else
		message_add_field(session->message, name, value);
	return SMFIS_CONTINUE;
}

static sfsistat
body(SMFICTX *context, unsigned char *data, size_t length)
{
	struct mta_session *session = smfi_getpriv(context);

	if (session->fault.cause == FAULT_NONE)
		message_add_body(session->message, data, length, &session->fault);
	return SMFIS_CONTINUE;
}

/* The password may have been revoked since MAIL, which can be hours ago. */
static bool
may_still_send(struct connection *connection, const char *login, struct fault *fault)
{
	g_auto(account_auto) account = {0};

	return find_member(connection, login, &account, fault);
}

static bool
submit(struct mta_session *session, const char *login, bool *again_r, struct fault *fault)
{
	g_autofree char *client = g_strdup_printf("mail program, %s", session->network);
	g_autoptr(connection_auto) connection = NULL;
	struct author author = author_of(session, NULL, client);
	g_auto(submitted_auto) submitted = {.author = &author,
					    .message = session->message,
					    .addressees = session->addressees,
					    .correspondents = session->correspondents};

	if (!submitted_check(&submitted, fault))
		return false;
	author.connection = connection = database_take(service->database, fault);
	if (connection == NULL || !may_still_send(connection, login, fault) ||
	    !submitted_send(&submitted, again_r, fault))
		return false;
	log_info("%s: message=%s, from=<%s>, size=%llu, nrcpt=%u: submitted by a member%s",
		 session->message->queue_id, submitted.id.text, session->account.address,
		 (unsigned long long)message_size(session->message), session->addressees->len,
		 *again_r ? ", and sent before" : "");
	return true;
}

/* The MTA is told to discard it: it is safe in the database. */
static sfsistat
end_of_message(SMFICTX *context)
{
	struct mta_session *session = smfi_getpriv(context);
	const char *queue_id = smfi_getsymval(context, (char *)"i");
	const char *login = smfi_getsymval(context, (char *)"{auth_authen}");
	bool done, again = false;
	sfsistat verdict = SMFIS_DISCARD;

	session->message->queue_id = g_strdup(queue_id == NULL ? "NOQUEUE" : queue_id);
	g_atomic_int_inc(&service->messages);
	done = session->fault.cause == FAULT_NONE &&
	       submit(session, login, &again, &session->fault);
	if (!done)
		verdict = refuse(context, session, &session->fault);
	metrics_count(METRIC_SUBMISSION_MESSAGES,
		      !done   ? "outcome=\"refused\""
		      : again ? "outcome=\"again\""
			      : "outcome=\"sent\"",
		      1);
	g_atomic_int_dec_and_test(&service->messages);
	forget_message(session);
	return verdict;
}

static sfsistat
aborted(SMFICTX *context)
{
	struct mta_session *session = smfi_getpriv(context);

	if (session != NULL)
		forget_message(session);
	return SMFIS_CONTINUE;
}

static sfsistat
closed(SMFICTX *context)
{
	struct mta_session *session = smfi_getpriv(context);

	if (session == NULL)
		return SMFIS_CONTINUE;
	forget_message(session);
	reading_clear(&session->senders);
	reading_clear(&session->recipients);
	g_free(session->network);
	g_free(session);
	smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

struct smfiDesc
member_callbacks(struct member_service *shared)
{
	service = shared;
	return (struct smfiDesc){
		.xxfi_name = (char *)"postseal-submission",
		.xxfi_version = SMFI_VERSION,
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
