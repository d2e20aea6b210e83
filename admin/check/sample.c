#include "admin/check/sample.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/check/packet.h"

enum { SAMPLE_SECONDS = 60 };

static const char body[] = "A sample of \"postseal check\", which goes nowhere.\r\n";
static const char signature[] = "DKIM-Signature";
/* What comes before the answer itself: changes, and signs of life. */
static const char before_answer[] = {
	SMFIR_ADDHEADER,   SMFIR_INSHEADER, SMFIR_CHGHEADER, SMFIR_CHGFROM,    SMFIR_ADDRCPT,
	SMFIR_ADDRCPT_PAR, SMFIR_DELRCPT,   SMFIR_REPLBODY,  SMFIR_QUARANTINE, SMFIR_PROGRESS};

struct session {
	int fd;
	uint32_t steps; /* what the milter does not want to hear or does not answer */
	const char *client;
	char *address; /* who writes, and to whom */
	struct sample_result *result;
	bool is_over; /* it has decided */
};

/* --- what it answers --- */

/* Is a field added, or inserted behind a place of four bytes? */
static bool
adds_signature(const struct packet *reply)
{
	size_t name = reply->bytes[0] == SMFIR_INSHEADER ? 1 + sizeof(uint32_t) : 1;

	return (reply->bytes[0] == SMFIR_INSHEADER || reply->bytes[0] == SMFIR_ADDHEADER) &&
	       reply->length > name + sizeof signature &&
	       strncasecmp(reply->bytes + name, signature, sizeof signature) == 0;
}

static void
take_reply(struct sample_result *result, const struct packet *reply)
{
	bool has_text = reply->bytes[0] == SMFIR_REPLYCODE;
	g_autofree char *text =
		has_text ? g_strndup(reply->bytes + 1, reply->length - 1) : g_strdup("4.7.1");

	result->waits = reply->bytes[0] == SMFIR_TEMPFAIL || (has_text && *text == '4');
	g_strlcpy(result->reply, text, sizeof result->reply);
}

/* False: it does not answer. */
static bool
hear(struct session *session)
{
	struct packet reply;

	do {
		if (!packet_read(session->fd, &reply))
			return false;
		session->result->signs = session->result->signs || adds_signature(&reply);
	} while (memchr(before_answer, reply.bytes[0], sizeof before_answer) != NULL);
	take_reply(session->result, &reply);
	session->is_over = reply.bytes[0] != SMFIR_CONTINUE && reply.bytes[0] != SMFIR_SKIP;
	return true;
}

/* --- what it is told --- */

struct step {
	char command;
	uint32_t unwanted, unanswered; /* SMFIP_… */
};

static bool
tell(struct session *session, const struct step *step, const void *data, size_t length)
{
	if (session->is_over || (session->steps & step->unwanted) != 0)
		return true;
	return packet_write(session->fd, step->command, data, length) &&
	       ((session->steps & step->unanswered) != 0 || hear(session));
}

/* Strings, each with its end. */
static bool
tell_words(struct session *session, const struct step *step, const char *first, const char *second)
{
	g_autoptr(GString) data = g_string_new_len(first, (gssize)strlen(first) + 1);

	if (second != NULL)
		g_string_append_len(data, second, (gssize)strlen(second) + 1);
	return tell(session, step, data->str, data->len);
}

/* Macros belong to the command that follows. */
static bool
tell_macro(struct session *session, char command, const char *name, const char *value)
{
	g_autoptr(GString) data = g_string_new(NULL);

	g_string_append_c(data, command);
	g_string_append_len(data, name, (gssize)strlen(name) + 1);
	g_string_append_len(data, value, (gssize)strlen(value) + 1);
	return packet_write(session->fd, SMFIC_MACRO, data->str, data->len);
}

static bool
tell_client(struct session *session)
{
	static const struct step step = {SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN};
	const char *name = strcmp(session->client, "127.0.0.1") == 0 ? "localhost" : "unknown";
	const uint16_t port = htons(25);
	g_autoptr(GString) data = g_string_new_len(name, (gssize)strlen(name) + 1);

	g_string_append_c(data, SMFIA_INET);
	g_string_append_len(data, (const char *)&port, sizeof port);
	g_string_append_len(data, session->client, (gssize)strlen(session->client) + 1);
	return tell_macro(session, SMFIC_CONNECT, "{client_addr}", session->client) &&
	       tell(session, &step, data->str, data->len);
}

static bool
tell_envelope(struct session *session)
{
	static const struct step helo = {SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO},
				 mail = {SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL},
				 recipient = {SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT},
				 data = {SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA};
	g_autofree char *path = g_strdup_printf("<%s>", session->address);

	return tell_words(session, &helo, g_get_host_name(), NULL) &&
	       tell_macro(session, SMFIC_MAIL, "i", "postsealcheck") &&
	       tell_words(session, &mail, path, NULL) &&
	       tell_words(session, &recipient, path, NULL) && tell(session, &data, NULL, 0);
}

static bool
tell_field(struct session *session, const char *name, const char *value)
{
	static const struct step step = {SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR};
	g_autofree char *spaced = g_strconcat(" ", value, NULL);

	return tell_words(session, &step, name,
			  (session->steps & SMFIP_HDR_LEADSPC) != 0 ? spaced : value);
}

static bool
tell_header(struct session *session)
{
	static const struct step end = {SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH};
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S %z");
	g_autofree char *id = g_strdup_printf("<check.%" G_GINT64_FORMAT "@%s>", g_get_real_time(),
					      g_get_host_name());

	return tell_field(session, "From", session->address) &&
	       tell_field(session, "To", session->address) &&
	       tell_field(session, "Subject", "Postseal: sample") &&
	       tell_field(session, "Date", date) && tell_field(session, "Message-ID", id) &&
	       tell(session, &end, NULL, 0);
}

static bool
tell_body(struct session *session)
{
	static const struct step chunk = {SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY},
				 end = {SMFIC_BODYEOB, 0, 0};

	return tell(session, &chunk, body, strlen(body)) && tell(session, &end, NULL, 0);
}

static bool
tell_message(struct session *session)
{
	struct packet reply;

	if (!packet_negotiate(session->fd, &reply))
		return false;
	session->steps = packet_steps(&reply);
	if (!tell_client(session) || !tell_envelope(session) || !tell_header(session) ||
	    !tell_body(session))
		return false;
	packet_write(session->fd, SMFIC_QUIT, NULL, 0);
	return true;
}

/* --- as Postfix --- */

struct dialogue {
	const struct as_user *who;
	const char *address;
	struct session session;
};

static bool
run(void *context, struct fault *fault)
{
	struct dialogue *dialogue = context;
	bool done;

	dialogue->session.fd = packet_connect(dialogue->address);
	if (dialogue->session.fd < 0)
		return fault_set(fault, FAULT_CONFIG, "cannot be reached by the user %s%s (%s)",
				 dialogue->who->user,
				 dialogue->who->is_chroot ? " in its chroot" : "", strerror(errno));
	done = tell_message(&dialogue->session);
	close(dialogue->session.fd);
	return done || fault_set(fault, FAULT_CONFIG, "does not answer as a milter does");
}

static struct sample *
give(const struct check *check, const struct as_user *who, const char *address, const char *client)
{
	const char *domain = check->settings->domains[0];
	g_autofree char *postmaster =
		g_strconcat("postmaster@", domain == NULL ? "localhost" : domain, NULL);
	struct sample *sample = g_new0(struct sample, 1);
	struct dialogue dialogue = {
		who, address, {.client = client, .address = postmaster, .result = &sample->result}};

	sample->is_answered = as_user(who, run, &dialogue, &sample->result, sizeof sample->result,
				      &sample->fault);
	return sample;
}

const struct sample *
sample_give(const struct check *check, const char *service, const char *address, const char *client)
{
	const struct as_user who = postfix_as_user(check->postfix, service, SAMPLE_SECONDS);
	g_autofree char *name = g_strdup_printf("%d %s %s", who.is_chroot ? 1 : 0, client, address);
	struct sample *sample = g_hash_table_lookup(check->samples, name);

	if (sample == NULL) {
		sample = give(check, &who, address, client);
		g_hash_table_insert(check->samples, g_steal_pointer(&name), sample);
	}
	return sample;
}
