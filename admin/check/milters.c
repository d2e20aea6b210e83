#include "admin/check/milters.h"

#include <stdlib.h>
#include <string.h>

#include "admin/check/listener_of.h"
#include "core/listening.h"

char *
milters_address(const char *element)
{
	const char *begin = element + strspn(element, "{ \t");

	return g_strndup(begin, strcspn(begin, ", \t}"));
}

/* A directory and a name in it, links resolved; a directory that is not there is taken as it is
 * written. */
static char *
real_path(const char *path)
{
	g_autofree char *plain = g_canonicalize_filename(path, "/");
	g_autofree char *directory = g_path_get_dirname(plain);
	g_autofree char *name = g_path_get_basename(plain);
	char *real = realpath(directory, NULL);
	char *joined = g_build_filename(real == NULL ? directory : real, name, NULL);

	free(real);
	return joined;
}

bool
milters_is_same_socket(const struct check *check, const char *path, const char *ours,
		       const char *service)
{
	const struct postfix_service *running =
		service == NULL ? NULL : postfix_service(check->postfix, service);
	bool inside = *path != '/' || (running != NULL && running->chrooted);
	g_autofree char *full =
		inside ? g_build_filename(postfix_value(check->postfix, NULL, "queue_directory"),
					  path, NULL)
		       : g_strdup(path);
	g_autofree char *theirs = real_path(full), *own = real_path(ours);

	return strcmp(theirs, own) == 0;
}

bool
milters_is_same_port(const char *address, const char *listen)
{
	const char *theirs = strrchr(address, ':'), *ours = strchr(listen, ':');
	size_t length;

	if (!g_str_has_prefix(address, "inet") || !g_str_has_prefix(listen, "inet") ||
	    theirs == NULL)
		return false;
	length = strcspn(ours + 1, "@");
	return strlen(theirs + 1) == length && strncmp(theirs + 1, ours + 1, length) == 0;
}

/* The path of a Unix socket, seen from outside any chroot; NULL for a port. */
static char *
path_of(const struct check *check, const char *address)
{
	const char *path = listening_path(address);

	if (path == NULL || *path == '/')
		return g_strdup(path);
	return g_build_filename(postfix_value(check->postfix, NULL, "queue_directory"), path, NULL);
}

bool
milters_sign(const struct check *check, const char *address)
{
	g_autofree char *path = g_build_filename(
		postfix_value(check->postfix, NULL, "config_directory"), "postseal_signers", NULL);
	g_autofree char *told = NULL, *program = milters_program(check, address);

	if (strstr(address, "dkim") != NULL || g_str_has_suffix(address, ":8891") ||
	    (program != NULL && strstr(program, "dkim") != NULL))
		return true;
	return g_file_get_contents(path, &told, NULL, NULL) &&
	       strcmp(g_strstrip(told), address) == 0;
}

static int
process_of(const struct check *check, const char *address)
{
	const char *port = strrchr(address, ':');
	g_autofree char *full = path_of(check, address);

	if (full != NULL)
		return listener_of_path(full);
	return port == NULL ? 0 : listener_of_port((unsigned)g_ascii_strtoull(port + 1, NULL, 10));
}

char *
milters_program(const struct check *check, const char *address)
{
	int process = process_of(check, address);

	return process == 0 ? NULL : listener_name(process);
}

char *
milters_option(const struct check *check, const char *address, const char *option)
{
	int process = process_of(check, address);

	return process == 0 ? NULL : listener_option(process, option);
}

bool
milters_is_ours(const struct check *check, const char *address, const char *service)
{
	const char *listen = check->settings->milter_listen;
	const char *ours = listening_path(listen), *theirs = listening_path(address);

	if (ours == NULL || theirs == NULL)
		return milters_is_same_port(address, listen);
	return milters_is_same_socket(check, theirs, ours, service);
}

char *
milters_find(const struct check *check, const char *list, const char *service, guint *place_r)
{
	g_auto(GStrv) elements = postfix_list(list);

	for (*place_r = 0; elements[*place_r] != NULL; ++*place_r) {
		g_autofree char *address = milters_address(elements[*place_r]);

		if (milters_is_ours(check, address, service))
			return g_strdup(elements[*place_r]);
	}
	return NULL;
}

/* --- beside somebody else's content_filter --- */

static bool
is_of_others(const char *filter)
{
	return *filter != '\0' && !g_str_has_prefix(filter, "postseal-");
}

static bool
is_any_filtered(const struct check *check)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);
	bool found = is_of_others(postfix_value(check->postfix, NULL, "content_filter"));

	for (guint i = 0; i < listeners->len && !found; i++) {
		const struct postfix_service *service = g_ptr_array_index(listeners, i);

		found = is_of_others(
			postfix_value(check->postfix, service->name, "content_filter"));
	}
	return found;
}

static bool
is_loopback(const char *place)
{
	return g_str_has_prefix(place, "127.") || g_str_has_prefix(place, "localhost:") ||
	       g_str_has_prefix(place, "[::1]");
}

bool
milters_is_local(const char *service)
{
	return is_loopback(service) || g_str_has_suffix(service, "/unix");
}

/* Is mail accepted from this machine only? */
static bool
is_for_this_machine(const struct check *check, const char *service)
{
	g_auto(GStrv) networks = postfix_list(postfix_value(check->postfix, service, "mynetworks"));
	g_auto(GStrv) restrictions = postfix_list(
		postfix_value(check->postfix, service, "smtpd_recipient_restrictions"));

	for (char **network = networks; *network != NULL; network++)
		if (!is_loopback(*network))
			return false;
	return is_loopback(service) && networks[0] != NULL &&
	       g_strv_contains((const char *const *)restrictions, "reject");
}

bool
milters_is_return(const struct check *check, const char *service)
{
	return *postfix_value(check->postfix, service, "content_filter") == '\0' &&
	       is_for_this_machine(check, service) && is_any_filtered(check);
}

bool
milters_are_off(const struct check *check, const char *service)
{
	return *postfix_value(check->postfix, service, "smtpd_milters") == '\0' ||
	       strstr(postfix_value(check->postfix, service, "receive_override_options"),
		      "no_milters") != NULL;
}

/* --- two passes --- */

static bool
leads_to_edge(const struct check *check, const char *service)
{
	return g_str_has_prefix(postfix_value(check->postfix, service, "content_filter"),
				"postseal-edge:");
}

bool
milters_have_two_passes(const struct check *check)
{
	return leads_to_edge(check, NULL);
}

bool
milters_come_again(const struct check *check, const char *service)
{
	return leads_to_edge(check, service) &&
	       strstr(postfix_value(check->postfix, service, "milter_macro_defaults"),
		      "postseal_next=") != NULL;
}

const char *
milters_transport(enum milters_origin origin)
{
	return origin == MILTERS_OUTSIDE ? "postseal-outside/unix" : "postseal-edge/unix";
}

const struct postfix_service *
milters_second_pass(const struct check *check, enum milters_origin origin)
{
	const char *log =
		origin == MILTERS_OUTSIDE ? "postfix/postseal-outside" : "postfix/postseal-edge";

	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (strcmp(service->program, "smtpd") == 0 &&
		    strcmp(postfix_value(check->postfix, service->name, "syslog_name"), log) == 0)
			return service;
	}
	return NULL;
}
