#include "portal/pop/states.h"

#include <string.h>

#include "core/metrics.h"
#include "portal/application_signin.h"
#include "portal/sasl.h"

enum { WRONG_MAX = 3 }; /* passwords on one connection */

/* --- the connection --- */

void
authorization_capa(struct dialogue *dialogue, const struct pop_command *command)
{
	bool is_private = dialogue->wire.tls != NULL;

	(void)command;
	dialogue_reply(dialogue,
		       "+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE");
	if (is_private)
		dialogue_reply(dialogue, "USER\r\nSASL PLAIN");
	else
		dialogue_reply(dialogue, "STLS");
	dialogue_reply(dialogue, "IMPLEMENTATION Postseal\r\n.");
}

void
authorization_stls(struct dialogue *dialogue, const struct pop_command *command)
{
	struct fault fault;

	(void)command;
	if (dialogue->wire.tls != NULL) {
		dialogue_refuse(dialogue, "The connection is encrypted already");
		return;
	}
	dialogue_reply(dialogue, "+OK");
	if (!wire_flush(&dialogue->wire, &fault) ||
	    !wire_begin_tls(&dialogue->wire, dialogue->context))
		dialogue_end(dialogue);
}

static const char needs_tls[] = "[SYS/PERM] Passwords are taken only after STLS";

static bool
is_private(struct dialogue *dialogue)
{
	if (dialogue->wire.tls == NULL)
		dialogue_refuse(dialogue, needs_tls);
	return dialogue->wire.tls != NULL;
}

void
authorization_user(struct dialogue *dialogue, const struct pop_command *command)
{
	if (!is_private(dialogue))
		return;
	g_free(dialogue->user);
	dialogue->user = g_strdup(command->text);
	dialogue_reply(dialogue, "+OK");
}

static bool
open_maildrop(struct dialogue *dialogue, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(dialogue->service->database, fault);

	return connection != NULL &&
	       maildrop_read(connection, &dialogue->entry.account, &dialogue->maildrop, fault);
}

static void
become_member(struct dialogue *dialogue)
{
	struct service *service = dialogue->service;
	const char *member = dialogue->entry.account.id.text;
	struct fault fault;

	if (!tally_add(service->members, member)) {
		dialogue_reply(dialogue,
			       "-ERR [IN-USE] Too many mail programs have signed in at the same "
			       "time");
		dialogue_end(dialogue);
		return;
	}
	dialogue->is_signed_in = true;
	dialogue->session = (struct session){.state = SESSION_MEMBER,
					     .account = dialogue->entry.account,
					     .keys = dialogue->entry.keys};
	strangers_remove(service->strangers, dialogue->client->socket);
	wire_limit(&dialogue->wire, 0);
	if (open_maildrop(dialogue, &fault)) {
		dialogue_reply(dialogue, "+OK %u messages", dialogue->maildrop.messages->len);
	} else {
		dialogue_fail(dialogue, &fault);
		dialogue_end(dialogue);
	}
}

static void
tell_why_not(struct dialogue *dialogue, enum application_outcome outcome)
{
	static const char *const sentences[] = {
		[APPLICATION_WRONG] =
			"[AUTH] The address or the password is not correct; a mail program "
			"needs a password of its own from the settings of the portal",
		[APPLICATION_TOO_OFTEN] = "[LOGIN-DELAY] Too many attempts; please wait 15 minutes",
		[APPLICATION_WITHOUT_FACTOR] =
			"[AUTH] Please set up a second step in the portal's settings first",
	};

	dialogue_refuse(dialogue, sentences[outcome]);
	if (++dialogue->wrong >= WRONG_MAX || outcome == APPLICATION_TOO_OFTEN)
		dialogue_end(dialogue);
}

static void
sign_in(struct dialogue *dialogue, const char *user, const char *password)
{
	const struct application_attempt attempt = {.settings = dialogue->service->settings,
						    .network = dialogue->client->network,
						    .user = user,
						    .password = password,
						    .counter = METRIC_POP_SIGNINS};
	enum application_outcome outcome;
	struct fault fault;

	if (!application_signin(dialogue->service->database, &attempt, &dialogue->entry, &outcome,
				&fault))
		dialogue_fail(dialogue, &fault);
	else if (outcome == APPLICATION_SIGNED_IN)
		become_member(dialogue);
	else
		tell_why_not(dialogue, outcome);
}

void
authorization_pass(struct dialogue *dialogue, const struct pop_command *command)
{
	if (!is_private(dialogue))
		return;
	if (dialogue->user == NULL) {
		dialogue_refuse(dialogue, "USER comes first");
		return;
	}
	sign_in(dialogue, dialogue->user, command->text);
	g_clear_pointer(&dialogue->user, g_free);
}

static void
sign_in_plain(struct dialogue *dialogue, const char *base64)
{
	g_autofree char *user = NULL, *password = NULL;

	if (!sasl_plain_read(base64, &user, &password)) {
		dialogue_refuse(dialogue, "This is no answer of the mechanism PLAIN");
		return;
	}
	sign_in(dialogue, user, password);
	sodium_memzero(password, strlen(password));
}

/* The answer comes in a line of its own; "*" calls it off. */
static void
ask_plain(struct dialogue *dialogue)
{
	char line[POP_LINE_MAX + 1];
	size_t length;

	dialogue_reply(dialogue, "+ ");
	if (wire_read(&dialogue->wire, STRANGER_SECONDS, line, &length) != WIRE_LINE)
		dialogue_end(dialogue);
	else if (strlen(line) != length || strcmp(line, "*") == 0)
		dialogue_refuse(dialogue, "The sign-in was called off");
	else
		sign_in_plain(dialogue, line);
	sodium_memzero(line, sizeof line);
}

void
authorization_auth(struct dialogue *dialogue, const struct pop_command *command)
{
	static const char plain[] = "PLAIN";
	const char *after = command->text + strlen(plain);

	if (!is_private(dialogue))
		return;
	if (*command->text == '\0')
		dialogue_reply(dialogue, "+OK\r\nPLAIN\r\n.");
	else if (g_ascii_strncasecmp(command->text, plain, strlen(plain)) != 0 ||
		 (*after != '\0' && *after != ' '))
		dialogue_refuse(dialogue, "The only mechanism here is PLAIN");
	else if (*after == '\0')
		ask_plain(dialogue);
	else
		sign_in_plain(dialogue, after + 1);
}
