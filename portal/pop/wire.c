#include "portal/pop/wire.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

enum { REPLY_SECONDS = 60, REPLY_BYTES_A_SECOND = 8192 };

/* --- time --- */

static void
set_deadline(struct wire *wire, gint64 at)
{
	deadline_set(wire->deadline, wire->until != 0 && wire->until < at ? wire->until : at);
}

static gint64
in_seconds(unsigned seconds)
{
	return g_get_monotonic_time() + seconds * (gint64)G_TIME_SPAN_SECOND;
}

void
wire_limit(struct wire *wire, unsigned seconds)
{
	wire->until = seconds == 0 ? 0 : in_seconds(seconds);
	deadline_set(wire->deadline, wire->until);
}

/* --- bytes --- */

static ssize_t
receive(struct wire *wire, char *bytes, size_t room)
{
	ssize_t got;

	if (wire->tls != NULL)
		return SSL_read(wire->tls, bytes, (int)room);
	do
		got = recv(wire->socket, bytes, room, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool
transmit(struct wire *wire, const char *bytes, size_t length)
{
	size_t done;

	if (wire->tls != NULL)
		return SSL_write_ex(wire->tls, bytes, length, &done) == 1;
	while (length > 0) {
		ssize_t sent = send(wire->socket, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

bool
wire_flush(struct wire *wire, struct fault *fault)
{
	size_t length = wire->out_length;

	if (length == 0)
		return true;
	if (wire->reply_sent == 0)
		wire->reply_begun = g_get_monotonic_time();
	wire->out_length = 0;
	wire->reply_sent += length;
	set_deadline(wire, wire->reply_begun + (REPLY_SECONDS +
						(gint64)(wire->reply_sent / REPLY_BYTES_A_SECOND)) *
						       (gint64)G_TIME_SPAN_SECOND);
	return transmit(wire, wire->out, length) ||
	       fault_set(fault, FAULT_PEER,
			 "sending to a mail client: it has closed the connection, or was too slow");
}

static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct wire *wire = (struct wire *)sink;
	const char *bytes = data;

	while (length > 0) {
		size_t fits = MIN(length, WIRE_OUT_BYTES - wire->out_length);

		memcpy(wire->out + wire->out_length, bytes, fits);
		wire->out_length += fits;
		bytes += fits;
		length -= fits;
		if (wire->out_length == WIRE_OUT_BYTES && !wire_flush(wire, fault))
			return false;
	}
	return true;
}

/* --- lines --- */

static bool
has_line(const struct wire *wire)
{
	return memchr(wire->in + wire->in_taken, '\n', wire->in_length - wire->in_taken) != NULL;
}

static bool
fill(struct wire *wire)
{
	ssize_t got;

	memmove(wire->in, wire->in + wire->in_taken, wire->in_length - wire->in_taken);
	wire->in_length -= wire->in_taken;
	wire->in_taken = 0;
	got = receive(wire, wire->in + wire->in_length, sizeof wire->in - wire->in_length);
	if (got <= 0)
		return false;
	wire->in_length += (size_t)got;
	return true;
}

static enum wire_line
take_line(struct wire *wire, char line_r[POP_LINE_MAX + 1], size_t *length_r)
{
	const char *from = wire->in + wire->in_taken;
	const char *feed = memchr(from, '\n', wire->in_length - wire->in_taken);
	size_t length = (size_t)(feed - from);

	wire->in_taken += length + 1;
	if (length > 0 && from[length - 1] == '\r')
		length--;
	if (length > POP_LINE_MAX)
		return WIRE_LINE_TOO_LONG;
	memcpy(line_r, from, length);
	line_r[length] = '\0';
	*length_r = length;
	return WIRE_LINE;
}

enum wire_line
wire_read(struct wire *wire, unsigned seconds, char line_r[POP_LINE_MAX + 1], size_t *length_r)
{
	struct fault fault;

	if (!has_line(wire)) {
		if (!wire_flush(wire, &fault))
			return WIRE_CLOSED;
		set_deadline(wire, in_seconds(seconds));
	}
	while (!has_line(wire)) {
		if (wire->in_length - wire->in_taken > POP_LINE_MAX + 1)
			return WIRE_LINE_TOO_LONG;
		if (!fill(wire))
			return WIRE_CLOSED;
	}
	/* As long for what it asks as for asking. */
	set_deadline(wire, in_seconds(seconds));
	wire->reply_sent = 0;
	return take_line(wire, line_r, length_r);
}

/* --- beginning and end --- */

void
wire_init(struct wire *wire, int socket, struct deadline *deadline)
{
	*wire = (struct wire){.sink = {.write = take}, .socket = socket, .deadline = deadline};
}

bool
wire_begin_tls(struct wire *wire, SSL_CTX *context)
{
	if (wire->in_length > wire->in_taken)
		return false;
	wire->tls = SSL_new(context);
	return wire->tls != NULL && SSL_set_fd(wire->tls, wire->socket) == 1 &&
	       SSL_accept(wire->tls) == 1;
}

void
wire_clear(struct wire *wire)
{
	if (wire->tls != NULL && SSL_is_init_finished(wire->tls))
		SSL_shutdown(wire->tls);
	SSL_free(wire->tls);
	sodium_memzero(wire, sizeof *wire);
}
