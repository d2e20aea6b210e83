#include "milter/submission/sasl_dialogue.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "milter/member_login.h"
#include "portal/application_signin.h"
#include "portal/sasl.h"
#include "portal/web/client.h"

enum { MAJOR = 1, MINOR = 1, COOKIE_BYTES = 16 };

static const char plain[] = "PLAIN", login[] = "LOGIN";
/* What LOGIN asks, in base64: "Username:" and "Password:". */
static const char ask_user[] = "VXNlcm5hbWU6", ask_password[] = "UGFzc3dvcmQ6";

/* Postfix wants to see the mechanisms before the process (SPID). */
void
sasl_dialogue_greet(unsigned long connection, GString *reply)
{
	unsigned char random[COOKIE_BYTES];
	char cookie[2 * COOKIE_BYTES + 1];

	randombytes_buf(random, sizeof random);
	sodium_bin2hex(cookie, sizeof cookie, random, sizeof random);
	g_string_append_printf(reply,
			       "VERSION\t%d\t%d\nMECH\t%s\tplaintext\nMECH\t%s\tplaintext\n"
			       "SPID\t%ld\nCUID\t%lu\nCOOKIE\t%s\nDONE\n",
			       MAJOR, MINOR, plain, login, (long)getpid(), connection, cookie);
}

static void
forget(struct sasl_dialogue *dialogue)
{
	dialogue->is_waiting = false;
	g_clear_pointer(&dialogue->network, g_free);
	g_clear_pointer(&dialogue->user, g_free);
}

void
sasl_dialogue_clear(struct sasl_dialogue *dialogue)
{
	forget(dialogue);
}

/* `reason` is ASCII, and reaches the client. */
static bool
refuse(struct sasl_dialogue *dialogue, const char *reason, GString *reply)
{
	g_string_append_printf(reply, "FAIL\t%u\treason=%s\n", dialogue->number, reason);
	forget(dialogue);
	return true;
}

static bool
ask(struct sasl_dialogue *dialogue, const char *base64, GString *reply)
{
	dialogue->is_waiting = true;
	g_string_append_printf(reply, "CONT\t%u\t%s\n", dialogue->number, base64);
	return true;
}

/* --- trying a password --- */

static bool
welcome(struct sasl_dialogue *dialogue, const struct application_entry *entry, GString *reply)
{
	g_autofree char *user = member_login_make(&entry->password, entry->account.address);

	g_string_append_printf(reply, "OK\t%u\tuser=%s\n", dialogue->number, user);
	forget(dialogue);
	return true;
}

static bool
answer(struct sasl_dialogue *dialogue, enum application_outcome outcome,
       const struct application_entry *entry, GString *reply)
{
	static const char *const reasons[] = {
		[APPLICATION_WRONG] = "the address or the password is not correct; a mail program "
				      "needs a password of its own from the settings of the portal",
		[APPLICATION_TOO_OFTEN] = "too many attempts; please wait 15 minutes",
		[APPLICATION_WITHOUT_FACTOR] =
			"please set up a second step in the portal's settings first",
	};

	return outcome == APPLICATION_SIGNED_IN ? welcome(dialogue, entry, reply)
						: refuse(dialogue, reasons[outcome], reply);
}

static bool
sign_in(struct sasl_dialogue *dialogue, const char *user, const char *password, GString *reply)
{
	const struct application_attempt attempt = {.settings = dialogue->settings,
						    .network = dialogue->network,
						    .user = user,
						    .password = password,
						    .counter = METRIC_SUBMISSION_SIGNINS};
	struct application_entry entry = {0};
	enum application_outcome outcome;
	struct fault fault;
	bool done;

	if (application_signin(dialogue->database, &attempt, &entry, &outcome, &fault)) {
		done = answer(dialogue, outcome, &entry, reply);
	} else {
		log_error("asking whether an application password is right: %s", fault.text);
		done = false;
	}
	application_entry_clear(&entry);
	return done;
}

static bool
take_plain(struct sasl_dialogue *dialogue, const char *response, GString *reply)
{
	g_autofree char *user = NULL, *password = NULL;
	bool done;

	if (!sasl_plain_read(response, &user, &password))
		return refuse(dialogue, "this is no answer of the mechanism PLAIN", reply);
	done = sign_in(dialogue, user, password, reply);
	sodium_memzero(password, strlen(password));
	return done;
}

static bool
take_login(struct sasl_dialogue *dialogue, const char *response, GString *reply)
{
	g_autofree char *text = NULL;
	bool done;

	if (!sasl_text_read(response, &text))
		return refuse(dialogue, "this is no answer of the mechanism LOGIN", reply);
	if (dialogue->user == NULL) {
		dialogue->user = g_steal_pointer(&text);
		return ask(dialogue, ask_password, reply);
	}
	done = sign_in(dialogue, dialogue->user, text, reply);
	sodium_memzero(text, strlen(text));
	return done;
}

static bool
take_response(struct sasl_dialogue *dialogue, const char *response, GString *reply)
{
	return dialogue->is_login ? take_login(dialogue, response, reply)
				  : take_plain(dialogue, response, reply);
}

/* --- lines --- */

static bool
take_version(struct sasl_dialogue *dialogue, const struct sasl_line *line)
{
	dialogue->is_agreed = line->number == MAJOR;
	if (!dialogue->is_agreed)
		log_error("the MTA speaks version %u of Dovecot's protocol for authentication, "
			  "and we only version %d",
			  line->number, MAJOR);
	return dialogue->is_agreed;
}

static bool
take_auth(struct sasl_dialogue *dialogue, const struct sasl_line *line, GString *reply)
{
	forget(dialogue);
	dialogue->number = line->number;
	dialogue->is_login = g_ascii_strcasecmp(line->mechanism, login) == 0;
	if (!dialogue->is_login && g_ascii_strcasecmp(line->mechanism, plain) != 0)
		return refuse(dialogue, "the only mechanisms here are PLAIN and LOGIN", reply);
	if (!line->is_secured)
		return refuse(dialogue, "passwords are taken only over TLS", reply);
	dialogue->network = client_network_of_text(line->client);
	if (line->response != NULL)
		return take_response(dialogue, line->response, reply);
	return ask(dialogue, dialogue->is_login ? ask_user : "", reply);
}

static bool
take_cont(struct sasl_dialogue *dialogue, const struct sasl_line *line, GString *reply)
{
	if (dialogue->is_waiting && dialogue->number == line->number)
		return take_response(dialogue, line->response, reply);
	forget(dialogue);
	dialogue->number = line->number;
	return refuse(dialogue, "there is no such sign-in", reply);
}

static bool
take(struct sasl_dialogue *dialogue, const struct sasl_line *line, GString *reply)
{
	switch (line->verb) {
	case SASL_VERSION:
		return take_version(dialogue, line);
	case SASL_AUTH:
		return take_auth(dialogue, line, reply);
	case SASL_CONT:
		return take_cont(dialogue, line, reply);
	case SASL_CANCEL:
		forget(dialogue);
		break;
	case SASL_OTHER:
	case SASL_VERBS:
		break;
	}
	return true;
}

bool
sasl_dialogue_take(struct sasl_dialogue *dialogue, char *text, GString *reply)
{
	struct sasl_line line;

	sasl_line_read(&line, text);
	if (line.is_well_formed && (dialogue->is_agreed || line.verb == SASL_VERSION))
		return take(dialogue, &line, reply);
	log_error("the MTA sent a line to the socket for passwords that is none of Dovecot's "
		  "protocol for authentication clients");
	return false;
}
