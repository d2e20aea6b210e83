#include "keystore/finder/wkd.h"

#include <string.h>

#include "keystore/finder/http.h"
#include "keystore/finder/names.h"

enum {
	HASH_BYTES = 20,	/* SHA-1 */
	HASH_CHARACTERS = 32,	/* of five bits */
	REDIRECTS = 3,		/* on the same host */
	KEYS_MAX = 1024 * 1024, /* bytes */
	PACKET = 0x80,		/* is set in the first byte of each packet (RFC 9580 §4.2) */
};

char *
wkd_hash(const char *local_part)
{
	static const char digits[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	g_autofree char *lower = g_ascii_strdown(local_part, -1);
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 hash[HASH_BYTES];
	gsize length = sizeof hash;
	char *text = g_malloc0(HASH_CHARACTERS + 1);

	g_checksum_update(checksum, (const guchar *)lower, (gssize)strlen(lower));
	g_checksum_get_digest(checksum, hash, &length);
	for (unsigned i = 0, bits = 0, have = 0, next = 0; i < HASH_CHARACTERS; i++) {
		if (have < 5) {
			bits = bits << 8 | hash[next++];
			have += 8;
		}
		have -= 5;
		text[i] = digits[bits >> have & 31];
	}
	return text;
}

char *
wkd_url(const char *local_part, const char *domain, bool advanced)
{
	g_autofree char *hash = wkd_hash(local_part);
	g_autofree char *escaped = g_uri_escape_string(local_part, NULL, FALSE);

	if (advanced)
		return g_strdup_printf("https://openpgpkey.%s/.well-known/openpgpkey/%s/hu/%s?l=%s",
				       domain, domain, hash, escaped);
	return g_strdup_printf("https://%s/.well-known/openpgpkey/hu/%s?l=%s", domain, hash,
			       escaped);
}

/* The direct method is for domains without the sub-domain, not for those whose server fails:
 * otherwise whoever owns the main web site could answer for the one that is in charge of keys. */
static bool
choose_method(const struct finder_task *task, const char *domain, bool *advanced_r,
	      struct finder_answer *answer)
{
	g_autofree char *host = g_strconcat("openpgpkey.", domain, NULL);
	g_autoptr(GArray) addresses = NULL;
	enum names_outcome outcome = names_find(host, task->until, &addresses);

	*advanced_r = outcome == NAMES_FOUND;
	if (outcome == NAMES_FAILED)
		finder_failed(answer, "whether there is a host %s cannot be found out now", host);
	return outcome != NAMES_FAILED;
}

static bool
is_binary_key(GBytes *content)
{
	gsize length;
	const guint8 *bytes = g_bytes_get_data(content, &length);

	return length > 0 && (bytes[0] & PACKET) != 0;
}

static void
take(const struct http_reply *reply, struct finder_answer *answer)
{
	if (!http_is_good(reply, answer))
		return;
	if (!is_binary_key(reply->content)) {
		finder_failed(answer, "%s is not an OpenPGP key in binary form", reply->url);
		return;
	}
	http_take(reply, answer);
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	const char *domain = finder_domain(task, answer);
	g_autofree char *local_part = NULL, *url = NULL;
	g_auto(http_reply_auto) reply = {0};
	bool advanced;

	if (domain == NULL || !choose_method(task, domain, &advanced, answer))
		return;
	local_part = g_strndup(task->subject, (gsize)(domain - task->subject) - 1);
	url = wkd_url(local_part, domain, advanced);
	if (http_ask(task,
		     &(struct http_request){.url = url, .redirects = REDIRECTS, .most = KEYS_MAX},
		     &reply, answer))
		take(&reply, answer);
}

const struct finder finder_wkd = {.wish = FINDER_WKD, .begin = http_begin, .ask = ask};
