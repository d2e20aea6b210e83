#include "delivery/methods/pgp/protocol.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/transfer.h"

enum { DESCRIPTORS = 2 };

/* Room for the descriptors that accompany the length of a text. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
};

static char *
receive_text(int socket, uint32_t length)
{
	char *text;

	if (length > GPG_JOB_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	text = calloc(1, (size_t)length + 1);
	if (text != NULL && !transfer_receive(socket, text, length, TRANSFER_FOREVER)) {
		free(text);
		return NULL;
	}
	return text;
}

bool
gpg_job_send(int socket, const char *text, int plain, int sealed)
{
	const int descriptors[DESCRIPTORS] = {plain, sealed};
	size_t size = strlen(text);
	uint32_t length = (uint32_t)size;
	union control control = {.bytes = {0}};
	struct iovec piece = {.iov_base = &length, .iov_len = sizeof length};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	if (size > GPG_JOB_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof descriptors);
	memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == sizeof length && transfer_send(socket, text, length, TRANSFER_FOREVER);
}

char *
gpg_job_receive(int socket, int *plain_r, int *sealed_r)
{
	int descriptors[DESCRIPTORS];
	uint32_t length;
	union control control;
	struct iovec piece = {.iov_base = &length, .iov_len = sizeof length};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	struct cmsghdr *header;
	ssize_t got;
	char *text;

	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	while (got < 0 && errno == EINTR);
	header = got == sizeof length ? CMSG_FIRSTHDR(&message) : NULL;
	if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof descriptors)) {
		errno = got < 0 ? errno : ECONNRESET;
		return NULL;
	}
	memcpy(descriptors, CMSG_DATA(header), sizeof descriptors);
	text = receive_text(socket, length);
	if (text == NULL) {
		close(descriptors[0]);
		close(descriptors[1]);
		return NULL;
	}
	*plain_r = descriptors[0];
	*sealed_r = descriptors[1];
	return text;
}

static bool
send_text(int socket, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);

	return transfer_send(socket, &length, sizeof length, TRANSFER_FOREVER) &&
	       transfer_send(socket, text, length, TRANSFER_FOREVER);
}

bool
gpg_job_answer(int socket, const char *why, const char *signatures)
{
	return send_text(socket, why) && send_text(socket, signatures);
}

static char *
receive_next(int socket)
{
	uint32_t length;

	return transfer_receive(socket, &length, sizeof length, TRANSFER_FOREVER)
		       ? receive_text(socket, length)
		       : NULL;
}

char *
gpg_job_answered(int socket, char **signatures_r)
{
	char *why = receive_next(socket);

	*signatures_r = why == NULL ? NULL : receive_next(socket);
	if (*signatures_r != NULL)
		return why;
	free(why);
	return NULL;
}
