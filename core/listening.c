#include "core/listening.h"

#include <errno.h>
#include <glib.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *
listening_path(const char *place)
{
	static const char *const schemes[] = {"unix:", "local:"};

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_str_has_prefix(place, schemes[i]))
			return place + strlen(schemes[i]);
	return *place == '/' ? place : NULL;
}

static int
connect_address(int family, const struct sockaddr *address, socklen_t length)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int why;

	if (fd < 0 || connect(fd, address, length) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static int
connect_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return connect_address(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

/* "host:port", "[address]:port", or libmilter's "inet:port@host". */
static void
split(const char *place, char **host_r, char **port_r)
{
	const char *milter = g_str_has_prefix(place, "inet:")	 ? place + strlen("inet:")
			     : g_str_has_prefix(place, "inet6:") ? place + strlen("inet6:")
								 : NULL;
	const char *end = milter == NULL ? strrchr(place, ':') : strchr(milter, '@');
	const char *host = place;

	if (milter != NULL) {
		*port_r = end == NULL ? g_strdup(milter) : g_strndup(milter, (gsize)(end - milter));
		*host_r = g_strdup(end == NULL ? "localhost" : end + 1);
		return;
	}
	*port_r = g_strdup(end == NULL ? "" : end + 1);
	if (*host == '[')
		host++;
	*host_r = g_strndup(host, strcspn(host, host == place ? ":" : "]"));
}

static bool
binds(const struct addrinfo *address)
{
	const int yes = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
		    bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0;
	int why = errno;

	if (fd >= 0)
		close(fd);
	errno = why;
	return done;
}

bool
listening_is_free(const char *place)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	g_autofree char *host = NULL, *port = NULL;
	struct addrinfo *found = NULL;
	bool done;

	if (listening_path(place) != NULL)
		return true;
	split(place, &host, &port);
	errno = EADDRNOTAVAIL;
	if (getaddrinfo(host, port, &wanted, &found) != 0)
		return false;
	done = binds(found);
	freeaddrinfo(found);
	return done;
}

static int
connect_host(const char *place)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
	g_autofree char *host = NULL, *port = NULL;
	struct addrinfo *found = NULL;
	int fd = -1;

	split(place, &host, &port);
	errno = EADDRNOTAVAIL;
	if (getaddrinfo(host, port, &wanted, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_address(a->ai_family, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

int
listening_connect(const char *place)
{
	const char *path = listening_path(place);

	return path != NULL ? connect_path(path) : connect_host(place);
}

bool
listening_check(const char *place, const char *program, struct fault *fault)
{
	int fd = listening_connect(place);

	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG, "connecting to %s at %s: %s; is it running?",
				 program, place, strerror(errno));
	close(fd);
	return true;
}
