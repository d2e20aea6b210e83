#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "admin/check/milters.h"

/* --- how large a message may be --- */

/* A message grows when it is sealed, and cleanup(8) enforces the limit. */
static bool
check_size(const struct check *check, const struct postfix_service *service, struct fault *fault)
{
	g_autofree char *cleanup = g_strdup_printf(
		"%s/unix", postfix_value(check->postfix, service->name, "cleanup_service_name"));
	const char *const places[] = {service->name, cleanup};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		const char *limit = postfix_value(check->postfix, places[i], "message_size_limit");

		if (strcmp(limit, "0") != 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: message_size_limit = %s there refuses what grew "
				"when it was sealed, after it was accepted; expected -o message_size_limit=0, which " POSTSEAL_WIRE
				" sets",
				places[i], limit);
	}
	return true;
}

/* Otherwise the milter would seal messages that cleanup(8) then refuses. */
static bool
check_told(const struct check *check, const struct postfix_service *service, struct fault *fault)
{
	return strstr(postfix_value(check->postfix, service->name, "milter_macro_defaults"),
		      "postseal_size_limit=") != NULL ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the Postfix service %s: milter_macro_defaults does not tell the "
			 "milter the message_size_limit, so that a message may be refused when "
			 "other copies are out; " POSTSEAL_WIRE " sets it up",
			 service->name);
}

/* --- how large a header field may be --- */

/* Where there are milters, cleanup(8) holds to the first limit, too. It leaves out the line of a
 * folded field that exceeds the limit, and all that follow; a line has 998 characters at most (RFC
 * 5322 §2.1.1). What it left out nobody is told: the milter refuses any field that may be such a
 * one. */
enum { FIELD_LIMIT = 60000, LINE_BYTES = 1000 };

static bool
check_field(const struct check *check, const struct postfix_service *cleanup, struct fault *fault)
{
	const char *value = postfix_value(check->postfix, cleanup->name, "header_size_limit");
	uint64_t limit = strtoull(value, NULL, 10);
	uint64_t whole = limit < LINE_BYTES ? 0 : limit - LINE_BYTES;

	if (limit >= FIELD_LIMIT || check->settings->limit_field <= whole)
		return true;
	return fault_set(
		fault, FAULT_CONFIG,
		"checking the Postfix service %s: header_size_limit = %s cuts off header fields, and neither the "
		"milter nor the sender learns of it; expected %d or more, or a smaller limit field: it is %llu "
		"bytes, and those of more than %llu may have been cut off",
		cleanup->name, value, FIELD_LIMIT, (unsigned long long)check->settings->limit_field,
		(unsigned long long)whole);
}

/* --- how much space there must be --- */

/* With less than this, smtpd(8) takes no mail: queue_minfree, and half as much again as the largest
 * message. */
static guint64
wanted_space(const struct check *check, const char *service)
{
	const guint64 least =
		g_ascii_strtoull(postfix_value(check->postfix, service, "queue_minfree"), NULL, 10);
	const guint64 largest = g_ascii_strtoull(
		postfix_value(check->postfix, service, "message_size_limit"), NULL, 10);

	return MAX(least, largest / 2 * 3);
}

static bool
check_space(const struct check *check, const char *service, struct fault *fault)
{
	const char *queue = postfix_value(check->postfix, NULL, "queue_directory");
	const guint64 wanted = wanted_space(check, service);
	struct statvfs space;
	guint64 available;

	if (statvfs(queue, &space) != 0)
		return fault_set(fault, FAULT_CONFIG, "looking at the queue of Postfix, %s: %s",
				 queue, g_strerror(errno));
	available = (guint64)space.f_bavail * space.f_frsize;
	if (available <= wanted)
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the queue of Postfix, %s: there is space for %" G_GUINT64_FORMAT
			" MB, and the service %s takes no mail with less than %" G_GUINT64_FORMAT
			" MB (queue_minfree, or half as much again as message_size_limit); make space",
			queue, available >> 20, service, wanted >> 20);
	if (available / 4 <= wanted)
		check_warn(check,
			   "the queue of Postfix, %s, has space for %" G_GUINT64_FORMAT
			   " MB; with less than %" G_GUINT64_FORMAT
			   " MB, the service %s takes no mail",
			   queue, available >> 20, wanted >> 20, service);
	return true;
}

static bool
check_spaces(const struct check *check, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	for (guint i = 0; i < listeners->len; i++)
		if (!check_space(
			    check,
			    ((const struct postfix_service *)g_ptr_array_index(listeners, i))->name,
			    fault))
			return false;
	return check_space(check, "postseal/unix", fault);
}

bool
check_sizes(const struct check *check, char **note_r, struct fault *fault)
{
	g_autoptr(GPtrArray) listeners = postfix_listeners(check->postfix);

	(void)note_r;
	if (!check_spaces(check, fault))
		return false;
	for (guint i = 0; i < check->postfix->services->len; i++) {
		const struct postfix_service *service =
			g_ptr_array_index(check->postfix->services, i);

		if (strcmp(service->program, "smtpd") == 0 &&
		    g_str_has_prefix(postfix_value(check->postfix, service->name, "syslog_name"),
				     "postfix/postseal") &&
		    !check_size(check, service, fault))
			return false;
		if (strcmp(service->program, "cleanup") == 0 && !check_field(check, service, fault))
			return false;
	}
	/* check_placement() reports macros that are missing. */
	if (milters_have_two_passes(check) && !milters_come_again(check, NULL))
		return true;
	for (guint i = 0; i < listeners->len; i++)
		if (!check_told(check, g_ptr_array_index(listeners, i), fault))
			return false;
	return true;
}
