#include "portal/pop/dialogue.h"

#include "core/log.h"
#include "portal/pop/states.h"

enum {
	MEMBER_SECONDS = 600, /* of silence (RFC 1939 §3: at least 10 minutes) */
	STRANGER_COMMANDS_MAX = 20,
	MISTAKES_MAX = 50, /* commands that are none, or cannot be carried out */
};

/* --- for all states --- */

void
dialogue_end(struct dialogue *dialogue)
{
	dialogue->is_over = true;
}

void
dialogue_reply(struct dialogue *dialogue, const char *format, ...)
{
	struct fault fault;
	char *line;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	if (!sink_print(&dialogue->wire.sink, &fault, "%s\r\n", line))
		dialogue_end(dialogue);
	g_free(line);
}

void
dialogue_refuse(struct dialogue *dialogue, const char *why)
{
	dialogue->mistakes++;
	dialogue_reply(dialogue, "-ERR %s", why);
}

void
dialogue_fail(struct dialogue *dialogue, const struct fault *fault)
{
	log_error("serving a mail client: %s", fault->text);
	dialogue_reply(dialogue, "-ERR [SYS/TEMP] This cannot be done at the moment");
}

bool
dialogue_may_go_on(struct dialogue *dialogue)
{
	struct fault fault;
	bool valid = false;
	g_autoptr(connection_auto) connection = database_take(dialogue->service->database, &fault);

	if (connection == NULL ||
	    !application_password_is_valid(connection, &dialogue->entry, &valid, &fault)) {
		dialogue_fail(dialogue, &fault);
		return false;
	}
	if (!valid) {
		dialogue_reply(dialogue, "-ERR [AUTH] The password was revoked");
		dialogue_end(dialogue);
	}
	return valid;
}

struct mailbox
dialogue_mailbox(const struct dialogue *dialogue)
{
	return (struct mailbox){.database = dialogue->service->database,
				.settings = dialogue->service->settings,
				.session = &dialogue->session,
				.network = dialogue->client->network};
}

/* --- one client --- */

enum when { BEFORE = 1, AFTER = 2, EVER = BEFORE | AFTER };

static const struct {
	void (*carry_out)(struct dialogue *dialogue, const struct pop_command *command);
	enum when when; /* signing in */
} commands[POP_VERBS] = {
	[POP_CAPA] = {authorization_capa, EVER},   [POP_STLS] = {authorization_stls, BEFORE},
	[POP_USER] = {authorization_user, BEFORE}, [POP_PASS] = {authorization_pass, BEFORE},
	[POP_AUTH] = {authorization_auth, BEFORE}, [POP_STAT] = {transaction_stat, AFTER},
	[POP_LIST] = {transaction_list, AFTER},	   [POP_UIDL] = {transaction_uidl, AFTER},
	[POP_RETR] = {transaction_retr, AFTER},	   [POP_TOP] = {transaction_top, AFTER},
	[POP_DELE] = {transaction_dele, AFTER},	   [POP_RSET] = {transaction_rset, AFTER},
	[POP_NOOP] = {transaction_noop, AFTER},	   [POP_QUIT] = {update_quit, EVER},
};

static void
carry_out(struct dialogue *dialogue, const struct pop_command *command)
{
	enum when now = dialogue->is_signed_in ? AFTER : BEFORE;

	if (command->verb == POP_UNKNOWN)
		dialogue_refuse(dialogue, "This command is not known here");
	else if ((commands[command->verb].when & now) == 0)
		dialogue_refuse(dialogue, now == AFTER ? "You have signed in already"
						       : "Please sign in first");
	else if (!command->is_well_formed)
		dialogue_refuse(dialogue, "The command does not have the arguments that it takes");
	else
		commands[command->verb].carry_out(dialogue, command);
}

/* Whoever only tries is not served for ever. */
static void
count_command(struct dialogue *dialogue)
{
	if (dialogue->is_over)
		return;
	if (dialogue->mistakes < MISTAKES_MAX &&
	    (dialogue->is_signed_in || ++dialogue->commands < STRANGER_COMMANDS_MAX))
		return;
	dialogue_reply(dialogue, "-ERR [SYS/PERM] Too many commands");
	dialogue_end(dialogue);
}

static void
take_line(struct dialogue *dialogue)
{
	char line[POP_LINE_MAX + 1];
	struct pop_command command;
	size_t length;

	switch (wire_read(&dialogue->wire,
			  dialogue->is_signed_in ? MEMBER_SECONDS : STRANGER_SECONDS, line,
			  &length)) {
	case WIRE_LINE:
		pop_command_read(&command, line, length);
		carry_out(dialogue, &command);
		count_command(dialogue);
		break;
	case WIRE_LINE_TOO_LONG:
		dialogue_reply(dialogue, "-ERR [SYS/PERM] The line is too long");
		dialogue_end(dialogue);
		break;
	case WIRE_CLOSED:
		dialogue_end(dialogue);
		break;
	}
	sodium_memzero(line, sizeof line);
}

static void
converse(struct dialogue *dialogue)
{
	struct fault fault;

	wire_limit(&dialogue->wire, STRANGER_SECONDS);
	if (dialogue->client->begins_with_tls &&
	    !wire_begin_tls(&dialogue->wire, dialogue->context))
		return;
	dialogue_reply(dialogue, "+OK Postseal");
	while (!dialogue->is_over)
		take_line(dialogue);
	if (!wire_flush(&dialogue->wire, &fault))
		log_info("ending the connection of a mail client: %s", fault.text);
}

void
dialogue_serve(struct service *service, struct client *client)
{
	struct dialogue *dialogue = g_new0(struct dialogue, 1);

	dialogue->service = service;
	dialogue->client = client;
	dialogue->context = pop_certificate_get(service->certificate);
	wire_init(&dialogue->wire, client->socket, client->deadline);
	converse(dialogue);
	if (dialogue->is_signed_in)
		tally_remove(service->members, dialogue->entry.account.id.text);
	maildrop_clear(&dialogue->maildrop);
	wire_clear(&dialogue->wire);
	SSL_CTX_free(dialogue->context);
	g_free(dialogue->user);
	application_entry_clear(&dialogue->entry);
	sodium_memzero(dialogue, sizeof *dialogue);
	g_free(dialogue);
}
