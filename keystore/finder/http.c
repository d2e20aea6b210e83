#include "keystore/finder/http.h"

#include <curl/curl.h>
#include <openssl/x509.h>
#include <string.h>

#include "keystore/finder/names.h"
#include "keystore/finder/reach.h"

enum { HEADERS_MAX = 65536, RETRY_MAX = 86400 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)
typedef struct curl_slist curl_list;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(curl_list, curl_slist_free_all)

/* One request and its reply, without redirects. */
struct exchange {
	const struct finder_task *task;
	const struct http_request *request;
	GByteArray *content;
	size_t headers;	   /* bytes so far */
	bool is_encoded;   /* gzip and the like */
	const char *why;   /* we ended it ourselves: because of this */
	char refused[128]; /* the address that we did not connect to, as a sentence */
};

bool
http_begin(const struct settings *settings, struct fault *fault)
{
	static bool begun;

	if (!begun && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fault_set(fault, FAULT_CONFIG, "libcurl cannot be initialised");
	begun = true;
	names_begin();
	return reach_begin(settings, fault);
}

/* --- URLs --- */

struct target {
	bool is_secure;
	unsigned long port;
	char *host; /* as in the URL: IPv6 addresses in brackets */
	char *url;  /* normalised, without a fragment */
};

static void
target_clear(struct target *target)
{
	g_free(target->host);
	g_free(target->url);
}
typedef struct target target_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(target_auto, target_clear)

/* A part of the URL; NULL: it has none. Caller frees. */
static char *
part_of(CURLU *url, CURLUPart part, unsigned flags)
{
	char *got = NULL, *copy;

	if (curl_url_get(url, part, &got, flags) != CURLUE_OK)
		return NULL;
	copy = g_strdup(got);
	curl_free(got);
	return copy;
}

static bool
has_part(CURLU *url, CURLUPart part)
{
	g_autofree char *got = part_of(url, part, 0);

	return got != NULL;
}

/* Why it is not asked, as a phrase; NULL: nothing speaks against it. */
static const char *
objection(CURLU *url, const struct target *target)
{
	g_autofree char *scheme = part_of(url, CURLUPART_SCHEME, 0);

	if (!target->is_secure && g_strcmp0(scheme, "http") != 0)
		return "is neither http nor https";
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
	    has_part(url, CURLUPART_ZONEID))
		return "names a user, a password or a zone";
	if (target->host == NULL || target->url == NULL)
		return "names no host";
	return reach_allows_port(target->port) ? NULL : "has a port that is not asked";
}

static bool
read_target(const char *text, struct target *target_r, struct finder_answer *answer)
{
	g_autoptr(CURLU) url = curl_url();
	g_autofree char *scheme = NULL, *port = NULL;
	const char *why = "cannot be read";

	*target_r = (struct target){0};
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
		scheme = part_of(url, CURLUPART_SCHEME, 0);
		port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
		curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
		target_r->is_secure = g_strcmp0(scheme, "https") == 0;
		target_r->port = port == NULL ? 0 : strtoul(port, NULL, 10);
		target_r->host = part_of(url, CURLUPART_HOST, 0);
		target_r->url = part_of(url, CURLUPART_URL, 0);
		why = objection(url, target_r);
	}
	if (why != NULL)
		finder_failed(answer, "the URL %s %s", text, why);
	return why == NULL;
}

/* --- what libcurl asks of us --- */

static size_t
take_content(char *data, size_t size, size_t count, void *user)
{
	struct exchange *exchange = user;
	size_t length = size * count;

	if (exchange->content->len + length > exchange->request->most) {
		exchange->why = "it sends more than is taken";
		return 0;
	}
	g_byte_array_append(exchange->content, (const guint8 *)data, (guint)length);
	return length;
}

static size_t
take_header(char *data, size_t size, size_t count, void *user)
{
	static const char encoding[] = "content-encoding:";
	struct exchange *exchange = user;
	size_t length = size * count;

	exchange->headers += length;
	if (exchange->headers > HEADERS_MAX) {
		exchange->why = "its header is too long";
		return 0;
	}
	if (length >= strlen(encoding) &&
	    g_ascii_strncasecmp(data, encoding, strlen(encoding)) == 0) {
		g_autofree char *value =
			g_strndup(data + strlen(encoding), length - strlen(encoding));

		g_strstrip(value);
		exchange->is_encoded |=
			*value != '\0' && g_ascii_strcasecmp(value, "identity") != 0;
	}
	return length;
}

static int
look_whether_it_is_wanted(void *user, curl_off_t down, curl_off_t downloaded, curl_off_t up,
			  curl_off_t uploaded)
{
	struct exchange *exchange = user;

	(void)down;
	(void)downloaded;
	(void)up;
	(void)uploaded;
	if (finder_is_wanted(exchange->task))
		return 0;
	exchange->why = "nobody waits for it any more";
	return 1;
}

/* The last word on what is connected to, whatever came before: names, redirects, rebinding. */
static curl_socket_t
open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *exchange = user;
	struct network_address peer;
	g_autofree char *text = NULL;

	(void)purpose;
	if (network_address_of(&peer, &address->addr) && reach_allows(&peer))
		return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (network_address_of(&peer, &address->addr))
		text = network_address_text(&peer);
	g_snprintf(exchange->refused, sizeof exchange->refused,
		   "its address %s is not public, nor is it among `finder networks`",
		   text == NULL ? "" : text);
	return CURL_SOCKET_BAD;
}

/* --- one exchange --- */

static bool
is_literal(const char *host)
{
	struct network_address address;

	return *host == '[' || network_address_parse(&address, host);
}

static char *
resolved(const struct target *target, const GArray *addresses)
{
	GString *entry = g_string_new(NULL);

	g_string_append_printf(entry, "+%s:%lu:", target->host, target->port);
	for (guint i = 0; i < addresses->len; i++) {
		const struct network_address *address =
			&g_array_index(addresses, struct network_address, i);
		g_autofree char *text = network_address_text(address);
		const bool ipv4 = network_address_is_ipv4(address);

		g_string_append_printf(entry, "%s%s%s%s", i > 0 ? "," : "", ipv4 ? "" : "[", text,
				       ipv4 ? "" : "]");
	}
	return g_string_free(entry, FALSE);
}

/* Finds the host's addresses and hands them to libcurl, whose own resolver may take longer than we
 * have. */
static bool
resolve(CURL *curl, const struct finder_task *task, const struct target *target, curl_list **list_r,
	struct finder_answer *answer)
{
	g_autoptr(GArray) addresses = NULL;
	g_autofree char *entry = NULL;

	if (*task->settings->finder_proxy != '\0' || is_literal(target->host))
		return true;
	switch (names_find(target->host, task->until, &addresses)) {
	case NAMES_NONE:
		finder_nothing(answer, "there is no host %s", target->host);
		return false;
	case NAMES_FAILED:
		finder_failed(answer, "the address of %s cannot be found out now", target->host);
		return false;
	default:
		break;
	}
	entry = resolved(target, addresses);
	*list_r = curl_slist_append(NULL, entry);
	curl_easy_setopt(curl, CURLOPT_RESOLVE, *list_r);
	return true;
}

static void
set_limits(CURL *curl, struct exchange *exchange)
{
	const struct http_request *request = exchange->request;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
			 request->plain_allowed ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 MAX(finder_milliseconds_left(exchange->task), 1));
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->most);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_it_is_wanted);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_content);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
}

/* The system's authorities are looked up by name in their directory, which is quicker than reading
 * all of them for each request. A proxy is the admin's, wherever it is. */
static void
set_ways(CURL *curl, struct exchange *exchange)
{
	const struct settings *settings = exchange->task->settings;

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CAPATH, X509_get_default_cert_dir());
	curl_easy_setopt(curl, CURLOPT_CAINFO,
			 *settings->finder_authorities == '\0' ? NULL
							       : settings->finder_authorities);
	curl_easy_setopt(curl, CURLOPT_PROXY, settings->finder_proxy);
	if (*settings->finder_proxy != '\0')
		return;
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, exchange);
}

static curl_list *
set_request(CURL *curl, const struct http_request *request)
{
	g_autofree char *accept =
		g_strconcat("Accept: ", request->accept == NULL ? "*/*" : request->accept, NULL);
	curl_list *fields = curl_slist_append(NULL, accept);

	curl_easy_setopt(curl, CURLOPT_USERAGENT, "Postseal");
	if (request->body != NULL) {
		g_autofree char *type = g_strconcat("Content-Type: ", request->body_type, NULL);

		fields = curl_slist_append(fields, type);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 (long)g_bytes_get_size(request->body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, g_bytes_get_data(request->body, NULL));
	}
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	return fields;
}

static void
say_why(const struct exchange *exchange, const struct target *target, CURLcode code,
	const char *said, struct finder_answer *answer)
{
	const char *why = exchange->why;

	if (why == NULL && code == CURLE_COULDNT_CONNECT && *exchange->refused != '\0')
		why = exchange->refused;
	if (why == NULL && code == CURLE_OPERATION_TIMEDOUT)
		why = "it does not answer in time";
	if (why == NULL && code == CURLE_FILESIZE_EXCEEDED)
		why = "it sends more than is taken";
	if (why == NULL)
		why = *said != '\0' ? said : curl_easy_strerror(code);
	finder_failed(answer, "asking %s: %s", target->url, why);
}

static unsigned
retry_after(CURL *curl)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
	return (unsigned)CLAMP(seconds, 0, RETRY_MAX);
}

static void
take_reply(CURL *curl, struct exchange *exchange, const struct target *target,
	   struct http_reply *reply)
{
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	reply->status = (unsigned)status;
	reply->url = g_strdup(target->url);
	reply->type = g_strdup(type == NULL ? "" : type);
	reply->secure = target->is_secure;
	reply->retry_after = retry_after(curl);
	reply->content = g_byte_array_free_to_bytes(g_steal_pointer(&exchange->content));
}

/* *next_r is where the reply redirects to; NULL: nowhere. */
static bool
perform(CURL *curl, struct exchange *exchange, const struct target *target,
	struct http_reply *reply, char **next_r, struct finder_answer *answer)
{
	char said[CURL_ERROR_SIZE] = "";
	const char *next = NULL;
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_URL, target->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK || exchange->is_encoded) {
		if (code == CURLE_OK)
			exchange->why = "it sends an encoding that was not asked for";
		say_why(exchange, target, code, said, answer);
		return false;
	}
	curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &next);
	*next_r = g_strdup(next);
	take_reply(curl, exchange, target, reply);
	return true;
}

static bool
exchange_once(const struct finder_task *task, const struct http_request *request,
	      const struct target *target, struct http_reply *reply, char **next_r,
	      struct finder_answer *answer)
{
	struct exchange exchange = {
		.task = task, .request = request, .content = g_byte_array_new()};
	g_autoptr(curl_list) addresses = NULL, fields = NULL;
	g_autoptr(CURL) curl = curl_easy_init();
	bool done;

	set_limits(curl, &exchange);
	set_ways(curl, &exchange);
	fields = set_request(curl, request);
	done = resolve(curl, task, target, &addresses, answer) &&
	       perform(curl, &exchange, target, reply, next_r, answer);
	g_clear_pointer(&exchange.content, g_byte_array_unref);
	return done;
}

/* --- with redirects --- */

static bool
may_follow(const struct http_request *request, const struct target *from, const struct target *to,
	   struct finder_answer *answer)
{
	const bool same = from->port == to->port && g_ascii_strcasecmp(from->host, to->host) == 0;

	if ((same || request->other_hosts_allowed) && (to->is_secure || !from->is_secure))
		return true;
	finder_failed(answer, "asking %s: it redirects to %s, which is not followed", from->url,
		      to->url);
	return false;
}

/* Moves on to where the reply redirects to. */
static bool
follow(const struct http_request *request, unsigned *followed, const char *next,
       struct target *target, struct finder_answer *answer)
{
	struct target to;

	if ((*followed)++ == request->redirects) {
		finder_failed(answer, "asking %s: it redirects, which is not followed",
			      target->url);
		return false;
	}
	if (!read_target(next, &to, answer) || !may_follow(request, target, &to, answer)) {
		target_clear(&to);
		return false;
	}
	target_clear(target);
	*target = to;
	return true;
}

bool
http_ask(const struct finder_task *task, const struct http_request *request,
	 struct http_reply *reply_r, struct finder_answer *answer)
{
	g_auto(target_auto) target = {0};
	unsigned followed = 0;
	bool secure = true;

	*reply_r = (struct http_reply){0};
	if (!read_target(request->url, &target, answer))
		return false;
	for (;;) {
		g_autofree char *next = NULL;

		secure &= target.is_secure;
		if (!exchange_once(task, request, &target, reply_r, &next, answer))
			return false;
		reply_r->secure = secure;
		if (next == NULL)
			return true;
		http_reply_clear(reply_r);
		if (!follow(request, &followed, next, &target, answer))
			return false;
	}
}

void
http_reply_clear(struct http_reply *reply)
{
	g_clear_pointer(&reply->url, g_free);
	g_clear_pointer(&reply->type, g_free);
	g_clear_pointer(&reply->content, g_bytes_unref);
}

bool
http_is_good(const struct http_reply *reply, struct finder_answer *answer)
{
	if (reply->status == 200)
		return true;
	if (reply->status == 404 || reply->status == 410) {
		finder_nothing(answer, "%s says that there is none (HTTP status %u)", reply->url,
			       reply->status);
		return false;
	}
	finder_failed(answer, "asking %s: HTTP status %u", reply->url, reply->status);
	answer->lifetime = reply->retry_after;
	return false;
}

void
http_take(const struct http_reply *reply, struct finder_answer *answer)
{
	finder_found(answer, g_bytes_ref(reply->content));
	answer->place = g_strdup(reply->url);
	answer->secure = reply->secure;
}

bool
http_is_type(const struct http_reply *reply, const char *type)
{
	g_autofree char *found = g_strndup(reply->type, strcspn(reply->type, ";"));

	return g_ascii_strcasecmp(g_strstrip(found), type) == 0;
}
