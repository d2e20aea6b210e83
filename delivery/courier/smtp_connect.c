#include "delivery/courier/smtp_connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char tcp_scheme[] = "smtp://";
static const char unix_scheme[] = "unix:";

bool
smtp_is_local(const char *url)
{
	return g_str_has_prefix(url, unix_scheme);
}

static bool
is_of_mta(int fd, const struct smtp_peer *peer, struct fault *fault)
{
	enum { BUFFER_BYTES = 16384 };
	struct ucred listening;
	socklen_t length = sizeof listening;
	g_autofree char *buffer = g_malloc(BUFFER_BYTES);
	struct passwd entry, *found = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listening, &length) != 0)
		return fault_set(fault, FAULT_PEER, "asking who listens at %s: %s", peer->url,
				 strerror(errno));
	if (listening.uid == 0)
		return true;
	if (getpwnam_r(peer->user, &entry, buffer, BUFFER_BYTES, &found) != 0 || found == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "asking who listens at %s: there is no user %s (reinject user)",
				 peer->url, peer->user);
	return listening.uid == found->pw_uid ||
	       fault_set(fault, FAULT_CONFIG,
			 "connecting to the MTA at %s: user ID %u is listening there, not %s "
			 "(reinject user); nothing is handed over",
			 peer->url, (unsigned)listening.uid, peer->user);
}

/* The socket, or -1 with errno set. Linux ends connect(2) when the socket's send timeout expires.
 */
static int
connect_by(int family, const struct sockaddr *address, socklen_t length,
	   const struct smtp_peer *peer)
{
	const struct timeval limit = {.tv_sec = peer->timeout_seconds};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
	    connect(fd, address, length) == 0)
		return fd;
	error = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
	close(fd);
	errno = error;
	return -1;
}

static int
connect_path(const char *path, const struct smtp_peer *peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) < sizeof address.sun_path)
		return connect_by(AF_UNIX, (struct sockaddr *)&address, sizeof address, peer);
	errno = ENAMETOOLONG;
	return -1;
}

static int
connect_unix(const struct smtp_peer *peer, struct fault *fault)
{
	int fd = connect_path(peer->url + strlen(unix_scheme), peer);

	if (fd < 0) {
		fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s%s", peer->url,
			  strerror(errno),
			  errno == EACCES ? "; is our user in the group postdrop?" : "");
		return -1;
	}
	if (is_of_mta(fd, peer, fault))
		return fd;
	close(fd);
	return -1;
}

static int
connect_tcp(const struct smtp_peer *peer, struct fault *fault)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	g_autofree char *host = g_strdup(peer->url + strlen(tcp_scheme));
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
		fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s", peer->url,
			  gai_strerror(error));
		return -1;
	}
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_by(a->ai_family, a->ai_addr, a->ai_addrlen, peer);
	error = errno;
	freeaddrinfo(found);
	if (fd < 0) {
		fault_set(fault, FAULT_PEER, "connecting to the MTA at %s: %s", peer->url,
			  strerror(error));
		return -1;
	}
	/* Output is already buffered here. The system must not hold back the end of a mail until
	 * the MTA acknowledges its beginning, which takes 40 ms. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

int
smtp_connect(const struct smtp_peer *peer, struct fault *fault)
{
	if (g_str_has_prefix(peer->url, tcp_scheme))
		return connect_tcp(peer, fault);
	if (smtp_is_local(peer->url))
		return connect_unix(peer, fault);
	fault_set(fault, FAULT_CONFIG,
		  "connecting to the MTA at %s: expected unix:/path or smtp://host:port",
		  peer->url);
	return -1;
}
