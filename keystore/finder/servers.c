#include "keystore/finder/servers.h"

#include <string.h>

#include "keystore/finder/http.h"

enum {
	KEYS_MAX = 1024 * 1024, /* bytes of one server's answer */
	SERVERS_MAX = 4,	/* together within FINDER_BYTES_MAX */
	MARGIN = 8, /* a part of the time that is left so that the others' answers arrive */
};

/* One server, asked on a thread of its own. */
struct inquiry {
	struct finder_task task;
	const char *server;
	struct finder_answer answer;
	GThread *thread;
};

char *
servers_url(const char *server, const char *address, struct fault *fault)
{
	g_autofree char *escaped = g_uri_escape_string(address, NULL, FALSE);
	const char *host = strstr(server, "://");

	if (host != NULL)
		host += strlen("://");
	if (host == NULL || *host == '\0' || strpbrk(host, "/?#@ ") != NULL)
		fault_set(fault, FAULT_CONFIG, "%s is not like https://host or hkps://host",
			  server);
	else if (g_str_has_prefix(server, "https://"))
		return g_strdup_printf("https://%s/vks/v1/by-email/%s", host, escaped);
	else if (g_str_has_prefix(server, "hkps://"))
		return g_strdup_printf("https://%s/pks/lookup?op=get&options=mr&exact=on&search=%s",
				       host, escaped);
	else
		fault_set(fault, FAULT_CONFIG, "%s begins with neither https:// nor hkps://",
			  server);
	return NULL;
}

static bool
begin(const struct settings *settings, struct fault *fault)
{
	if (g_strv_length(settings->finder_servers) > SERVERS_MAX)
		return fault_set(fault, FAULT_CONFIG, "`finder servers` names more than %d servers",
				 SERVERS_MAX);
	for (char **server = settings->finder_servers; *server != NULL; server++) {
		g_autofree char *url = servers_url(*server, "joe@example.com", fault);

		if (url == NULL)
			return fault_within(fault, "reading `finder servers`");
	}
	return http_begin(settings, fault);
}

/* --- one server --- */

static bool
is_armoured_key(GBytes *content)
{
	static const char begin_line[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	gsize length;
	const char *text = g_bytes_get_data(content, &length);

	return length > 0 && g_strstr_len(text, (gssize)length, begin_line) != NULL;
}

static void
take(const struct http_reply *reply, struct finder_answer *answer)
{
	if (!http_is_good(reply, answer))
		return;
	if (!is_armoured_key(reply->content)) {
		finder_failed(answer, "%s is not an OpenPGP key", reply->url);
		return;
	}
	http_take(reply, answer);
}

static gpointer
inquire(gpointer data)
{
	struct inquiry *inquiry = data;
	struct fault fault = {0};
	g_autofree char *url = servers_url(inquiry->server, inquiry->task.subject, &fault);
	g_auto(http_reply_auto) reply = {0};

	if (url == NULL)
		finder_failed(&inquiry->answer, "%s", fault.text);
	else if (http_ask(&inquiry->task, &(struct http_request){.url = url, .most = KEYS_MAX},
			  &reply, &inquiry->answer))
		take(&reply, &inquiry->answer);
	return NULL;
}

/* --- all of them --- */

/* What was found is an answer even if not every server gave one. That there is nothing must be said
 * by all. */
static void
add_found(struct finder_answer *answer, const struct finder_answer *part)
{
	const bool is_first = answer->outcome != FINDER_FOUND;

	answer->secure = part->secure && (is_first || answer->secure);
	if (answer->place == NULL)
		answer->place = g_strdup(part->place);
	finder_found(answer, g_bytes_ref(g_ptr_array_index(part->items, 0)));
}

static void
add_nothing(struct finder_answer *answer, const struct finder_answer *part)
{
	answer->outcome = part->outcome;
	answer->lifetime = MAX(answer->lifetime, part->lifetime);
	g_free(answer->why);
	answer->why = g_strdup(part->why);
}

/* What a server that failed may have, such as a revocation, is asked for again soon. */
static void
conclude(const struct inquiry *inquiries, guint count, struct finder_answer *answer)
{
	const struct finder_answer *failed = NULL;

	for (guint i = 0; i < count; i++) {
		const struct finder_answer *part = &inquiries[i].answer;

		if (part->outcome == FINDER_FAILED)
			failed = part;
		if (part->outcome == FINDER_FOUND)
			add_found(answer, part);
		else if (answer->outcome != FINDER_FOUND &&
			 (i == 0 || part->outcome == FINDER_FAILED))
			add_nothing(answer, part);
	}
	if (answer->outcome == FINDER_FOUND && failed != NULL)
		finder_partial(answer, failed->why);
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	struct inquiry inquiries[SERVERS_MAX] = {{{0}}};
	const gint64 now = g_get_monotonic_time();
	char **servers = task->settings->finder_servers;
	guint count = g_strv_length(servers);

	if (count == 0)
		finder_nothing(answer, "no key servers are set");
	for (guint i = 0; i < count; i++) {
		inquiries[i].server = servers[i];
		inquiries[i].task = *task;
		inquiries[i].task.until -= (task->until - now) / MARGIN;
		inquiries[i].answer.items =
			g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
		inquiries[i].thread = g_thread_new("server", inquire, &inquiries[i]);
	}
	for (guint i = 0; i < count; i++)
		g_thread_join(inquiries[i].thread);
	conclude(inquiries, count, answer);
	for (guint i = 0; i < count; i++)
		finder_answer_clear(&inquiries[i].answer);
}

const struct finder finder_servers = {
	.wish = FINDER_SERVERS, .is_shared = true, .begin = begin, .ask = ask};
