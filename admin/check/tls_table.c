#include "admin/check/tls_table.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/check/milters.h"
#include "core/listening.h"
#include "keystore/domain_tls.h"

enum { ANSWER_SECONDS = 5, LIMIT_SECONDS = 30 };

static const char begin[] = "socketmap:unix:", end[] = ":domains";

/* The path, as Postfix has it, or NULL if the value is no table of this kind. Caller frees. */
static char *
path_in(const char *value)
{
	if (!g_str_has_prefix(value, begin) || !g_str_has_suffix(value, end) ||
	    strlen(value) < strlen(begin) + strlen(end))
		return NULL;
	return g_strndup(value + strlen(begin), strlen(value) - strlen(begin) - strlen(end));
}

/* --- is somebody there? --- */

/* Asks as socketmap_table(5) says, for what is no domain: "NOTFOUND " needs no database. */
static bool
is_answered(int fd)
{
	static const char question[] = "9:domains .,", answer[] = "9:NOTFOUND ,";
	struct pollfd watched = {.fd = fd, .events = POLLIN};
	char said[sizeof answer] = "";

	return write(fd, question, strlen(question)) == (ssize_t)strlen(question) &&
	       poll(&watched, 1, ANSWER_SECONDS * 1000) > 0 &&
	       read(fd, said, strlen(answer)) == (ssize_t)strlen(answer) &&
	       strcmp(said, answer) == 0;
}

static bool
ask(void *context, struct fault *fault)
{
	g_autofree char *place = g_strconcat("unix:", context, NULL);
	int fd = listening_connect(place);
	bool good = fd >= 0 && is_answered(fd);

	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG,
				 "connecting to %s: %s; is postseal-milter running?",
				 (const char *)context, strerror(errno));
	close(fd);
	return good || fault_set(fault, FAULT_CONFIG,
				 "whoever listens at %s does not answer as postseal-milter does",
				 (const char *)context);
}

static bool
check_answer(const struct check *check, const char *transport, char *path, struct fault *fault)
{
	const struct as_user postfix = postfix_as_user(check->postfix, transport, LIMIT_SECONDS);

	return as_user(&postfix, ask, path, NULL, 0, fault) ||
	       fault_within(
		       fault,
		       "checking whether the transport %s of Postfix can ask whom to verify, as "
		       "the user %s%s; until then its mail waits",
		       transport, postfix.user, postfix.is_chroot ? " in its chroot" : "");
}

/* --- what it does with the answer --- */

/* With "dane-only", and no DNSSEC of its own, Postfix defers the mail. */
static bool
check_dnssec(const struct check *check, const char *transport, struct fault *fault)
{
	const char *level = postfix_value(check->postfix, transport, "smtp_dns_support_level");

	return !g_strv_contains((const char *const *)check->settings->tls_from, "dane") ||
	       strcmp(level, "dnssec") == 0 ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at the transport %s of Postfix: with smtp_dns_support_level = %s it "
		       "cannot verify by DANE (tls from), and mail to such domains waits; expected "
		       "dnssec",
		       transport, level);
}

/* Without our table every domain is verified by its own name: safe, but what was decided on by
 * MTA-STS or DANE may wait. */
static bool
check_without(const struct check *check, const char *transport, const char *value,
	      const char *socket, struct fault *fault)
{
	if (*value != '\0')
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the transport %s of Postfix: smtp_tls_policy_maps = %s is not the "
			"milter's table, and could let some mail leave without verified TLS; " POSTSEAL_WIRE
			" sets it up",
			transport, value);
	if (!domain_tls_is_asked(check->settings))
		return true;
	return fault_set(
		fault, FAULT_CONFIG,
		"looking at the transport %s of Postfix: its smtp_tls_policy_maps is empty, so that it "
		"does not learn what domains publish (tls from), and their mail may wait; %srun "
		"" POSTSEAL_WIRE " apply",
		transport,
		socket == NULL
			? "the milter has a table only beside a Unix socket, and listens at a "
			  "port (milter listen): change that, and "
			: "");
}

bool
tls_table_check(const struct check *check, const char *transport, struct fault *fault)
{
	const char *value = postfix_value(check->postfix, transport, "smtp_tls_policy_maps");
	g_autofree char *socket = domain_tls_socket(check->settings);
	g_autofree char *path = path_in(value);

	if (socket == NULL || path == NULL ||
	    !milters_is_same_socket(check, path, socket, transport))
		return check_without(check, transport, value, socket, fault);
	return check_answer(check, transport, path, fault) && check_dnssec(check, transport, fault);
}
