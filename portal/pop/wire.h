/*
 * The connection to a mail client: lines in, bytes out, and TLS around both. It blocks; whoever is
 * slower than allowed is shut out by the deadline (portal/web/deadline.h), which these calls then
 * report as closed.
 */
#ifndef POSTSEAL_PORTAL_POP_WIRE_H
#define POSTSEAL_PORTAL_POP_WIRE_H

#include <openssl/ssl.h>

#include "core/sink.h"
#include "portal/pop/command.h"
#include "portal/web/deadline.h"

enum {
	WIRE_OUT_BYTES = 16384, /* a record of TLS */
	WIRE_IN_BYTES = 4096,
};

/* Its memory is wiped when it is cleared: passwords and mail pass through it. */
struct wire {
	struct sink sink; /* for what is sent: in order, when enough has come together */
	int socket;
	SSL *tls; /* NULL: in plain text */
	struct deadline *deadline;
	gint64 until;	    /* nothing may take longer; 0: no such limit */
	gint64 reply_begun; /* g_get_monotonic_time() of its first bytes */
	uint64_t reply_sent;
	char in[WIRE_IN_BYTES];
	size_t in_length, in_taken;
	char out[WIRE_OUT_BYTES];
	size_t out_length;
};

/* The socket stays the caller's, and so does the deadline, which may be NULL. */
void wire_init(struct wire *wire, int socket, struct deadline *deadline);
/* Ends TLS, as far as that needs no waiting. */
void wire_clear(struct wire *wire);
/* Everything must be over after so many seconds, whatever is going on; 0: no longer. */
void wire_limit(struct wire *wire, unsigned seconds);

/* What a client sent ahead of the handshake, in plain text, is refused: it would count as if it had
 * come by TLS. */
bool wire_begin_tls(struct wire *wire, SSL_CTX *context);

enum wire_line { WIRE_LINE, WIRE_LINE_TOO_LONG, WIRE_CLOSED };
/* The next line, without its end, and a NUL after it; waits at most so many seconds. What was
 * written is sent first, unless the next line is there already (RFC 2449 §6.6). */
enum wire_line wire_read(struct wire *wire, unsigned seconds, char line_r[POP_LINE_MAX + 1],
			 size_t *length_r);
/* Sends what was written. A client must take 8 kB a second, after a minute. */
bool wire_flush(struct wire *wire, struct fault *fault);

#endif
