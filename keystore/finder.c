#include "keystore/finder.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "keystore/finder/protocol.h"

enum { CHUNK = 65536, PING_SECONDS = 5, MILLISECOND = 1000, WAIT_MAX = 60 * 1000 };

/* Questions on their way. An answer without items (NULL) has not come yet. */
struct asking {
	int fd;
	gint64 until;
	GByteArray *out, *in;
	struct finder_answer *answers;
	size_t count, open;
};

static void
fail(struct finder_answer *answer, const char *why)
{
	answer->outcome = FINDER_FAILED;
	answer->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	answer->why = g_strdup(why);
}

static void
fail_open(struct asking *asking, const char *why)
{
	for (size_t i = 0; i < asking->count; i++)
		if (asking->answers[i].items == NULL)
			fail(&asking->answers[i], why);
	asking->open = 0;
}

static int
connect_to(const char *path, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
		errno = ENAMETOOLONG;
	else if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	fault_set(fault, FAULT_CRYPTO, "asking postseal-finder at %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
milliseconds_left(gint64 until)
{
	gint64 left = (until - g_get_monotonic_time()) / MILLISECOND;

	return (int)CLAMP(left, 0, WAIT_MAX);
}

static void
put_questions(struct asking *asking, const struct finder_question *questions)
{
	for (size_t i = 0; i < asking->count; i++) {
		if (finder_question_fits(&questions[i])) {
			finder_put_question(asking->out, (uint32_t)i, &questions[i],
					    (uint32_t)milliseconds_left(asking->until));
			continue;
		}
		fail(&asking->answers[i], "the question is longer than questions may be");
		asking->open--;
	}
}

/* An answer to a question that was not asked, or is answered already, is not read any further. */
static bool
keep(struct asking *asking, uint32_t number, struct finder_answer *answer)
{
	if (number >= asking->count || asking->answers[number].items != NULL) {
		finder_answer_clear(answer);
		return false;
	}
	asking->answers[number] = *answer;
	asking->open--;
	return true;
}

/* False if the finder does not keep to the protocol. */
static bool
take_answers(struct asking *asking)
{
	size_t done = 0, used;

	while (asking->open > 0) {
		struct finder_answer answer;
		uint32_t number;
		enum finder_frame frame = finder_take_answer(
			asking->in->data + done, asking->in->len - done, &number, &answer, &used);

		if (frame == FINDER_FRAME_MALFORMED)
			return false;
		if (frame == FINDER_FRAME_INCOMPLETE)
			break;
		done += used;
		if (!keep(asking, number, &answer))
			return false;
	}
	g_byte_array_remove_range(asking->in, 0, (guint)done);
	return true;
}

/* If the other end is gone, what it said before is still to be received. */
static void
send_some(struct asking *asking)
{
	ssize_t sent = send(asking->fd, asking->out->data, asking->out->len, MSG_NOSIGNAL);

	if (sent >= 0)
		g_byte_array_remove_range(asking->out, 0, (guint)sent);
	else if (errno != EAGAIN && errno != EINTR)
		g_byte_array_set_size(asking->out, 0);
}

/* False when the other end is gone. */
static bool
receive_some(struct asking *asking)
{
	guint before = asking->in->len;
	ssize_t got;

	g_byte_array_set_size(asking->in, before + CHUNK);
	got = recv(asking->fd, asking->in->data + before, CHUNK, 0);
	g_byte_array_set_size(asking->in, before + (guint)MAX(got, 0));
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* One step of the exchange; NULL, or why it goes no further. */
static const char *
proceed(struct asking *asking)
{
	struct pollfd watched = {.fd = asking->fd,
				 .events = POLLIN | (asking->out->len > 0 ? POLLOUT : 0)};

	if (g_get_monotonic_time() >= asking->until)
		return "there was no answer in time";
	if (poll(&watched, 1, MAX(milliseconds_left(asking->until), 1)) <= 0)
		return NULL;
	if ((watched.revents & POLLOUT) != 0)
		send_some(asking);
	if ((watched.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !receive_some(asking))
		return "postseal-finder ended before it answered";
	return take_answers(asking) ? NULL : "postseal-finder does not keep to its protocol";
}

bool
finder_ask(const char *path, const struct finder_question *questions, size_t count, gint64 until,
	   struct finder_answer *answers_r, struct fault *fault)
{
	AUTO_CLOSE int fd = connect_to(path, fault);
	g_autoptr(GByteArray) out = g_byte_array_new(), in = g_byte_array_new();
	struct asking asking = {.fd = fd,
				.until = until,
				.out = out,
				.in = in,
				.answers = answers_r,
				.count = count,
				.open = count};
	const char *why = NULL;

	for (size_t i = 0; i < count; i++)
		answers_r[i] = (struct finder_answer){0};
	if (fd < 0) {
		fail_open(&asking, fault->text);
		return false;
	}
	put_questions(&asking, questions);
	while (asking.open > 0 && why == NULL)
		why = proceed(&asking);
	fail_open(&asking, why);
	return true;
}

void
finder_answer_clear(struct finder_answer *answer)
{
	g_clear_pointer(&answer->items, g_ptr_array_unref);
	g_clear_pointer(&answer->place, g_free);
	g_clear_pointer(&answer->why, g_free);
}

bool
finder_ping(const char *path, struct fault *fault)
{
	const struct finder_question question = {.wish = FINDER_PING, .subject = ""};
	g_auto(finder_answer_auto) answer = {0};
	gint64 until = g_get_monotonic_time() + PING_SECONDS * G_USEC_PER_SEC;

	if (!finder_ask(path, &question, 1, until, &answer, fault))
		return false;
	return answer.outcome != FINDER_FAILED ||
	       fault_set(fault, FAULT_CRYPTO, "asking postseal-finder at %s: %s", path, answer.why);
}

const char *
finder_outcome_name(enum finder_outcome outcome)
{
	static const char *const names[] = {
		[FINDER_FOUND] = "found", [FINDER_NOTHING] = "nothing", [FINDER_FAILED] = "failed"};

	return names[outcome];
}

const char *
finder_wish_name(enum finder_wish wish)
{
	static const char *const names[FINDER_WISHES] = {
		[FINDER_PING] = "ping",
		[FINDER_WKD] = "wkd",
		[FINDER_OPENPGPKEY] = "openpgpkey",
		[FINDER_SMIMEA] = "smimea",
		[FINDER_LDAP_SMIME] = "ldap-smime",
		[FINDER_LDAP_PGP] = "ldap-pgp",
		[FINDER_SERVERS] = "servers",
		[FINDER_MTA_STS] = "mta-sts",
		[FINDER_TLSA] = "tlsa",
		[FINDER_FETCH] = "fetch",
		[FINDER_OCSP] = "ocsp",
		[FINDER_DNSSEC] = "dnssec",
		[FINDER_LDAP_ENTRY] = "ldap-entry",
	};

	return wish < FINDER_WISHES ? names[wish] : "unknown";
}
