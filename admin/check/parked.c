#include "admin/check/parked.h"

#include <curl/curl.h>
#include <string.h>

#include "admin/as_user.h"
#include "admin/check/milters.h"
#include "admin/waiting.h"
#include "core/seal/wrap.h"

enum { PAGE_SECONDS = 15, PAGE_BYTES = 1048576, WHY_BYTES = 200 };

static enum progress
fail(GString *said, const struct fault *fault)
{
	g_string_append(said, fault->text);
	return FAILED;
}

/* --- mail of ours --- */

/* The newest first: a reply of the next hop, or what has gone wrong. */
static const struct statement told = {
	"probe_told",
	"select h.what, coalesce(h.detail, '') from postseal.history h where h.message = $1::uuid"
	" and h.what in ($2 || ' sent', $2 || ' not delivered', $2 || ' given up', $2 || ' handed to the MTA') "
	"order by h.at desc"};

/* The second pass through Postfix is not the next hop. */
static bool
is_second_pass(const struct check *check, const char *detail)
{
	const struct postfix_service *again =
		check->postfix == NULL ? NULL : milters_second_pass(check, MILTERS_INSIDE);
	const char *port = again == NULL ? NULL : strchr(again->name, ':');
	g_autofree char *relay = port == NULL ? NULL
					      : g_strdup_printf(" 127.0.0.1[127.0.0.1]%.*s ",
								(int)strcspn(port, "/"), port);

	return relay != NULL && strstr(detail, relay) != NULL;
}

static enum progress
look_for_mail(const struct parked *parked, const char *kind, GString *said)
{
	const char *const texts[] = {parked->message, kind, NULL};
	g_autoptr(PGresult) rows = NULL;
	struct fault fault;

	if (!command_ask(parked->check->admin, &told, texts, &rows, &fault))
		return fail(said, &fault);
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *what = PQgetvalue(rows, row, 0), *detail = PQgetvalue(rows, row, 1);

		if (g_str_has_suffix(what, " sent") && is_second_pass(parked->check, detail))
			continue;
		g_string_append_printf(said, "%s: %s", what, detail);
		if (g_str_has_suffix(what, " sent"))
			return PASSED;
		if (!g_str_has_suffix(what, "MTA"))
			return FAILED;
		g_string_append(said,
				", whose log says nothing more of it; is it deferred "
				"(postqueue -p), or can the courier not read the log (mta log)?");
		return WAITS;
	}
	g_string_append_printf(said, "no %s has been handed to the MTA; see postseal outbox list",
			       kind);
	return WAITS;
}

enum progress
parked_notice(const struct parked *parked, GString *said)
{
	return look_for_mail(parked, "notice", said);
}

static const struct statement needs_code = {
	"probe_needs_code",
	"select coalesce(bool_or(k.account is null), false) from postseal.parcel p"
	" join postseal.parcel_key k on k.parcel = p.id where p.message = $1::uuid"};

enum progress
parked_code(const struct parked *parked, GString *said)
{
	const char *const texts[] = {parked->message, NULL};
	g_autoptr(PGresult) rows = NULL;
	struct fault fault;

	if (!command_ask(parked->check->admin, &needs_code, texts, &rows, &fault))
		return fail(said, &fault);
	if (result_flag(rows, 0, 0))
		return look_for_mail(parked, "code", said);
	g_string_append(said, "its reader signs in to an account, and needs none");
	return PASSED;
}

/* --- the page of the link --- */

/* The portal tells nobody which links it knows: any of them leads to the form for the code. */
static char *
some_link(const struct settings *settings)
{
	struct seal_key secret;
	char link[SEAL_KEY_CHARACTERS + 1];

	randombytes_buf(secret.bytes, sizeof secret.bytes);
	seal_key_show(link, &secret);
	return g_strdup_printf("%s/m/%s", settings->portal_url, link);
}

struct visit {
	const char *url;
	GString *page;
	struct visit_answer {
		long status; /* 0: there was no answer */
		bool is_form;
		char why[WHY_BYTES];
	} answer;
};

static size_t
keep(char *data, size_t size, size_t count, void *context)
{
	GString *page = context;
	size_t length = size * count;

	if (page->len + length > PAGE_BYTES)
		return 0;
	g_string_append_len(page, data, (gssize)length);
	return length;
}

static void
get(struct visit *visit, CURL *curl)
{
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_URL, visit->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, visit->page);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PAGE_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &visit->answer.status);
	else
		g_strlcpy(visit->answer.why, curl_easy_strerror(code), sizeof visit->answer.why);
	visit->answer.is_form = strstr(visit->page->str, "name=\"code\"") != NULL;
}

static bool
ask_page(void *context, struct fault *fault)
{
	struct visit *visit = context;
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		return fault_set(fault, FAULT_STORAGE, "asking the portal: out of memory");
	get(visit, curl);
	curl_easy_cleanup(curl);
	return true;
}

static enum progress
judge(const struct parked *parked, const struct visit_answer *answer, GString *said)
{
	const struct settings *settings = parked->check->settings;

	if (answer->status == 0) {
		g_string_append_printf(said,
				       "not known, as %s cannot be reached from here (%s): open "
				       "the link of the notice in a browser",
				       settings->portal_url, answer->why);
		return UNKNOWN;
	}
	if (answer->status == 200 && answer->is_form) {
		g_string_append_printf(said, "%s/m/… asks for the code", settings->portal_url);
		return PASSED;
	}
	g_string_append_printf(said,
			       "%s/m/… answers %ld, and does not ask for the code: does the web "
			       "server lead there to the portal (%s)?",
			       settings->portal_url, answer->status, settings->portal_listen);
	return FAILED;
}

enum progress
parked_page(const struct parked *parked, GString *said)
{
	const struct settings *settings = parked->check->settings;
	const struct as_user who = {.user = settings->portal_user, .seconds = 2 * PAGE_SECONDS};
	g_autofree char *url = some_link(settings);
	g_autoptr(GString) page = g_string_new(NULL);
	struct visit visit = {.url = url, .page = page};
	struct fault fault;

	if (!as_user(&who, ask_page, &visit, &visit.answer, sizeof visit.answer, &fault))
		return fail(said, &fault);
	return judge(parked, &visit.answer, said);
}

/* --- its end --- */

enum progress
parked_take_back(const struct parked *parked, GString *said)
{
	unsigned count;
	struct fault fault;

	if (!waiting_recall(parked->check->admin, parked->message, &count, &fault)) {
		g_string_append_printf(said, "%s; do it yourself: postseal message recall %s",
				       fault.text, parked->message);
		return FAILED;
	}
	if (count > 0)
		g_string_append(said, "recalled, unread: nothing of it waits any more");
	else
		g_string_append(said, "nothing of it waits");
	return PASSED;
}
