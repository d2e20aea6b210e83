#include "delivery/courier/smtp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { IN_BYTES = 8192, OUT_BYTES = 65536, REPLY_LINES_MAX = 100, PIPELINE_MAX = 100 };

struct smtp {
	int fd;
	int timeout; /* milliseconds, for each read and write */
	char *host;
	GHashTable *extensions; /* upper case */
	char in[IN_BYTES];
	size_t in_length, in_at;
	GByteArray *out;
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
		return fault_set(fault, FAULT_TIMEOUT, "talking to the MTA at %s: it does not answer", smtp->host);
	return fault_set(fault, FAULT_PEER, "talking to the MTA at %s: %s", smtp->host, strerror(errno));
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
			return fault_set(fault, FAULT_PEER, "writing to the MTA at %s: %s", smtp->host,
					 strerror(errno));
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

static bool
command(struct smtp *smtp, struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool
command(struct smtp *smtp, struct fault *fault, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list args;

	va_start(args, format);
	line = g_strdup_vprintf(format, args);
	va_end(args);
	/* An address with a line end would be a second command. */
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

/* Each line is "250-text" but for the last, "250 text" (RFC 5321 §4.2.1). */
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
			return fault_set(fault, FAULT_PEER, "talking to the MTA at %s: “%.60s” is no reply",
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

/* --- the connection --- */

static const char tcp_scheme[] = "smtp://";

static int
connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && g_strlcpy(address.sun_path, path, sizeof address.sun_path) < sizeof address.sun_path &&
	    connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
connect_tcp(const char *url, struct fault *fault)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	g_autofree char *host = g_strdup(url + strlen(tcp_scheme));
	char *colon = strrchr(host, ':');
	const char *port = "25";
	struct addrinfo *found = NULL;
	int fd = -1, error;

	if (colon != NULL && strchr(colon, ']') == NULL) {
		*colon = '\0';
		port = colon + 1;
	}
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		memmove(host, host + 1, strlen(host));
		host[strlen(host) - 1] = '\0';
	}
	error = getaddrinfo(host, port, &wanted, &found);
	if (error != 0) {
		fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s", url, gai_strerror(error));
		return -1;
	}
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			int why = errno;

			close(fd);
			fd = -1;
			errno = why;
		}
	}
	error = errno;
	freeaddrinfo(found);
	if (fd < 0)
		fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s", url, strerror(error));
	return fd;
}

static int
connect_to(const char *url, struct fault *fault)
{
	int fd;

	if (g_str_has_prefix(url, tcp_scheme))
		return connect_tcp(url, fault);
	if (g_str_has_prefix(url, "unix:")) {
		fd = connect_unix(url + 5);
		if (fd < 0)
			fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s", url, strerror(errno));
		return fd;
	}
	fault_set(fault, FAULT_CONFIG, "connecting to the MTA at %s: expected smtp://host:port or unix:/path",
		  url);
	return -1;
}

static void
note_extension(struct smtp *smtp, const char *text)
{
	char *name = g_ascii_strup(text, (gssize)strcspn(text, " "));

	if (strcmp(name, "XFORWARD") == 0)
		smtp->takes_ident = strstr(text, " IDENT") != NULL;
	g_hash_table_add(smtp->extensions, name);
}

static bool
greet(struct smtp *smtp, const char *hostname, struct fault *fault)
{
	struct smtp_reply reply;

	if (!read_reply(smtp, &reply, NULL, fault))
		return false;
	if (reply.code != 220)
		return fault_set(fault, FAULT_PEER, "greeting the MTA at %s: it says %s", smtp->host, reply.text);
	if (!command(smtp, fault, "EHLO %s", hostname) || !flush(smtp, fault) ||
	    !read_reply(smtp, &reply, note_extension, fault))
		return false;
	return reply.code == 250 ||
	       fault_set(fault, FAULT_PEER, "greeting the MTA at %s: it says %s", smtp->host, reply.text);
}

struct smtp *
smtp_open(const char *url, const char *hostname, unsigned timeout_seconds, struct fault *fault)
{
	int fd = connect_to(url, fault);
	g_autoptr(smtp_auto) smtp = NULL;

	if (fd < 0)
		return NULL;
	smtp = g_new0(struct smtp, 1);
	smtp->fd = fd;
	smtp->timeout = (int)timeout_seconds * 1000;
	smtp->host = g_strdup(url);
	smtp->extensions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	smtp->out = g_byte_array_new();
	if (!greet(smtp, hostname, fault)) {
		smtp->broken = true;
		return NULL;
	}
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
	g_hash_table_unref(smtp->extensions);
	g_free(smtp->host);
	g_free(smtp);
}

bool
smtp_offers(const struct smtp *smtp, const char *extension)
{
	return g_hash_table_contains(smtp->extensions, extension);
}

/* --- a mail --- */

static bool
put_mail(struct smtp *smtp, const struct smtp_mail *mail, struct fault *fault)
{
	bool dsn = smtp_offers(smtp, "DSN");

	return command(smtp, fault, "MAIL FROM:<%s>%s%s%s%s%s%s", mail->sender,
		       smtp_offers(smtp, "8BITMIME") ? " BODY=8BITMIME" : "",
		       mail->smtputf8 ? " SMTPUTF8" : "", dsn && mail->ret != NULL ? " RET=" : "",
		       dsn && mail->ret != NULL ? mail->ret : "", dsn && mail->envid != NULL ? " ENVID=" : "",
		       dsn && mail->envid != NULL ? mail->envid : "");
}

static bool
put_recipient(struct smtp *smtp, const struct smtp_recipient *recipient, struct fault *fault)
{
	bool dsn = smtp_offers(smtp, "DSN");
	bool notify = dsn && recipient->notify != NULL, orcpt = dsn && recipient->orcpt != NULL;

	return command(smtp, fault, "RCPT TO:<%s>%s%s%s%s", recipient->address, notify ? " NOTIFY=" : "",
		       notify ? recipient->notify : "", orcpt ? " ORCPT=" : "",
		       orcpt ? recipient->orcpt : "");
}

/* A bounded number of commands is sent before their replies are read, so that neither side
 * waits for the other with full buffers. */
static bool
name_recipients(struct smtp *smtp, struct smtp_mail *mail, size_t *accepted_r, struct fault *fault)
{
	size_t at_once = smtp_offers(smtp, "PIPELINING") ? PIPELINE_MAX : 1;

	*accepted_r = 0;
	for (size_t first = 0; first < mail->recipient_count; first += at_once) {
		size_t end = MIN(first + at_once, mail->recipient_count);

		for (size_t i = first; i < end; i++)
			if (!put_recipient(smtp, &mail->recipients[i], fault))
				return false;
		if (!flush(smtp, fault))
			return false;
		for (size_t i = first; i < end; i++) {
			if (!read_reply(smtp, &mail->recipients[i].reply, NULL, fault))
				return false;
			*accepted_r += mail->recipients[i].reply.code / 100 == 2;
		}
	}
	return true;
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
		if (!put(dots->smtp, from, (size_t)(at - from), fault) || !put(dots->smtp, ".", 1, fault))
			return false;
		from = at;
	}
	return put(dots->smtp, from, (size_t)(end - from), fault);
}

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
	return (ended || put(smtp, "\r\n", 2, fault)) && flush(smtp, fault);
}

/* Postfix logs it as orig_queue_id. */
static bool
tell_ident(struct smtp *smtp, const struct smtp_mail *mail, struct fault *fault)
{
	struct smtp_reply reply;

	return mail->ident == NULL || !smtp->takes_ident ||
	       (command(smtp, fault, "XFORWARD IDENT=%s", mail->ident) && flush(smtp, fault) &&
		read_reply(smtp, &reply, NULL, fault));
}

static bool
reset(struct smtp *smtp, struct fault *fault)
{
	struct smtp_reply reply;

	return command(smtp, fault, "RSET") && flush(smtp, fault) && read_reply(smtp, &reply, NULL, fault);
}

static void
give_all(struct smtp_mail *mail, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < mail->recipient_count; i++)
		if (mail->recipients[i].reply.code == 0 || mail->recipients[i].reply.code / 100 == 2)
			mail->recipients[i].reply = *reply;
}

bool
smtp_send(struct smtp *smtp, struct smtp_mail *mail, struct smtp_reply *reply_r, bool *in_doubt_r,
	  struct fault *fault)
{
	size_t accepted;

	*in_doubt_r = false;
	for (size_t i = 0; i < mail->recipient_count; i++)
		mail->recipients[i].reply = (struct smtp_reply){0};
	if (mail->smtputf8 && !smtp_offers(smtp, "SMTPUTF8")) {
		*reply_r = (struct smtp_reply){553, "553 5.6.7 the MTA does not take SMTPUTF8 (RFC 6531)"};
		give_all(mail, reply_r);
		return true;
	}
	if (!tell_ident(smtp, mail, fault) || !put_mail(smtp, mail, fault) || !flush(smtp, fault) ||
	    !read_reply(smtp, reply_r, NULL, fault))
		return false;
	if (reply_r->code / 100 != 2) {
		give_all(mail, reply_r);
		return true;
	}
	if (!name_recipients(smtp, mail, &accepted, fault))
		return false;
	if (accepted == 0) {
		*reply_r = mail->recipients[0].reply;
		return reset(smtp, fault);
	}
	if (!command(smtp, fault, "DATA") || !flush(smtp, fault) || !read_reply(smtp, reply_r, NULL, fault))
		return false;
	if (reply_r->code != 354) {
		give_all(mail, reply_r);
		return reset(smtp, fault);
	}
	if (!put_content(smtp, mail, fault))
		return false;
	*in_doubt_r = true;
	if (!command(smtp, fault, ".") || !flush(smtp, fault) || !read_reply(smtp, reply_r, NULL, fault))
		return false;
	*in_doubt_r = false;
	give_all(mail, reply_r);
	return true;
}
