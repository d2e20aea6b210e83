#include "milter/tls_map.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/daemon.h"
#include "core/domain.h"
#include "core/log.h"
#include "keystore/domain_tls.h"
#include "milter/netstring.h"

enum {
	BACKLOG = 128,
	ASKERS_MAX = 500,   /* each smtp(8) process keeps its connection */
	REQUEST_MAX = 1024, /* bytes of a netstring */
	PAUSE_MSEC = 100,   /* after accept(2) failed */
};

/* A connection of Postfix. */
struct asker {
	int fd;
	GString *said; /* not answered yet */
};

static struct {
	int listener; /* -1: there is none */
	struct service *service;
	GPtrArray *askers;
} map = {.listener = -1};

static void
asker_free(struct asker *asker)
{
	close(asker->fd);
	g_string_free(asker->said, TRUE);
	g_free(asker);
}

bool
tls_map_open(const struct settings *settings, struct fault *fault)
{
	g_autofree char *path = domain_tls_socket(settings);

	if (path == NULL)
		return true;
	map.listener = daemon_listen(path, SOCK_STREAM, BACKLOG, settings->milter_group,
				     settings->milter_mode, fault);
	return map.listener >= 0 ||
	       fault_within(fault, "opening the table that tells Postfix whom to verify");
}

/* --- an answer --- */

/* A domain in the admin's table is verified by its own name. */
static bool
is_in_table(struct policy *policy, const char *domain, bool *has_r, struct fault *fault)
{
	const char *table = policy_settings(policy)->tls_domains;

	*has_r = false;
	return *table == '\0' ||
	       policy_table_has(policy, map.service->database, table, domain, has_r, fault);
}

static char *
say(const struct domain_tls *tls)
{
	if (tls->must_wait)
		return g_strdup_printf("TEMP %s", tls->because);
	return tls->postfix == NULL ? g_strdup("NOTFOUND ")
				    : g_strdup_printf("OK %s", tls->postfix);
}

static char *
look_up(const char *domain, struct fault *fault)
{
	g_autoptr(policy_auto) policy = service_policy(map.service);
	g_autoptr(connection_auto) connection = NULL;
	g_auto(domain_tls_auto) tls = {0};
	bool is_listed;

	if (!is_in_table(policy, domain, &is_listed, fault))
		return NULL;
	if (is_listed)
		return g_strdup("NOTFOUND ");
	connection = database_take(map.service->database, fault);
	if (connection == NULL ||
	    !domain_tls_find(connection, policy_settings(policy), domain, &tls, fault))
		return NULL;
	return say(&tls);
}

/* `request`: the table's name, a blank, and a domain. Postfix also asks for parents, with a dot in
 * front, and for next hops in brackets: neither is a domain. */
static char *
answer(const char *request)
{
	const char *blank = strchr(request, ' ');
	g_autofree char *domain = NULL;
	struct fault fault;
	char *said;

	if (blank == NULL || !domain_parse(blank + 1, &domain, &fault))
		return g_strdup("NOTFOUND ");
	said = look_up(domain, &fault);
	if (said != NULL)
		return said;
	log_warning("telling Postfix whom to verify: %s", fault.text);
	return g_strdup_printf("TEMP %s", fault.text);
}

/* --- connections --- */

/* Postfix reads each answer before it asks again, so that there is room for it. */
static bool
reply(const struct asker *asker, const char *request)
{
	g_autofree char *said = answer(request);
	g_autofree char *frame = netstring_of(said);
	const size_t length = strlen(frame);

	return send(asker->fd, frame, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* False if the connection is to be closed. */
static bool
serve(struct asker *asker)
{
	char data[REQUEST_MAX];
	ssize_t got = recv(asker->fd, data, sizeof data, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0 || asker->said->len + (size_t)got > 2 * REQUEST_MAX)
		return false;
	g_string_append_len(asker->said, data, got);
	for (;;) {
		g_autofree char *request = NULL;

		if (!netstring_take(asker->said, REQUEST_MAX, &request))
			return false;
		if (request == NULL)
			return true;
		if (!reply(asker, request))
			return false;
	}
}

static void
accept_asker(void)
{
	int fd = accept4(map.listener, NULL, NULL, SOCK_CLOEXEC);
	struct asker *asker;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			g_usleep(PAUSE_MSEC * G_TIME_SPAN_MILLISECOND);
		return;
	}
	asker = g_new(struct asker, 1);
	*asker = (struct asker){.fd = fd, .said = g_string_new(NULL)};
	g_ptr_array_add(map.askers, asker);
}

static gpointer
run(gpointer unused)
{
	struct pollfd polled[ASKERS_MAX + 1];

	(void)unused;
	for (;;) {
		const guint count = map.askers->len;

		polled[0] = (struct pollfd){.fd = count < ASKERS_MAX ? map.listener : -1,
					    .events = POLLIN};
		for (guint i = 0; i < count; i++)
			polled[i + 1] = (struct pollfd){
				.fd = ((const struct asker *)g_ptr_array_index(map.askers, i))->fd,
				.events = POLLIN};
		if (poll(polled, count + 1, -1) < 0)
			continue;
		for (guint i = count; i-- > 0;)
			if (polled[i + 1].revents != 0 && !serve(g_ptr_array_index(map.askers, i)))
				g_ptr_array_remove_index(map.askers, i);
		if (polled[0].revents != 0)
			accept_asker();
	}
	return NULL;
}

void
tls_map_start(struct service *service)
{
	if (map.listener < 0)
		return;
	map.service = service;
	map.askers = g_ptr_array_new_with_free_func((GDestroyNotify)asker_free);
	g_thread_unref(g_thread_new("TLS map", run, NULL));
}
