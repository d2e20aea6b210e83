#include "delivery/courier/smtp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/address.h"
#include "delivery/courier/smtp_connect.h"

enum { IN_BYTES = 8192, OUT_BYTES = 65536, REPLY_LINES_MAX = 100, ASKED_MAX = 100 };

struct smtp {
	int fd;
	int timeout; /* milliseconds, for each read and write */
	char *host;
	GHashTable *extensions; /* upper case */
	char in[IN_BYTES];
	size_t in_length, in_at;
	GByteArray *out;
	GPtrArray *asked; /* struct smtp_reply, still to be filled */
	guint asked_max;  /* 1 without PIPELINING */
	bool takes_ident; /* Postfix's XFORWARD with IDENT */
	bool broken;
};

/* --- bytes --- */

static bool
wait_for(struct smtp *smtp, short events, struct fault *fault)
{
	struct pollfd watched = {.fd = smtp->fd, .events = events};
	int ready;

	do
		ready = poll(&watched, 1, smtp->timeout);
	while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return true;
	smtp->broken = true;
	if (ready == 0)
		return fault_set(fault, FAULT_TIMEOUT,
				 "talking to the MTA at %s: it does not answer", smtp->host);
	return fault_set(fault, FAULT_PEER, "talking to the MTA at %s: %s", smtp->host,
			 strerror(errno));
}

static bool
flush(struct smtp *smtp, struct fault *fault)
{
	size_t at = 0;

	while (at < smtp->out->len) {
		ssize_t sent = send(smtp->fd, smtp->out->data + at, smtp->out->len - at,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += (size_t)sent;
		} else if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(smtp, POLLOUT, fault))
				return false;
		} else {
			smtp->broken = true;
			return fault_set(fault, FAULT_PEER, "writing to the MTA at %s: %s",
					 smtp->host, strerror(errno));
		}
	}
	g_byte_array_set_size(smtp->out, 0);
	return true;
}

static bool
put(struct smtp *smtp, const void *data, size_t length, struct fault *fault)
{
	g_byte_array_append(smtp->out, data, (guint)length);
	return smtp->out->len < OUT_BYTES || flush(smtp, fault);
}

static bool command(struct smtp *smtp, struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool
command(struct smtp *smtp, struct fault *fault, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	/* An address that contains a line end would be a second command. */
	if (strpbrk(line, "\r\n") != NULL)
		return fault_set(fault, FAULT_BUG, "talking to the MTA: a command has a line end");
	return put(smtp, line, strlen(line), fault) && put(smtp, "\r\n", 2, fault);
}

static bool
fill(struct smtp *smtp, struct fault *fault)
{
	ssize_t got;

	if (smtp->in_at < smtp->in_length)
		return true;
	do {
		if (!wait_for(smtp, POLLIN, fault))
			return false;
		got = recv(smtp->fd, smtp->in, sizeof smtp->in, MSG_DONTWAIT);
	} while (got < 0 && (errno == EAGAIN || errno == EINTR));
	if (got <= 0) {
		smtp->broken = true;
		return fault_set(fault, FAULT_PEER, "reading from the MTA at %s: %s", smtp->host,
				 got == 0 ? "it closed the connection" : strerror(errno));
	}
	smtp->in_at = 0;
	smtp->in_length = (size_t)got;
	return true;
}

static bool
read_line(struct smtp *smtp, GString *line, struct fault *fault)
{
	g_string_truncate(line, 0);
	for (;;) {
		char c;

		if (!fill(smtp, fault))
			return false;
		c = smtp->in[smtp->in_at++];
		if (c == '\n')
			break;
		if (line->len < SMTP_REPLY_MAX)
			g_string_append_c(line, c);
	}
	if (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
	return true;
}

/* Each line is "250-text", except for the last: "250 text" (RFC 5321 §4.2.1). */
static bool
read_reply(struct smtp *smtp, struct smtp_reply *reply_r, void (*each)(struct smtp *, const char *),
	   struct fault *fault)
{
	g_autoptr(GString) line = g_string_new(NULL);
	bool more = true;

	*reply_r = (struct smtp_reply){0};
	for (int i = 0; more && i < REPLY_LINES_MAX; i++) {
		if (!read_line(smtp, line, fault))
			return false;
		if (line->len < 3 || strspn(line->str, "0123456789") != 3) {
			smtp->broken = true;
			return fault_set(fault, FAULT_PEER,
					 "talking to the MTA at %s: “%.60s” is not an SMTP reply",
					 smtp->host, line->str);
		}
		more = line->str[3] == '-';
		reply_r->code = (int)g_ascii_strtoull(line->str, NULL, 10);
		if (i > 0)
			g_strlcat(reply_r->text, " ", sizeof reply_r->text);
		g_strlcat(reply_r->text, i == 0 ? line->str : line->str + MIN(line->len, (gsize)4),
			  sizeof reply_r->text);
		if (each != NULL && i > 0)
			each(smtp, line->str + MIN(line->len, (gsize)4));
	}
	return true;
}

/* --- greeting --- */

static void
note_extension(struct smtp *smtp, const char *text)
{
	char *name = g_ascii_strup(text, (gssize)strcspn(text, " "));

	if (strcmp(name, "XFORWARD") == 0)
		smtp->takes_ident = strstr(text, " IDENT") != NULL;
	g_hash_table_add(smtp->extensions, name);
}

/* Up to the reply to EHLO; what was offered before does not count. */
static bool
greet(struct smtp *smtp, const char *hostname, struct fault *fault)
{
	struct smtp_reply reply;

	g_hash_table_remove_all(smtp->extensions);

	if (!read_reply(smtp, &reply, NULL, fault))
		return false;
	if (reply.code != 220)
		return fault_set(fault, FAULT_PEER, "greeting the MTA at %s: it says %s",
				 smtp->host, reply.text);
	if (!command(smtp, fault, "EHLO %s", hostname) || !flush(smtp, fault) ||
	    !read_reply(smtp, &reply, note_extension, fault))
		return false;
	return reply.code == 250 ||
	       fault_set(fault, FAULT_PEER, "greeting the MTA at %s: it says %s", smtp->host,
			 reply.text);
}

/* The session begins again, from the server's greeting (XCLIENT_README). A milter there that signs
 * for this machine alone then signs nothing in the organisation's name that somebody else wrote. */
static bool
speak_for(struct smtp *smtp, const struct smtp_peer *peer, struct fault *fault)
{
	bool is_ipv6 = peer->client != NULL && strchr(peer->client, ':') != NULL;

	if (peer->client == NULL || !smtp_offers(smtp, "XCLIENT"))
		return true;
	return command(smtp, fault, "XCLIENT NAME=[UNAVAILABLE] ADDR=%s%s", is_ipv6 ? "IPV6:" : "",
		       peer->client) &&
	       flush(smtp, fault) && greet(smtp, peer->hostname, fault);
}

struct smtp *
smtp_open(const struct smtp_peer *peer, struct fault *fault)
{
	int fd = smtp_connect(peer, fault);
	g_autoptr(smtp_auto) smtp = NULL;

	if (fd < 0)
		return NULL;
	smtp = g_new0(struct smtp, 1);
	smtp->fd = fd;
	smtp->timeout = (int)peer->timeout_seconds * 1000;
	smtp->host = g_strdup(peer->url);
	smtp->extensions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	smtp->out = g_byte_array_new();
	smtp->asked = g_ptr_array_new();
	if (!greet(smtp, peer->hostname, fault) || !speak_for(smtp, peer, fault)) {
		smtp->broken = true;
		return NULL;
	}
	smtp->asked_max = smtp_offers(smtp, "PIPELINING") ? ASKED_MAX : 1;
	return g_steal_pointer(&smtp);
}

void
smtp_close(struct smtp *smtp)
{
	struct fault ignored;
	struct smtp_reply reply;

	if (smtp == NULL)
		return;
	if (!smtp->broken && command(smtp, &ignored, "QUIT") && flush(smtp, &ignored))
		read_reply(smtp, &reply, NULL, &ignored);
	close(smtp->fd);
	g_byte_array_unref(smtp->out);
	g_ptr_array_unref(smtp->asked);
	g_hash_table_unref(smtp->extensions);
	g_free(smtp->host);
	g_free(smtp);
}

bool
smtp_offers(const struct smtp *smtp, const char *extension)
{
	return g_hash_table_contains(smtp->extensions, extension);
}

/* --- commands before their replies (RFC 2920) --- */

/* Reads the replies to all outstanding commands, in order. */
static bool
hear(struct smtp *smtp, struct fault *fault)
{
	bool good = flush(smtp, fault);

	for (guint i = 0; i < smtp->asked->len && good; i++) {
		struct smtp_reply *reply = g_ptr_array_index(smtp->asked, i);

		good = read_reply(smtp, reply, NULL, fault);
		if (good && reply->code == 421) {
			smtp->broken = true;
			good = fault_set(fault, FAULT_PEER, "talking to the MTA at %s: it says %s",
					 smtp->host, reply->text);
		}
	}
	g_ptr_array_set_size(smtp->asked, 0);
	return good;
}

/* The reply to the last command goes to *reply_r, at the latest when hear() is called. The number
 * of outstanding commands is limited, so that the two sides never wait for each other with full
 * buffers. */
static bool
expect(struct smtp *smtp, struct smtp_reply *reply_r, struct fault *fault)
{
	g_ptr_array_add(smtp->asked, reply_r);
	return smtp->asked->len < smtp->asked_max || hear(smtp, fault);
}

/* --- a mail --- */

/* Postfix logs it as orig_queue_id. */
static bool
tell_ident(struct smtp *smtp, const struct smtp_mail *mail, struct smtp_reply *reply_r,
	   struct fault *fault)
{
	return mail->ident == NULL || !smtp->takes_ident ||
	       (command(smtp, fault, "XFORWARD IDENT=%s", mail->ident) &&
		expect(smtp, reply_r, fault));
}

static bool
name_sender(struct smtp *smtp, const struct smtp_mail *mail, struct smtp_reply *reply_r,
	    struct fault *fault)
{
	bool dsn = smtp_offers(smtp, "DSN");

	return command(smtp, fault, "MAIL FROM:<%s>%s%s%s%s%s%s", mail->sender,
		       smtp_offers(smtp, "8BITMIME") ? " BODY=8BITMIME" : "",
		       mail->smtputf8 ? " SMTPUTF8" : "", dsn && mail->ret != NULL ? " RET=" : "",
		       dsn && mail->ret != NULL ? mail->ret : "",
		       dsn && mail->envid != NULL ? " ENVID=" : "",
		       dsn && mail->envid != NULL ? mail->envid : "") &&
	       expect(smtp, reply_r, fault);
}

static bool
name_recipients(struct smtp *smtp, const struct smtp_mail *mail, struct fault *fault)
{
	bool dsn = smtp_offers(smtp, "DSN");

	for (size_t i = 0; i < mail->recipient_count; i++) {
		struct smtp_recipient *to = &mail->recipients[i];
		bool notify = dsn && to->notify != NULL, orcpt = dsn && to->orcpt != NULL;

		/* An invalid address could be an address followed by an SMTP parameter. */
		if (!address_is_valid(to->address))
			to->reply = (struct smtp_reply){553, "553 5.1.3 not a mail address"};
		else if (!command(smtp, fault, "RCPT TO:<%s>%s%s%s%s", to->address,
				  notify ? " NOTIFY=" : "", notify ? to->notify : "",
				  orcpt ? " ORCPT=" : "", orcpt ? to->orcpt : "") ||
			 !expect(smtp, &to->reply, fault))
			return false;
	}
	return true;
}

/* Everything before the content. False if the connection can no longer be used. */
static bool
ask(struct smtp *smtp, const struct smtp_mail *mail, struct smtp_reply *to_sender_r,
    struct smtp_reply *to_data_r, struct fault *fault)
{
	struct smtp_reply to_ident;

	return tell_ident(smtp, mail, &to_ident, fault) &&
	       name_sender(smtp, mail, to_sender_r, fault) && name_recipients(smtp, mail, fault) &&
	       command(smtp, fault, "DATA") && expect(smtp, to_data_r, fault) && hear(smtp, fault);
}

/* Doubles a dot at the beginning of a line (RFC 5321 §4.5.2). */
struct dot_sink {
	struct sink sink;
	struct smtp *smtp;
	char last, before_last;
};

static bool
dot_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct dot_sink *dots = (struct dot_sink *)sink;
	const char *at = data, *end = at + length;
	const char *from = at;

	for (; at < end; at++) {
		bool line_begins = dots->last == '\n';

		dots->before_last = dots->last;
		dots->last = *at;
		if (!line_begins || *at != '.')
			continue;
		if (!put(dots->smtp, from, (size_t)(at - from), fault) ||
		    !put(dots->smtp, ".", 1, fault))
			return false;
		from = at;
	}
	return put(dots->smtp, from, (size_t)(end - from), fault);
}

/* Includes the final dot; most of it usually still has to be flushed. */
static bool
put_content(struct smtp *smtp, const struct smtp_mail *mail, struct fault *fault)
{
	struct dot_sink dots = {.sink = {.write = dot_write}, .smtp = smtp, .last = '\n'};
	bool ended;

	if (!mail->write(mail->context, &dots.sink, fault)) {
		smtp->broken = true; /* the MTA must not see an end */
		return false;
	}
	ended = dots.last == '\n' && (dots.before_last == '\r' || dots.before_last == '\0');
	return (ended || put(smtp, "\r\n", 2, fault)) && command(smtp, fault, ".");
}

/* The MTA does not have the whole mail before its last byte has been sent. */
static bool
send_content(struct smtp *smtp, const struct smtp_mail *mail, struct smtp_reply *reply_r,
	     bool *in_doubt_r, struct fault *fault)
{
	if (!put_content(smtp, mail, fault) || !flush(smtp, fault))
		return false;
	*in_doubt_r = true;
	if (!read_reply(smtp, reply_r, NULL, fault))
		return false;
	*in_doubt_r = false;
	return true;
}

/* The MTA waits for content although it has accepted no recipient (RFC 2920 §3.1). */
static bool
send_nothing(struct smtp *smtp, struct fault *fault)
{
	struct smtp_reply reply;

	return command(smtp, fault, ".") && expect(smtp, &reply, fault) && hear(smtp, fault);
}

static bool
reset(struct smtp *smtp, struct fault *fault)
{
	struct smtp_reply reply;

	return command(smtp, fault, "RSET") && expect(smtp, &reply, fault) && hear(smtp, fault);
}

static void
give_all(struct smtp_mail *mail, const struct smtp_reply *reply, bool to_refused)
{
	for (size_t i = 0; i < mail->recipient_count; i++)
		if (to_refused || mail->recipients[i].reply.code / 100 == 2)
			mail->recipients[i].reply = *reply;
}

static bool
is_any_taken(const struct smtp_mail *mail)
{
	for (size_t i = 0; i < mail->recipient_count; i++)
		if (mail->recipients[i].reply.code / 100 == 2)
			return true;
	return false;
}

bool
smtp_send(struct smtp *smtp, struct smtp_mail *mail, struct smtp_reply *reply_r, bool *in_doubt_r,
	  struct fault *fault)
{
	struct smtp_reply sender, data;

	*in_doubt_r = false;
	for (size_t i = 0; i < mail->recipient_count; i++)
		mail->recipients[i].reply = (struct smtp_reply){0};
	*reply_r = (struct smtp_reply){0};
	if (*mail->sender != '\0' && !address_is_valid(mail->sender))
		*reply_r = (struct smtp_reply){553, "553 5.1.7 the sender is not a mail address"};
	else if (mail->smtputf8 && !smtp_offers(smtp, "SMTPUTF8"))
		*reply_r = (struct smtp_reply){
			553, "553 5.6.7 the MTA does not support SMTPUTF8 (RFC 6531)"};
	if (reply_r->code != 0) {
		give_all(mail, reply_r, true);
		return true;
	}
	if (!ask(smtp, mail, &sender, &data, fault))
		return false;
	*reply_r = data;
	if (sender.code / 100 != 2) { /* the later replies mean nothing then */
		*reply_r = sender;
		give_all(mail, reply_r, true);
	} else if (!is_any_taken(mail)) {
		*reply_r = mail->recipients[0].reply;
	} else if (data.code == 354) {
		if (!send_content(smtp, mail, reply_r, in_doubt_r, fault))
			return false;
		give_all(mail, reply_r, false);
		return true;
	} else {
		give_all(mail, reply_r, false);
	}
	return (data.code == 354 ? send_nothing : reset)(smtp, fault);
}
