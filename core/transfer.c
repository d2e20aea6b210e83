#include "core/transfer.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

enum { MILLISECOND = 1000, SECOND = 1000000, WAIT_MAX = 60 * SECOND };

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec / 1000;
}

/* Waits until the socket is ready or time is up. Without a limit, the following call blocks by
 * itself. */
static bool
wait_for(int socket, short events, int64_t until)
{
	struct pollfd watched = {.fd = socket, .events = events};
	int ready = 0;

	if (until == TRANSFER_FOREVER)
		return true;
	while (ready == 0 || (ready < 0 && errno == EINTR)) {
		int64_t left = until - now();

		if (left <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		left = left < WAIT_MAX ? left : WAIT_MAX;
		ready = poll(&watched, 1, (int)((left + MILLISECOND - 1) / MILLISECOND));
	}
	return ready > 0;
}

/* EAGAIN is final if the socket has a time limit of its own (SO_RCVTIMEO, SO_SNDTIMEO). */
static bool
is_passing(int64_t until)
{
	return errno == EINTR || (errno == EAGAIN && until != TRANSFER_FOREVER);
}

bool
transfer_send(int socket, const void *data, size_t length, int64_t until)
{
	const int flags = MSG_NOSIGNAL | (until == TRANSFER_FOREVER ? 0 : MSG_DONTWAIT);
	const char *at = data;

	while (length > 0) {
		ssize_t sent;

		if (!wait_for(socket, POLLOUT, until))
			return false;
		sent = send(socket, at, length, flags);
		if (sent < 0 && !is_passing(until))
			return false;
		if (sent > 0) {
			at += sent;
			length -= (size_t)sent;
		}
	}
	return true;
}

bool
transfer_receive(int socket, void *data, size_t length, int64_t until)
{
	const int flags = until == TRANSFER_FOREVER ? 0 : MSG_DONTWAIT;
	char *at = data;

	while (length > 0) {
		ssize_t got;

		if (!wait_for(socket, POLLIN, until))
			return false;
		got = recv(socket, at, length, flags);
		if (got == 0)
			errno = ECONNRESET;
		if (got == 0 || (got < 0 && !is_passing(until)))
			return false;
		if (got > 0) {
			at += got;
			length -= (size_t)got;
		}
	}
	return true;
}
