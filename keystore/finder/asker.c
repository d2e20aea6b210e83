#include "keystore/finder/asker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/transfer.h"

enum {
	CHUNK = 16384,
	QUESTIONS_MAX = 1000,		 /* of one asker, at the same time */
	SEND_MICROSECONDS = 5 * 1000000, /* for an asker that does not read its answers */
};

struct asker {
	gint references;
	int fd;
	GByteArray *received;
	gint waiting; /* questions without an answer */
	gint left;
	GMutex sending;
};

struct asker *
asker_new(int fd)
{
	struct asker *asker = g_new0(struct asker, 1);

	asker->references = 1;
	asker->fd = fd;
	asker->received = g_byte_array_new();
	g_mutex_init(&asker->sending);
	return asker;
}

struct asker *
asker_ref(struct asker *asker)
{
	g_atomic_int_inc(&asker->references);
	return asker;
}

void
asker_unref(struct asker *asker)
{
	if (!g_atomic_int_dec_and_test(&asker->references))
		return;
	close(asker->fd);
	g_byte_array_unref(asker->received);
	g_mutex_clear(&asker->sending);
	g_free(asker);
}

int
asker_descriptor(const struct asker *asker)
{
	return asker->fd;
}

void
asker_leave(struct asker *asker)
{
	g_atomic_int_set(&asker->left, 1);
}

bool
asker_has_left(const struct asker *asker)
{
	return g_atomic_int_get(&asker->left) != 0;
}

bool
asker_is_full(const struct asker *asker)
{
	return g_atomic_int_get(&asker->waiting) >= QUESTIONS_MAX;
}

static bool
receive_some(struct asker *asker)
{
	GByteArray *received = asker->received;
	guint before = received->len;
	ssize_t got;

	g_byte_array_set_size(received, before + CHUNK);
	got = recv(asker->fd, received->data + before, CHUNK, MSG_DONTWAIT);
	g_byte_array_set_size(received, before + (guint)MAX(got, 0));
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool
asker_read(struct asker *asker,
	   void (*asked)(struct asker *asker, const struct finder_asked *asked, void *context),
	   void *context)
{
	GByteArray *received = asker->received;
	enum finder_frame frame = FINDER_FRAME_COMPLETE;
	size_t done = 0, used;

	if (!receive_some(asker))
		return false;
	while (frame == FINDER_FRAME_COMPLETE) {
		struct finder_asked question;

		frame = finder_take_question(received->data + done, received->len - done, &question,
					     &used);
		if (frame != FINDER_FRAME_COMPLETE)
			break;
		done += used;
		g_atomic_int_inc(&asker->waiting);
		asked(asker, &question, context);
	}
	g_byte_array_remove_range(received, 0, (guint)done);
	return frame != FINDER_FRAME_MALFORMED;
}

void
asker_answer(struct asker *asker, uint32_t number, const struct finder_answer *answer)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();

	finder_put_answer(frame, number, answer);
	g_mutex_lock(&asker->sending);
	if (!asker_has_left(asker) && !transfer_send(asker->fd, frame->data, frame->len,
						     g_get_monotonic_time() + SEND_MICROSECONDS)) {
		if (errno != EPIPE && errno != ECONNRESET)
			log_warning("sending an answer: %s", g_strerror(errno));
		asker_leave(asker);
		shutdown(asker->fd, SHUT_RDWR);
	}
	g_mutex_unlock(&asker->sending);
	g_atomic_int_add(&asker->waiting, -1);
}
