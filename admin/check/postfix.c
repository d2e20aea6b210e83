#include "admin/check/postfix.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "core/listening.h"

static const char ours[] = "postfix/postseal";

/* A service or server that a table is asked of may not answer, and postmap(1) waits for ever. */
bool
postfix_run(const char *const *command, char **output_r, char **errors_r)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_auto(GStrv) limited = NULL;
	int status;

	g_strv_builder_add_many(words, "timeout", "--signal=KILL", POSTFIX_PATIENCE, NULL);
	g_strv_builder_addv(words, (const char **)command);
	limited = g_strv_builder_end(words);
	if (!g_spawn_sync(NULL, limited, NULL,
			  G_SPAWN_SEARCH_PATH | (errors_r == NULL ? G_SPAWN_STDERR_TO_DEV_NULL : 0),
			  NULL, NULL, output_r, errors_r, &status, NULL))
		return false;
	/* timeout(1) itself, or what it could not start */
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 125 && WEXITSTATUS(status) <= 127) {
		g_clear_pointer(output_r, g_free);
		if (errors_r != NULL)
			g_clear_pointer(errors_r, g_free);
	}
	return g_spawn_check_wait_status(status, NULL);
}

char *
postfix_ask(const char *const *command)
{
	char *output = NULL;

	if (!postfix_run(command, &output, NULL))
		g_clear_pointer(&output, g_free);
	return output;
}

/* Lines "name = value"; for a service, the name is like "smtp/inet/smtpd_milters". */
static void
read_values(struct postfix *postfix, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *equals = strstr(*line, " =");

		if (equals == NULL)
			continue;
		g_hash_table_insert(postfix->values, g_strndup(*line, (gsize)(equals - *line)),
				    g_strstrip(g_strdup(equals + 2)));
	}
}

static void
service_free(struct postfix_service *service)
{
	g_free(service->name);
	g_free(service->program);
	g_free(service);
}

/* "-" is the default, which was "y" before Postfix 3.0, and is where main.cf does not set
 * compatibility_level (COMPATIBILITY_README). */
static bool
is_chrooted(const struct postfix *postfix, const char *field)
{
	return strcmp(field, "y") == 0 ||
	       (strcmp(field, "-") == 0 &&
		g_ascii_strtod(postfix_value(postfix, NULL, "compatibility_level"), NULL) < 1);
}

/* As in master(5): name, type, private, unprivileged, chroot, wakeup, processes, command. */
static void
read_services(struct postfix *postfix, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_regex_split_simple("[ \t]+", *line, 0, 0);
		struct postfix_service *service;

		if (g_strv_length(fields) < 8)
			continue;
		service = g_new0(struct postfix_service, 1);
		service->name = g_strdup_printf("%s/%s", fields[0], fields[1]);
		service->chrooted = is_chrooted(postfix, fields[4]);
		service->program = g_strdup(fields[7]);
		g_ptr_array_add(postfix->services, service);
	}
}

struct postfix *
postfix_read(struct fault *fault)
{
	static const char *const main_cf[] = {"postconf", "-x", NULL};
	static const char *const overrides[] = {"postconf", "-x", "-P", NULL};
	static const char *const master_cf[] = {"postconf", "-M", NULL};
	g_autofree char *program = g_find_program_in_path("postconf");
	g_autofree char *values = NULL, *special = NULL, *services = NULL;
	struct postfix *postfix;

	fault->cause = FAULT_NONE;
	if (program == NULL)
		return NULL;
	values = postfix_ask(main_cf);
	special = postfix_ask(overrides);
	services = postfix_ask(master_cf);
	if (values == NULL || special == NULL || services == NULL) {
		fault_set(fault, FAULT_CONFIG,
			  "asking postconf for the settings of Postfix: it failed");
		return NULL;
	}
	postfix = g_new0(struct postfix, 1);
	postfix->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	postfix->services = g_ptr_array_new_with_free_func((GDestroyNotify)service_free);
	read_values(postfix, values);
	read_values(postfix, special);
	read_services(postfix, services);
	return postfix;
}

void
postfix_free(struct postfix *postfix)
{
	if (postfix == NULL)
		return;
	g_hash_table_unref(postfix->values);
	g_ptr_array_unref(postfix->services);
	g_free(postfix);
}

const char *
postfix_value(const struct postfix *postfix, const char *service, const char *parameter)
{
	g_autofree char *special =
		service == NULL ? NULL : g_strdup_printf("%s/%s", service, parameter);
	const char *value = special == NULL ? NULL : g_hash_table_lookup(postfix->values, special);

	if (value == NULL)
		value = g_hash_table_lookup(postfix->values, parameter);
	return value == NULL ? "" : value;
}

const struct postfix_service *
postfix_service(const struct postfix *postfix, const char *name)
{
	for (guint i = 0; i < postfix->services->len; i++) {
		const struct postfix_service *service = g_ptr_array_index(postfix->services, i);

		if (strcmp(service->name, name) == 0)
			return service;
	}
	return NULL;
}

/* Of "host:port", "[::1]:port" or "port", which may be a name; 0 if it is none. */
static unsigned
port_of(const char *place)
{
	const char *colon = strrchr(place, ':');
	const char *port = colon == NULL ? place : colon + 1;
	const struct servent *known = getservbyname(port, "tcp");

	return known != NULL ? ntohs((uint16_t)known->s_port)
			     : (unsigned)g_ascii_strtoull(port, NULL, 10);
}

/* "127.0.0.1:10026/inet" and "10026/inet" may both be there; of those at the same port, one of the
 * same name is it, or else one for this machine. */
static int
likeness(const struct postfix_service *service, const char *type, const char *place)
{
	const char *slash = strrchr(service->name, '/');
	g_autofree char *name = g_strndup(service->name, (gsize)(slash - service->name));

	if (strcmp(slash + 1, type) != 0)
		return 0;
	if (strcmp(name, place) == 0)
		return 3;
	if (strcmp(type, "inet") != 0 || port_of(name) == 0 || port_of(name) != port_of(place))
		return 0;
	return g_str_has_prefix(name, "localhost:") || strchr(name, ':') == NULL ? 2 : 1;
}

struct postfix_service *
postfix_service_at(const struct postfix *postfix, const char *url)
{
	const char *path = listening_path(url), *place = strrchr(path != NULL ? path : url, '/');
	struct postfix_service *found = NULL;
	int best = 0;

	for (guint i = 0; place != NULL && i < postfix->services->len; i++) {
		struct postfix_service *service = g_ptr_array_index(postfix->services, i);
		int like = likeness(service, path != NULL ? "unix" : "inet", place + 1);

		if (like > best) {
			best = like;
			found = service;
		}
	}
	return found;
}

struct as_user
postfix_as_user(const struct postfix *postfix, const char *service, unsigned seconds)
{
	const struct postfix_service *running = postfix_service(postfix, service);

	return (struct as_user){.user = postfix_value(postfix, NULL, "mail_owner"),
				.directory = postfix_value(postfix, NULL, "queue_directory"),
				.is_chroot = running != NULL && running->chrooted,
				.seconds = seconds};
}

GPtrArray *
postfix_listeners(const struct postfix *postfix)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < postfix->services->len; i++) {
		struct postfix_service *service = g_ptr_array_index(postfix->services, i);

		if (strcmp(service->program, "smtpd") == 0 && !service->is_for_members &&
		    !service->takes_back &&
		    !g_str_has_prefix(postfix_value(postfix, service->name, "syslog_name"), ours))
			g_ptr_array_add(list, service);
	}
	return list;
}

GStrv
postfix_list(const char *text)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	g_autoptr(GString) element = g_string_new(NULL);
	int depth = 0;

	for (const char *c = text;; c++) {
		depth += (*c == '{') - (*c == '}');
		if (*c != '\0' && (depth > 0 || strchr(", \t", *c) == NULL)) {
			g_string_append_c(element, *c);
			continue;
		}
		if (element->len > 0)
			g_strv_builder_add(list, element->str);
		g_string_truncate(element, 0);
		if (*c == '\0')
			return g_strv_builder_end(list);
	}
}

const char *
postfix_table(const char *table)
{
	static const char proxy[] = "proxy:";

	return g_str_has_prefix(table, proxy) ? table + strlen(proxy) : table;
}
