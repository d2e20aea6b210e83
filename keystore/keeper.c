#include "keystore/keeper.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"

/* A key of the authority may take long to make. */
enum { WAIT_SECONDS = 20, ORDER_SECONDS = 120 };

static int
connect_to(const char *path, time_t seconds, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = seconds};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    g_strlcpy(address.sun_path, path, sizeof address.sun_path) < sizeof address.sun_path &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	fault_set(fault, FAULT_CRYPTO, "asking the keeper of private keys at %s: %s", path,
		  strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
keeper_ask(const char *path, const struct keeper_request *request, struct keeper_reply *reply_r,
	   struct fault *fault)
{
	AUTO_CLOSE int fd = connect_to(
		path, request->wish >= KEEPER_CA_MAKE ? ORDER_SECONDS : WAIT_SECONDS, fault);

	if (fd < 0)
		return false;
	if (send(fd, request, sizeof *request, MSG_NOSIGNAL) != (ssize_t)sizeof *request ||
	    recv(fd, reply_r, sizeof *reply_r, 0) != (ssize_t)sizeof *reply_r)
		return fault_set(fault, FAULT_CRYPTO,
				 "asking the keeper of private keys at %s: it does not answer",
				 path);
	reply_r->why[KEEPER_WHY_MAX - 1] = '\0';
	if (!reply_r->granted && request->wish >= KEEPER_CA_MAKE)
		return fault_set(fault, FAULT_CRYPTO, "%s", reply_r->why);
	if (!reply_r->granted || reply_r->length > KEEPER_SIGNATURE_MAX)
		return fault_set(fault, FAULT_CRYPTO,
				 "asking the keeper for the private key %.16s: %s",
				 request->fingerprint, reply_r->why);
	return true;
}

bool
keeper_ping(const char *path, struct fault *fault)
{
	const struct keeper_request request = {.wish = KEEPER_PING};
	struct keeper_reply reply;

	return keeper_ask(path, &request, &reply, fault);
}

bool
keeper_prepare(const char *path, const char *fingerprint, struct fault *fault)
{
	struct keeper_request request = {.wish = KEEPER_PREPARE};
	struct keeper_reply reply;

	g_strlcpy(request.fingerprint, fingerprint, sizeof request.fingerprint);
	return keeper_ask(path, &request, &reply, fault);
}

bool
keeper_order(const char *path, enum keeper_wish wish, const struct keeper_order *order,
	     struct fault *fault)
{
	const struct keeper_request request = {.wish = wish, .order = *order};
	struct keeper_reply reply;

	return keeper_ask(path, &request, &reply, fault);
}

bool
keeper_unwrap(const char *path, const char *fingerprint, const struct keeper_wrapped *wrapped,
	      unsigned char key_r[KEEPER_KEY_MAX], struct fault *fault)
{
	struct keeper_request request = {.wish = KEEPER_UNWRAP, .wrapped = *wrapped};
	struct keeper_reply reply;
	bool done;

	g_strlcpy(request.fingerprint, fingerprint, sizeof request.fingerprint);
	done = keeper_ask(path, &request, &reply, fault);
	if (done)
		memcpy(key_r, reply.key, KEEPER_KEY_MAX);
	sodium_memzero(&reply, sizeof reply);
	return done;
}
