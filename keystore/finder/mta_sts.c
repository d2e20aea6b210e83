/*
 * MTA-STS policies: RFC 8461 §3.3. The DNS says that there is one, and its id; without that, or
 * with several such records, nobody looks for a policy. Redirects are not followed, and the
 * certificate must be valid for the host. The hosts that take the domain's mail are looked up too,
 * with or without DNSSEC, so that a policy that names none of them is seen before mail fails.
 */
#include <string.h>

#include "core/domain.h"
#include "keystore/finder/http.h"
#include "keystore/finder/resolver.h"
#include "keystore/finder/sts_policy.h"
#include "keystore/finder/sts_record.h"

static bool
begin(const struct settings *settings, struct fault *fault)
{
	return resolver_begin(settings, fault) && http_begin(settings, fault);
}

static bool
find_record(const struct finder_task *task, char id_r[STS_ID_MAX + 1], struct finder_answer *answer)
{
	g_auto(dns_answer_auto) record = {0};

	sts_record_ask(resolver(), task->subject, task->until, id_r, &record);
	if (record.outcome == DNS_NOTHING) {
		finder_nothing(answer, "%s", record.why);
		answer->lifetime = record.lifetime;
	} else if (record.outcome != DNS_FOUND) {
		finder_failed(answer, "%s", record.why);
	}
	return record.outcome == DNS_FOUND;
}

/* A policy that cannot be had, or is not valid, is not the same as none (§3.3, §5.1). */
static void
take(const struct http_reply *reply, const char *id, struct finder_answer *answer)
{
	g_auto(sts_policy_auto) policy = {0};
	const char *why = NULL;
	gsize length;
	const char *text = g_bytes_get_data(reply->content, &length);

	if (reply->status != 200) {
		finder_failed(answer, "asking %s: HTTP status %u", reply->url, reply->status);
		answer->lifetime = reply->retry_after;
		return;
	}
	if (!http_is_type(reply, "text/plain")) {
		finder_failed(answer, "%s is not text/plain (RFC 8461 §3.2)", reply->url);
		return;
	}
	if (!sts_policy_read(&policy, text, length, &why)) {
		finder_failed(answer, "%s is not a policy: %s (RFC 8461 §3.2)", reply->url, why);
		return;
	}
	http_take(reply, answer);
	finder_found(answer, g_bytes_new(id, strlen(id)));
	answer->lifetime = policy.max_age;
}

static bool
is_domain(const struct finder_task *task, struct finder_answer *answer)
{
	g_autofree char *canonical = NULL;
	struct fault fault;

	if (domain_parse(task->subject, &canonical, &fault) &&
	    strcmp(canonical, task->subject) == 0)
		return true;
	finder_failed(answer, "%s is not a domain in canonical form", task->subject);
	return false;
}

/* --- the hosts that take its mail --- */

/* Names without a blank between them are not host names, and left out by dns_host(). */
static void
list_hosts(const struct dns_answer *mx, GString *hosts)
{
	enum { PREFERENCE = 2 };

	for (guint i = 0; i < mx->records->len; i++) {
		size_t length, at = PREFERENCE;
		const unsigned char *data =
			g_bytes_get_data(g_ptr_array_index(mx->records, i), &length);
		g_autofree char *host = length > at ? dns_host(data, length, &at) : NULL;

		if (host != NULL && *host != '\0')
			g_string_append_printf(hosts, "%s%s", hosts->len > 0 ? " " : "", host);
	}
}

/* A domain without MX records takes its mail itself (RFC 5321 §5.1). */
static void
add_hosts(const struct finder_task *task, struct finder_answer *answer)
{
	g_auto(dns_answer_auto) mx = {0};
	g_autoptr(GString) hosts = g_string_new(NULL);

	dns_ask(resolver(), &(struct dns_question){task->subject, DNS_MX}, 1, task->until, &mx);
	if (mx.outcome == DNS_FOUND) {
		list_hosts(&mx, hosts);
	} else if (mx.outcome == DNS_NOTHING) {
		g_string_assign(hosts, task->subject);
	} else {
		finder_failed(answer, "asking for the hosts that take its mail: %s", mx.why);
		return;
	}
	finder_found(answer, g_bytes_new(hosts->str, hosts->len));
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	g_autofree char *url =
		g_strdup_printf("https://mta-sts.%s/.well-known/mta-sts.txt", task->subject);
	g_auto(http_reply_auto) reply = {0};
	char id[STS_ID_MAX + 1];

	if (!is_domain(task, answer) || !find_record(task, id, answer))
		return;
	if (http_ask(task, &(struct http_request){.url = url, .most = STS_POLICY_BYTES_MAX}, &reply,
		     answer))
		take(&reply, id, answer);
	else /* also where there is no such host: the record says that there is a policy */
		answer->outcome = FINDER_FAILED;
	if (answer->outcome == FINDER_FOUND)
		add_hosts(task, answer);
}

const struct finder finder_mta_sts = {.wish = FINDER_MTA_STS, .begin = begin, .ask = ask};
