#include "core/daemon.h"

#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/settings.h"

enum { CONNECTIONS_MAX = 1000, CONNECTIONS_MIN = 4 };

bool
daemon_drop_privileges(const char *user, struct fault *fault)
{
	struct passwd *entry;

	if (geteuid() != 0)
		return true;
	if (user == NULL || *user == '\0')
		return fault_set(fault, FAULT_CONFIG,
				 "running as root: no user to change to is set in postseal.conf");
	errno = 0;
	entry = getpwnam(user);
	if (entry == NULL)
		return fault_set(fault, FAULT_CONFIG, "changing to the user %s: %s", user,
				 errno == 0 ? "there is no such user" : strerror(errno));
	if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
	    setuid(entry->pw_uid) != 0)
		return fault_set(fault, FAULT_CONFIG, "changing to the user %s: %s", user,
				 strerror(errno));
	return true;
}

bool
daemon_share_socket(const char *path, const char *group, mode_t mode, struct fault *fault)
{
	const struct group *entry = *group == '\0' ? NULL : getgrnam(group);

	if (*group != '\0' && entry == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "giving the socket %s to the group %s: there is no such group",
				 path, group);
	if (entry != NULL && chown(path, (uid_t)-1, entry->gr_gid) != 0)
		return fault_set(fault, FAULT_CONFIG, "giving the socket %s to the group %s: %s%s",
				 path, group, strerror(errno),
				 errno == EPERM ? "; the program's user must be a member of it"
						: "");
	if (chmod(path, mode) != 0)
		return fault_set(fault, FAULT_CONFIG,
				 "setting the permissions of the socket "
				 "%s: %s",
				 path, strerror(errno));
	return true;
}

int
daemon_listen(const char *path, int type, int backlog, const char *group, mode_t mode,
	      struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
		fault_set(fault, FAULT_CONFIG, "listening on %s: the path is too long for a socket",
			  path);
		return -1;
	}
	unlink(path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, backlog) != 0)
		fault_set(fault, FAULT_CONFIG, "listening on %s: %s", path, strerror(errno));
	else if (daemon_share_socket(path, group, mode, fault))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
bind_first(const struct addrinfo *list, int backlog)
{
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
				a->ai_protocol);
		const int yes = 1;
		int why;

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
		if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, backlog) == 0)
			return fd;
		why = errno;
		close(fd);
		errno = why;
	}
	return -1;
}

int
daemon_listen_on_host(const char *place, int backlog, const char *example, struct fault *fault)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	g_autofree char *host = g_strdup(place);
	char *colon = strrchr(host, ':'), *name = host;
	struct addrinfo *found = NULL;
	int fd = -1, error;

	if (colon == NULL) {
		fault_set(fault, FAULT_CONFIG,
			  "listening on %s: expected a host and a port such as %s", place, example);
		return -1;
	}
	*colon = '\0';
	if (*name == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		name++;
	}
	error = getaddrinfo(name, colon + 1, &wanted, &found);
	if (error == 0) {
		fd = bind_first(found, backlog);
		freeaddrinfo(found);
	}
	if (fd < 0)
		fault_set(fault, FAULT_CONFIG, "listening on %s: %s", place,
			  error != 0 ? gai_strerror(error) : strerror(errno));
	return fd;
}

unsigned
daemon_connections(unsigned other_descriptors)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur < (rlim_t)other_descriptors + CONNECTIONS_MIN)
		return CONNECTIONS_MIN;
	return (unsigned)MIN(limit.rlim_cur - other_descriptors, (rlim_t)CONNECTIONS_MAX);
}

static void
watched(sigset_t *set, bool stop_too)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	if (!stop_too)
		return;
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

/* As many descriptors as the system allows: each connection needs one. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
block_signals(void)
{
	sigset_t set;

	watched(&set, true);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

const char *
daemon_begin(int argc, char **argv, const char *name)
{
	const char *config = settings_standard_path;
	bool to_syslog = false;
	int option;

	memory_start();
	while ((option = getopt(argc, argv, "f:s")) != -1) {
		if (option == 'f') {
			config = optarg;
		} else if (option == 's') {
			to_syslog = true;
		} else {
			fprintf(stderr, "usage: %s [-s] [-f postseal.conf]\n", name);
			exit(2);
		}
	}
	log_open(name, to_syslog);
	block_signals();
	raise_limits();
	if (sodium_init() < 0) {
		log_error("libsodium cannot be initialised");
		exit(EXIT_FAILURE);
	}
	return config;
}

static gpointer
wait_for_signals(gpointer data)
{
	const struct daemon_signals *signals = data;
	sigset_t set;

	watched(&set, signals->stop != NULL);
	for (;;) {
		int number = sigwaitinfo(&set, NULL);

		if (number == SIGHUP) {
			if (signals->reload != NULL)
				signals->reload(signals->context);
		} else if (number > 0) {
			daemon_stopping();
			signals->stop(signals->context);
			return NULL;
		}
	}
}

void
daemon_watch_signals(const struct daemon_signals *signals)
{
	static struct daemon_signals kept;

	kept = *signals;
	g_thread_unref(g_thread_new("signals", wait_for_signals, &kept));
}

void
daemon_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
	log_info("%s", status);
}

void
daemon_stopping(void)
{
	sd_notify(0, "STOPPING=1");
	log_info("stopping when the work in hand is finished");
}
