/* What a responder says of a certificate: RFC 6960 appendix A. The response is signed, so plain
 * HTTP is usual. */
#include "keystore/finder/http.h"

enum { RESPONSE_MAX = 64 * 1024 };

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	const struct http_request request = {.url = task->subject,
					     .plain_allowed = true,
					     .most = RESPONSE_MAX,
					     .accept = "application/ocsp-response",
					     .body = task->body,
					     .body_type = "application/ocsp-request"};
	g_auto(http_reply_auto) reply = {0};

	if (task->body == NULL) {
		finder_failed(answer, "there is no request to send to %s", task->subject);
		return;
	}
	if (!http_ask(task, &request, &reply, answer))
		return;
	if (reply.status == 200 && http_is_type(&reply, request.accept)) {
		http_take(&reply, answer);
		return;
	}
	finder_failed(answer, "asking %s: HTTP status %u, and not an OCSP response", reply.url,
		      reply.status);
	answer->lifetime = reply.retry_after;
}

const struct finder finder_ocsp = {.wish = FINDER_OCSP, .begin = http_begin, .ask = ask};
