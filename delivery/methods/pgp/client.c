#include "delivery/methods/pgp/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "delivery/methods/pgp/first_packets.h"
#include "delivery/methods/pgp/protocol.h"

enum { PIECE_BYTES = 16384, GRACE_SECONDS = 5, DAY_SECONDS = 86400 };

/* --- what gpg reads --- */

struct input {
	struct entity *source;
	int fd; /* -1 when everything is written, or nobody reads any more */
	bool complete;
	unsigned char *piece;
	size_t length, written;
};

static void
input_close(struct input *input)
{
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
}

/* Writes as much as is possible without waiting. */
static bool
input_push(struct input *input, struct fault *fault)
{
	ssize_t written;

	if (input->written == input->length) {
		input->written = 0;
		if (!entity_read(input->source, input->piece, PIECE_BYTES, &input->length, fault))
			return false;
		if (input->length == 0) {
			input->complete = true;
			input_close(input);
			return true;
		}
	}
	written = write(input->fd, input->piece + input->written, input->length - input->written);
	if (written >= 0)
		input->written += (size_t)written;
	else if (errno == EPIPE)
		input_close(input); /* the answer says why gpg stopped */
	else if (errno != EAGAIN && errno != EINTR)
		return fault_set(fault, FAULT_CRYPTO, "writing to gpg: %s", strerror(errno));
	return true;
}

/* --- what gpg writes --- */

static const char end_mark[] = "\n-----END PGP MESSAGE-----\n";

struct output {
	struct sink *sink;
	bool is_plain; /* it is passed on as it is; otherwise it is armor */
	int fd;
	char last[sizeof end_mark - 1]; /* bytes that gpg wrote */
	struct first_packets first;
};

static void
keep_last(struct output *output, const char *bytes, size_t size)
{
	size_t kept = sizeof output->last, fresh = MIN(size, kept);

	memmove(output->last, output->last + fresh, kept - fresh);
	memcpy(output->last + kept - fresh, bytes + size - fresh, fresh);
}

/* gpg ends lines with LF; mail wants CRLF. */
static bool
take_armor(struct output *output, const char *at, size_t size, struct fault *fault)
{
	const char *end = at + size;

	keep_last(output, at, size);
	first_packets_take(&output->first, at, size);
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line == NULL ? end : line) - at);

		if (!sink_write(output->sink, at, length, fault) ||
		    (line != NULL && !sink_write(output->sink, "\r\n", 2, fault)))
			return false;
		at += length + (line != NULL);
	}
	return true;
}

static bool
output_pull(struct output *output, char *piece, bool *ended_r, struct fault *fault)
{
	ssize_t got = read(output->fd, piece, PIECE_BYTES);

	*ended_r = got == 0;
	if (got < 0)
		return errno == EINTR ||
		       fault_set(fault, FAULT_CRYPTO, "reading from gpg: %s", strerror(errno));
	return output->is_plain ? sink_write(output->sink, piece, (size_t)got, fault)
				: take_armor(output, piece, (size_t)got, fault);
}

/* --- both --- */

/* Until gpg has written everything. postseal-gpg limits gpg's time; `silence` (milliseconds) covers
 * the case that postseal-gpg itself hangs. */
static bool
pump(struct input *input, struct output *output, int silence, struct fault *fault)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	bool ended = false;

	while (!ended) {
		struct pollfd watched[] = {{.fd = output->fd, .events = POLLIN},
					   {.fd = input->fd, .events = POLLOUT}};
		int ready = poll(watched, G_N_ELEMENTS(watched), silence);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return fault_set(fault, FAULT_CRYPTO, "waiting for gpg: %s",
					 strerror(errno));
		if (ready == 0)
			return fault_set(fault, FAULT_TIMEOUT,
					 "sealing with gpg: it makes no "
					 "progress");
		if (watched[1].revents != 0 && !input_push(input, fault))
			return false;
		if (watched[0].revents != 0 && !output_pull(output, piece, &ended, fault))
			return false;
	}
	return true;
}

/* gpg's ends of the pipes are closed here, so that only gpg keeps them open. */
static bool
send_job(int socket, const char *job, struct input *input, struct output *output,
	 struct fault *fault)
{
	int plain[2] = {-1, -1}, sealed[2] = {-1, -1};
	bool sent = pipe2(plain, O_CLOEXEC) == 0 && pipe2(sealed, O_CLOEXEC) == 0 &&
		    fcntl(plain[1], F_SETFL, O_NONBLOCK) == 0 &&
		    gpg_job_send(socket, job, plain[0], sealed[1]);

	if (!sent)
		fault_set(fault, FAULT_CRYPTO, "passing the job to gpg: %s", strerror(errno));
	close(plain[0]);
	close(sealed[1]);
	input->fd = plain[1];
	output->fd = sealed[0];
	return sent;
}

static gint ocb_seen;

bool
gpg_writes_ocb(void)
{
	return g_atomic_int_get(&ocb_seen);
}

static bool
is_readable(const struct first_packets *first, struct fault *fault)
{
	if (first->tag == PACKET_OCB)
		g_atomic_int_set(&ocb_seen, 1);
	return first->tag == PACKET_SEIPD ||
	       fault_set(
		       fault, FAULT_CRYPTO,
		       "sealing with gpg: it wrote a packet of type %u, which not all programs read, instead of "
		       "type 18 (RFC 9580 §5.13)",
		       first->tag);
}

static bool
is_done(int socket, const struct input *input, const struct output *output, struct fault *fault)
{
	char *signatures, *answer = gpg_job_answered(socket, &signatures);
	bool done = answer != NULL && *answer == '\0';

	free(signatures);
	if (answer == NULL)
		fault_set(fault, FAULT_TIMEOUT,
			  "sealing with gpg: it took too long, or was ended by somebody");
	else if (!done)
		fault_set(fault, FAULT_CRYPTO, "%s", answer);
	free(answer);
	/* GPGME takes a gpg that died silently for one that succeeded. */
	if (done && !input->complete)
		return fault_set(fault, FAULT_CRYPTO,
				 "sealing with gpg: it did not read "
				 "everything");
	if (done && memcmp(output->last, end_mark, sizeof output->last) != 0)
		return fault_set(fault, FAULT_CRYPTO,
				 "sealing with gpg: it ended before its work was done");
	return done && is_readable(&output->first, fault);
}

/* Whatever gpg says is about the message. */
static bool
is_read(int socket, char **signatures_r, struct fault *fault)
{
	char *signatures, *answer = gpg_job_answered(socket, &signatures);
	bool done = answer != NULL && *answer == '\0';

	if (answer == NULL)
		fault_set(fault, FAULT_TIMEOUT,
			  "reading a message with gpg: it took too long, or was ended by somebody");
	else if (!done)
		fault_set(fault, FAULT_INPUT, "%s", answer);
	*signatures_r = done ? g_strdup(signatures) : NULL;
	free(signatures);
	free(answer);
	return done;
}

/* `signatures_r` as in gpg_exchange_back(). */
static bool
exchange(int socket, const char *job, struct entity *source, struct output output, unsigned seconds,
	 char **signatures_r, struct fault *fault)
{
	const struct timeval patience = {.tv_sec = MIN(seconds, (unsigned)DAY_SECONDS) +
						   GRACE_SECONDS};
	struct input input = {.source = source, .fd = -1, .piece = g_malloc(PIECE_BYTES)};
	bool done;

	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	done = send_job(socket, job, &input, &output, fault) &&
	       pump(&input, &output, (int)patience.tv_sec * 1000, fault);
	input_close(&input);
	if (output.fd >= 0)
		close(output.fd);
	g_free(input.piece);
	return done && (output.is_plain ? is_read(socket, signatures_r, fault)
					: is_done(socket, &input, &output, fault));
}

bool
gpg_exchange(int socket, const char *job, struct entity *plain, struct sink *sealed,
	     unsigned seconds, struct fault *fault)
{
	const struct output output = {.sink = sealed, .fd = -1};

	return exchange(socket, job, plain, output, seconds, NULL, fault);
}

bool
gpg_exchange_back(int socket, const char *job, struct entity *source, struct sink *plain,
		  unsigned seconds, char **signatures_r, struct fault *fault)
{
	const struct output output = {.sink = plain, .is_plain = true, .fd = -1};

	*signatures_r = NULL;
	return exchange(socket, job, source, output, seconds, signatures_r, fault);
}
