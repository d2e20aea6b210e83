#include "milter/socket.h"

#include <errno.h>
#include <glib.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/listening.h"

enum {
	BACKLOG = 256,
	IDLE_SECONDS = 7210, /* libmilter's default */
	WAKES_MAX = 100,
	WAKE_MICROSECONDS = 50000,
};

static const char *own_socket;

/* libmilter looks whether it is to stop when a connection comes, and otherwise every five seconds;
 * then it closes its socket. The first connection may come before it was told. */
static gpointer
wake(gpointer data)
{
	int fd;

	for (unsigned i = 0; i < WAKES_MAX && (fd = listening_connect(data)) >= 0; i++) {
		close(fd);
		g_usleep(WAKE_MICROSECONDS);
	}
	return NULL;
}

/*
 * libmilter has a thread that waits for signals and ends the program on SIGHUP, which for everyone
 * else means to reload the configuration. It calls sigwait(3), and this definition takes precedence
 * over the C library's: it waits for the same signals except SIGHUP.
 */
int
sigwait(const sigset_t *set, int *number)
{
	sigset_t without = *set;
	int got;

	sigdelset(&without, SIGHUP);
	do
		got = sigwaitinfo(&without, NULL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	g_thread_unref(g_thread_new("wake", wake, (gpointer)own_socket));
	*number = got;
	return 0;
}

/* Its user may connect there, too (wake()), though root has made it. */
static bool
give_socket(const char *path, const char *user, struct fault *fault)
{
	const struct passwd *entry = geteuid() == 0 ? getpwnam(user) : NULL;

	return entry == NULL || chown(path, entry->pw_uid, (gid_t)-1) == 0 ||
	       fault_set(fault, FAULT_CONFIG, "giving %s to the user %s: %s", path, user,
			 strerror(errno));
}

static bool
set_access(const struct milter_socket *socket, struct fault *fault)
{
	const char *path = listening_path(socket->listen);

	return path == NULL || (daemon_share_socket(path, socket->group, socket->mode, fault) &&
				give_socket(path, socket->user, fault));
}

bool
milter_socket_open(const struct milter_socket *socket, struct smfiDesc callbacks,
		   struct fault *fault)
{
	if (smfi_setconn((char *)socket->listen) != MI_SUCCESS ||
	    smfi_register(callbacks) != MI_SUCCESS)
		return fault_set(fault, FAULT_CONFIG,
				 "listening on %s: it is not an address such as unix:/path or "
				 "inet:8891@localhost",
				 socket->listen);
	smfi_setbacklog(BACKLOG);
	smfi_settimeout(IDLE_SECONDS);
	/* true: a socket left behind by an earlier run is removed. */
	if (smfi_opensocket(true) != MI_SUCCESS)
		return fault_set(
			fault, FAULT_CONFIG,
			"listening on %s failed: does its directory exist and belong to us, and "
			"is nobody else listening there?",
			socket->listen);
	own_socket = socket->listen;
	return set_access(socket, fault);
}
