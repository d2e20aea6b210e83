#include "portal/pop/dialogue.h"

#include <inttypes.h>
#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "portal/application_signin.h"
#include "portal/mailbox.h"
#include "portal/pop/maildrop.h"
#include "portal/pop/multiline.h"
#include "portal/pop/wire.h"
#include "portal/sasl.h"

enum {
	STRANGER_SECONDS = 60, /* until a client has signed in */
	MEMBER_SECONDS = 600,  /* of silence (RFC 1939 §3: at least 10 minutes) */
	STRANGER_COMMANDS_MAX = 20,
	WRONG_MAX = 3,	   /* passwords on one connection */
	MISTAKES_MAX = 50, /* commands that are none, or cannot be carried out */
	PIECE_BYTES = 65536,
};

struct dialogue {
	struct service *service;
	struct client *client;
	struct wire wire;
	SSL_CTX *context;
	char *user; /* said by USER */
	bool is_signed_in;
	struct application_entry entry;
	struct session session; /* what the mailbox is opened with; borrows from the entry */
	struct maildrop maildrop;
	unsigned commands, wrong, mistakes;
	bool is_over;
};

/* --- replies --- */

static void
end(struct dialogue *dialogue)
{
	dialogue->is_over = true;
}

static void __attribute__((format(printf, 2, 3)))
reply(struct dialogue *dialogue, const char *format, ...)
{
	struct fault fault;
	char *line;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	if (!sink_print(&dialogue->wire.sink, &fault, "%s\r\n", line))
		end(dialogue);
	g_free(line);
}

static void
refuse(struct dialogue *dialogue, const char *why)
{
	dialogue->mistakes++;
	reply(dialogue, "-ERR %s", why);
}

/* The client is not told more than that it may try again. */
static void
fail(struct dialogue *dialogue, const struct fault *fault)
{
	log_error("serving a mail client: %s", fault->text);
	reply(dialogue, "-ERR [SYS/TEMP] This cannot be done at the moment");
}

/* --- before signing in --- */

static void
show_capabilities(struct dialogue *dialogue, const struct pop_command *command)
{
	bool is_private = dialogue->wire.tls != NULL;

	(void)command;
	reply(dialogue, "+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE");
	if (is_private)
		reply(dialogue, "USER\r\nSASL PLAIN");
	else
		reply(dialogue, "STLS");
	reply(dialogue, "IMPLEMENTATION Postseal\r\n.");
}

static void
begin_tls(struct dialogue *dialogue, const struct pop_command *command)
{
	struct fault fault;

	(void)command;
	if (dialogue->wire.tls != NULL) {
		refuse(dialogue, "The connection is encrypted already");
		return;
	}
	reply(dialogue, "+OK");
	if (!wire_flush(&dialogue->wire, &fault) ||
	    !wire_begin_tls(&dialogue->wire, dialogue->context))
		end(dialogue);
}

static const char needs_tls[] = "[SYS/PERM] Passwords are taken only after STLS";

static bool
is_private(struct dialogue *dialogue)
{
	if (dialogue->wire.tls == NULL)
		refuse(dialogue, needs_tls);
	return dialogue->wire.tls != NULL;
}

static void
take_user(struct dialogue *dialogue, const struct pop_command *command)
{
	if (!is_private(dialogue))
		return;
	g_free(dialogue->user);
	dialogue->user = g_strdup(command->text);
	reply(dialogue, "+OK");
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
		reply(dialogue, "-ERR [IN-USE] Too many mail programs have signed in at the same "
				"time");
		end(dialogue);
		return;
	}
	dialogue->is_signed_in = true;
	dialogue->session = (struct session){.state = SESSION_MEMBER,
					     .account = dialogue->entry.account,
					     .keys = dialogue->entry.keys};
	tally_remove(service->strangers, dialogue->client->network);
	dialogue->client->is_stranger = false;
	wire_limit(&dialogue->wire, 0);
	if (open_maildrop(dialogue, &fault)) {
		reply(dialogue, "+OK %u messages", dialogue->maildrop.messages->len);
	} else {
		fail(dialogue, &fault);
		end(dialogue);
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

	refuse(dialogue, sentences[outcome]);
	if (++dialogue->wrong >= WRONG_MAX || outcome == APPLICATION_TOO_OFTEN)
		end(dialogue);
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
		fail(dialogue, &fault);
	else if (outcome == APPLICATION_SIGNED_IN)
		become_member(dialogue);
	else
		tell_why_not(dialogue, outcome);
}

static void
take_password(struct dialogue *dialogue, const struct pop_command *command)
{
	if (!is_private(dialogue))
		return;
	if (dialogue->user == NULL) {
		refuse(dialogue, "USER comes first");
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
		refuse(dialogue, "This is no answer of the mechanism PLAIN");
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

	reply(dialogue, "+ ");
	if (wire_read(&dialogue->wire, STRANGER_SECONDS, line, &length) != WIRE_LINE)
		end(dialogue);
	else if (strlen(line) != length || strcmp(line, "*") == 0)
		refuse(dialogue, "The sign-in was called off");
	else
		sign_in_plain(dialogue, line);
	sodium_memzero(line, sizeof line);
}

static void
take_auth(struct dialogue *dialogue, const struct pop_command *command)
{
	static const char plain[] = "PLAIN";
	const char *after = command->text + strlen(plain);

	if (!is_private(dialogue))
		return;
	if (*command->text == '\0')
		reply(dialogue, "+OK\r\nPLAIN\r\n.");
	else if (g_ascii_strncasecmp(command->text, plain, strlen(plain)) != 0 ||
		 (*after != '\0' && *after != ' '))
		refuse(dialogue, "The only mechanism here is PLAIN");
	else if (*after == '\0')
		ask_plain(dialogue);
	else
		sign_in_plain(dialogue, after + 1);
}

/* --- lists --- */

static void
show_status(struct dialogue *dialogue, const struct pop_command *command)
{
	unsigned long count;
	uint64_t bytes;

	(void)command;
	maildrop_count(&dialogue->maildrop, &count, &bytes);
	reply(dialogue, "+OK %lu %" PRIu64, count, bytes);
}

/* NULL: the client was told that there is none. */
static struct maildrop_message *
find(struct dialogue *dialogue, const struct pop_command *command)
{
	struct maildrop_message *message = maildrop_find(&dialogue->maildrop, command->number);

	if (message == NULL)
		refuse(dialogue, "There is no such message");
	return message;
}

static char *
size_of(const struct maildrop_message *message)
{
	return g_strdup_printf("%" PRIu64, message->size);
}

static char *
identifier_of(const struct maildrop_message *message)
{
	return g_strdup(message->id.text);
}

/* LIST and UIDL: of one message, or of all. */
static void
list(struct dialogue *dialogue, const struct pop_command *command,
     char *(*shown)(const struct maildrop_message *message))
{
	if (command->has_number) {
		const struct maildrop_message *message = find(dialogue, command);
		g_autofree char *text = message == NULL ? NULL : shown(message);

		if (text != NULL)
			reply(dialogue, "+OK %lu %s", command->number, text);
		return;
	}
	reply(dialogue, "+OK");
	for (unsigned long i = 1; i <= dialogue->maildrop.messages->len && !dialogue->is_over;
	     i++) {
		const struct maildrop_message *message = maildrop_find(&dialogue->maildrop, i);
		g_autofree char *text = message == NULL ? NULL : shown(message);

		if (text != NULL)
			reply(dialogue, "%lu %s", i, text);
	}
	reply(dialogue, ".");
}

static void
list_sizes(struct dialogue *dialogue, const struct pop_command *command)
{
	list(dialogue, command, size_of);
}

static void
list_identifiers(struct dialogue *dialogue, const struct pop_command *command)
{
	list(dialogue, command, identifier_of);
}

/* --- messages --- */

/* A password that is revoked opens nothing more, and neither does an account that has ended. */
static bool
may_go_on(struct dialogue *dialogue)
{
	struct fault fault;
	bool valid = false;
	g_autoptr(connection_auto) connection = database_take(dialogue->service->database, &fault);

	if (connection == NULL ||
	    !application_password_is_valid(connection, &dialogue->entry, &valid, &fault)) {
		fail(dialogue, &fault);
		return false;
	}
	if (!valid) {
		reply(dialogue, "-ERR [AUTH] The password was revoked");
		end(dialogue);
	}
	return valid;
}

static struct mailbox
mailbox_of(const struct dialogue *dialogue)
{
	return (struct mailbox){.database = dialogue->service->database,
				.settings = dialogue->service->settings,
				.session = &dialogue->session,
				.network = dialogue->client->network};
}

/* Once it has begun, a reply can only be broken off: a client that does not see its end knows that
 * it is not whole. */
static bool
send_content(struct dialogue *dialogue, const struct content_source *source,
	     const unsigned long *lines_max, char *piece, struct fault *fault)
{
	g_autoptr(content_auto) content = content_open(source, NULL);
	struct multiline_sink multiline;
	size_t got;

	multiline_sink_init(&multiline, &dialogue->wire.sink, lines_max);
	do {
		if (!content_read(content, piece, PIECE_BYTES, &got, fault) ||
		    !sink_write(&multiline.sink, piece, got, fault))
			return false;
	} while (got > 0 && !multiline.is_full);
	return sink_finish(&multiline.sink, fault);
}

/* It is somebody's mail. */
static bool
send_and_wipe(struct dialogue *dialogue, const struct content_source *source,
	      const unsigned long *lines_max, struct fault *fault)
{
	char *piece = g_malloc(PIECE_BYTES);
	bool sent = send_content(dialogue, source, lines_max, piece, fault);

	sodium_memzero(piece, PIECE_BYTES);
	g_free(piece);
	return sent;
}

static void
send_message(struct dialogue *dialogue, const struct maildrop_message *message,
	     const unsigned long *lines_max)
{
	static const struct mailbox_use as_original = {.part = MAILBOX_ORIGINAL,
						       .without_layout = true};
	const struct mailbox mailbox = mailbox_of(dialogue);
	g_auto(mailbox_item_auto) item = {0};
	struct fault fault;
	bool found;

	if (!mailbox_open(&mailbox, message->id.text, &as_original, &item, &found, &fault)) {
		fail(dialogue, &fault);
		return;
	}
	if (!found) {
		refuse(dialogue, "The message is gone: it has expired, or was deleted");
		return;
	}
	reply(dialogue, "+OK %" PRIu64 " octets", message->size);
	if (send_and_wipe(dialogue, &item.content, lines_max, &fault)) {
		metrics_count(METRIC_POP_MESSAGES, "outcome=\"sent\"", 1);
	} else {
		metrics_count(METRIC_POP_MESSAGES, "outcome=\"broken off\"", 1);
		if (fault.cause == FAULT_PEER)
			log_info("sending a message to a mail client: %s", fault.text);
		else
			log_error("sending a message to a mail client: %s", fault.text);
		dialogue->wire.out_length = 0;
		end(dialogue);
	}
}

static void
retrieve(struct dialogue *dialogue, const struct pop_command *command)
{
	const struct maildrop_message *message = find(dialogue, command);

	if (message != NULL && may_go_on(dialogue))
		send_message(dialogue, message, NULL);
}

static void
show_top(struct dialogue *dialogue, const struct pop_command *command)
{
	const struct maildrop_message *message = find(dialogue, command);

	if (message != NULL && may_go_on(dialogue))
		send_message(dialogue, message, &command->lines_max);
}

static void
mark_deleted(struct dialogue *dialogue, const struct pop_command *command)
{
	struct maildrop_message *message = find(dialogue, command);

	if (message == NULL)
		return;
	message->is_deleted = true;
	reply(dialogue, "+OK");
}

static void
restore(struct dialogue *dialogue, const struct pop_command *command)
{
	(void)command;
	maildrop_restore(&dialogue->maildrop);
	reply(dialogue, "+OK");
}

static void
do_nothing(struct dialogue *dialogue, const struct pop_command *command)
{
	(void)command;
	reply(dialogue, "+OK");
}

/* --- the end --- */

static bool
delete_one(const struct dialogue *dialogue, const struct maildrop_message *message,
	   struct fault *fault)
{
	const struct mailbox mailbox = mailbox_of(dialogue);
	g_auto(mailbox_item_auto) item = {0};
	g_autoptr(connection_auto) connection = NULL;
	bool found;

	if (!mailbox_find(&mailbox, message->id.text, &item, &found, fault))
		return false;
	if (!found)
		return true;
	connection = database_take(mailbox.database, fault);
	return connection != NULL && mailbox_delete(connection, mailbox.settings, &item, fault);
}

static bool
delete_marked(struct dialogue *dialogue)
{
	const GArray *messages = dialogue->maildrop.messages;
	struct fault fault;
	bool done = true;

	for (guint i = 0; i < messages->len; i++) {
		const struct maildrop_message *message =
			&g_array_index(messages, struct maildrop_message, i);

		if (!message->is_deleted || delete_one(dialogue, message, &fault))
			continue;
		log_error("deleting a message for a mail client: %s", fault.text);
		done = false;
	}
	return done;
}

static bool
has_marked(const struct dialogue *dialogue)
{
	unsigned long count;
	uint64_t bytes;

	if (!dialogue->is_signed_in)
		return false;
	maildrop_count(&dialogue->maildrop, &count, &bytes);
	return count < dialogue->maildrop.messages->len;
}

/* What was asked for before, in one piece with QUIT, has to be on its way first: a message that is
 * deleted must not have been sent in vain. */
static void
quit(struct dialogue *dialogue, const struct pop_command *command)
{
	struct fault fault;

	(void)command;
	if (!has_marked(dialogue))
		reply(dialogue, "+OK");
	else if (!wire_flush(&dialogue->wire, &fault))
		log_info("nothing is deleted for a mail client: %s", fault.text);
	else if (may_go_on(dialogue))
		reply(dialogue, delete_marked(dialogue)
					? "+OK"
					: "-ERR [SYS/TEMP] Not all messages were deleted");
	end(dialogue);
}

/* --- the dialogue --- */

enum when { BEFORE = 1, AFTER = 2, EVER = BEFORE | AFTER };

static const struct {
	void (*carry_out)(struct dialogue *dialogue, const struct pop_command *command);
	enum when when; /* signing in */
} commands[POP_VERBS] = {
	[POP_CAPA] = {show_capabilities, EVER}, [POP_STLS] = {begin_tls, BEFORE},
	[POP_USER] = {take_user, BEFORE},	[POP_PASS] = {take_password, BEFORE},
	[POP_AUTH] = {take_auth, BEFORE},	[POP_STAT] = {show_status, AFTER},
	[POP_LIST] = {list_sizes, AFTER},	[POP_UIDL] = {list_identifiers, AFTER},
	[POP_RETR] = {retrieve, AFTER},		[POP_TOP] = {show_top, AFTER},
	[POP_DELE] = {mark_deleted, AFTER},	[POP_RSET] = {restore, AFTER},
	[POP_NOOP] = {do_nothing, AFTER},	[POP_QUIT] = {quit, EVER},
};

static void
carry_out(struct dialogue *dialogue, const struct pop_command *command)
{
	enum when now = dialogue->is_signed_in ? AFTER : BEFORE;

	if (command->verb == POP_UNKNOWN)
		refuse(dialogue, "This command is not known here");
	else if ((commands[command->verb].when & now) == 0)
		refuse(dialogue,
		       now == AFTER ? "You have signed in already" : "Please sign in first");
	else if (!command->is_well_formed)
		refuse(dialogue, "The command does not have the arguments that it takes");
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
	reply(dialogue, "-ERR [SYS/PERM] Too many commands");
	end(dialogue);
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
		reply(dialogue, "-ERR [SYS/PERM] The line is too long");
		end(dialogue);
		break;
	case WIRE_CLOSED:
		end(dialogue);
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
	reply(dialogue, "+OK Postseal");
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
