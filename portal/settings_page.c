#include "portal/settings_page.h"

#include <string.h>

#include "core/catalogue.h"
#include "delivery/method.h"
#include "mail/display_name.h"
#include "portal/answer.h"
#include "portal/security_page.h"

static const struct statement wishes_get = {
	"wishes_get", "select wish, notices from postseal.account where id = $1"};

static const struct statement wish_put = {
	"wish_put", "update postseal.account set wish = nullif($2, '') where id = $1"};

static const struct statement notices_put = {
	"notices_put", "update postseal.account set notices = $2 where id = $1"};

static const struct statement name_put = {
	"name_put", "update postseal.account set name = nullif($2, '') where id = $1"};

static const struct statement sessions = {"member_sessions",
					  "select id, browser, network, extract(epoch from "
					  "seen_at)::bigint from postseal.portal_session "
					  "where account = $1 and state = 'member' and expires_at "
					  "> now() order by seen_at desc limit 50"};

static const struct statement session_drop = {
	"member_session_drop",
	"delete from postseal.portal_session where account = $1 and id::text = $2"};

/* --- the page --- */

static bool
list_sessions(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!request_ask(request, &sessions, request->session.account.id.text, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *id = PQgetvalue(result, row, 0);
		bool is_this = strcmp(id, request->session.id.text) == 0;
		g_autofree char *when = request_date(request, result_number(result, row, 3));

		page_repeat(page, "session");
		page_text(page, "session-browser", PQgetvalue(result, row, 1));
		page_text(page, "session-network", PQgetvalue(result, row, 2));
		page_text(page, "session-when", when);
		page_attribute(page, "session-id", "value", id);
		page_choose(page, is_this, "session-this", "session-end");
	}
	page_repeat_end(page, "session");
	return true;
}

static void
show_choice(struct page *page, const char *value, const char *text, bool is_chosen)
{
	page_repeat(page, "wish");
	page_attribute(page, "wish-value", "value", value);
	if (is_chosen)
		page_attribute(page, "wish-value", "checked", "checked");
	page_text(page, "wish-text", text);
}

static void
show_wish(const struct request *request, struct page *page, const char *wish)
{
	show_choice(page, "", request_say(request, N_("As the sender's rules say")), wish == NULL);
	for (const struct method *const *method = methods; *method != NULL; method++)
		if ((*method)->wish != NULL)
			show_choice(page, (*method)->name, request_say(request, (*method)->wish),
				    g_strcmp0(wish, (*method)->name) == 0);
	page_repeat_end(page, "wish");
}

static void
show_notices(const struct request *request, struct page *page, const char *notices)
{
	const unsigned at = (unsigned)request->portal->settings->summary_at;
	g_autofree char *clock = g_strdup_printf("%02u:%02u", at / 60, at % 60);
	g_autofree char *daily = g_strdup_printf(
		request_say(request, "One email a day, after %s, if something new is waiting"),
		clock);

	page_text(page, "notices-daily-text", daily);
	page_attribute(page, g_strcmp0(notices, "daily") == 0 ? "notices-daily" : "notices-each",
		       "checked", "checked");
}

static bool
show_wishes(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!request_ask(request, &wishes_get, request->session.account.id.text, &result, fault))
		return false;
	if (PQntuples(result) == 1) {
		show_wish(request, page, result_text(result, 0, 0));
		show_notices(request, page, PQgetvalue(result, 0, 1));
	}
	return true;
}

static enum MHD_Result
show_settings(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "settings.html");
	g_autofree char *language =
		g_strconcat("language-", request->session.account.language, NULL);
	const bool required = request->portal->settings->portal_factor == PORTAL_FACTOR_REQUIRED;
	struct fault fault;

	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong), "name");
	page_text(page, "address", request->session.account.shown);
	if (wrong != NULL)
		page_attribute(page, "name", "value", request_field(request, "name"));
	else if (request->session.account.name != NULL)
		page_attribute(page, "name", "value", request->session.account.name);
	page_attribute(page, language, "selected", "selected");
	if (!required)
		page_remove(page, "factor-required");
	if (!list_sessions(request, page, &fault) || !security_page_fill(request, page, &fault) ||
	    !show_wishes(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page(request, status, page);
}

enum MHD_Result
settings_page_show(struct request *request)
{
	return show_settings(request, MHD_HTTP_OK, NULL);
}

/* --- what is set --- */

static enum MHD_Result
put_and_show(struct request *request, const struct statement *statement, const char *value)
{
	struct parameters parameters = {0};
	struct fault fault;

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, value);
	return connection_execute(request->connection, statement, &parameters, NULL, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}

enum MHD_Result
settings_page_name(struct request *request)
{
	g_autofree char *name = g_strstrip(g_strdup(request_field(request, "name")));

	if (*name != '\0' && !display_name_is_plain(name))
		return show_settings(request, MHD_HTTP_BAD_REQUEST,
				     "Please enter a name of at most 80 characters, with letters, "
				     "and without an address or unusual characters.");
	return put_and_show(request, &name_put, name);
}

enum MHD_Result
settings_page_language(struct request *request)
{
	const char *language = catalogue_language(request_field(request, "language"));
	struct account *account = &request->session.account;
	struct fault fault;

	if (language == NULL)
		return answer_see(request, "/settings");
	g_free(account->language);
	account->language = g_strdup(language);
	return account_put_language(request->connection, account, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}

enum MHD_Result
settings_page_wish(struct request *request)
{
	const char *wish = request_field(request, "wish");
	const struct method *method = method_find(wish);

	if (*wish != '\0' && (method == NULL || method->wish == NULL))
		return answer_see(request, "/settings");
	return put_and_show(request, &wish_put, wish);
}

enum MHD_Result
settings_page_notices(struct request *request)
{
	const char *notices = request_field(request, "notices");

	if (strcmp(notices, "each") != 0 && strcmp(notices, "daily") != 0)
		return answer_see(request, "/settings");
	return put_and_show(request, &notices_put, notices);
}

/* --- sessions --- */

enum MHD_Result
settings_page_end_session(struct request *request)
{
	return put_and_show(request, &session_drop, request_field(request, "id"));
}

enum MHD_Result
settings_page_end_other_sessions(struct request *request)
{
	struct fault fault;

	return batch_begin(request->connection, &fault) &&
			       session_end_others(request->connection, &request->session, &fault) &&
			       batch_commit(request->connection, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}
