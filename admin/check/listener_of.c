#include "admin/check/listener_of.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/listening.h"

enum { LISTENS = 0x0A }; /* TCP_LISTEN in /proc/net/tcp (the kernel's proc_net_tcp.rst) */

static char *
path_in(int process, const char *name)
{
	return g_strdup_printf("/proc/%d/%s", process, name);
}

char *
listener_name(int process)
{
	g_autofree char *path = path_in(process, "comm");
	char *name = NULL;

	return g_file_get_contents(path, &name, NULL, NULL) ? g_strchomp(name) : NULL;
}

char *
listener_option(int process, const char *option)
{
	g_autofree char *path = path_in(process, "cmdline"), *words = NULL;
	gsize size;

	if (!g_file_get_contents(path, &words, &size, NULL))
		return NULL;
	for (const char *word = words; word < words + size; word += strlen(word) + 1) {
		const char *next = word + strlen(word) + 1;

		if (strcmp(word, option) == 0 && next < words + size)
			return g_strdup(next);
	}
	return NULL;
}

int
listener_of_path(const char *path)
{
	g_autofree char *place = g_strconcat("unix:", path, NULL);
	struct ucred peer;
	socklen_t length = sizeof peer;
	int fd = listening_connect(place);
	bool known = fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;

	if (fd >= 0)
		close(fd);
	return known ? (int)peer.pid : 0;
}

/* "socket:[INODE]", as shown for a descriptor of the process, or NULL. */
static char *
find_socket(const char *table, unsigned port)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(table, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		unsigned at, state;
		unsigned long inode;

		if (sscanf(*line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*d %lu",
			   &at, &state, &inode) == 3 &&
		    at == port && state == LISTENS)
			return g_strdup_printf("socket:[%lu]", inode);
	}
	return NULL;
}

static bool
has_open(const char *process, const char *socket)
{
	g_autofree char *directory = g_build_filename("/proc", process, "fd", NULL);
	g_autoptr(GDir) each = g_dir_open(directory, 0, NULL);
	const char *name;

	while (each != NULL && (name = g_dir_read_name(each)) != NULL) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		g_autofree char *target = g_file_read_link(path, NULL);

		if (g_strcmp0(target, socket) == 0)
			return true;
	}
	return false;
}

int
listener_of_port(unsigned port)
{
	g_autofree char *found = find_socket("/proc/net/tcp", port);
	g_autofree char *socket =
		found != NULL ? g_steal_pointer(&found) : find_socket("/proc/net/tcp6", port);
	g_autoptr(GDir) processes = socket == NULL ? NULL : g_dir_open("/proc", 0, NULL);
	const char *process;

	while (processes != NULL && (process = g_dir_read_name(processes)) != NULL)
		if (g_ascii_isdigit(*process) && has_open(process, socket))
			return (int)g_ascii_strtoll(process, NULL, 10);
	return 0;
}
