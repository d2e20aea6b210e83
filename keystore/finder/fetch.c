/* CRLs and issuers' certificates from where a certificate says that they are (RFC 5280 §4.2.1.13,
 * §4.2.2.1). They are signed, so plain HTTP is usual, and as good (§8). */
#include "keystore/finder/http.h"

enum { REDIRECTS = 3 };

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	const struct http_request request = {.url = task->subject,
					     .plain_allowed = true,
					     .redirects = REDIRECTS,
					     .other_hosts_allowed = true,
					     .most = FINDER_BYTES_MAX};
	g_auto(http_reply_auto) reply = {0};

	if (http_ask(task, &request, &reply, answer) && http_is_good(&reply, answer))
		http_take(&reply, answer);
}

const struct finder finder_fetch = {.wish = FINDER_FETCH, .begin = http_begin, .ask = ask};
