#include "portal/application_password_page.h"

#include <string.h>

#include "core/catalogue.h"
#include "portal/answer.h"
#include "portal/application_password.h"
#include "portal/confirm.h"
#include "portal/passkey.h"

/* --- the list --- */

static bool
serves_readers(const struct settings *settings)
{
	return *settings->pop_listen != '\0' || *settings->pop_stls != '\0';
}

static bool
serves_clients(const struct settings *settings)
{
	return serves_readers(settings) || *settings->submission_server != '\0';
}

static void
list_one(const struct request *request, struct page *page,
	 const struct application_password *password)
{
	bool was_used = password->used_at != 0;
	g_autofree char *when = was_used ? request_date(request, password->used_at) : NULL;

	page_repeat(page, "application");
	page_text(page, "application-name", password->name);
	page_choose(page, was_used, "application-used", "application-unused");
	page_text_if_any(page, "application-when", when);
	page_text_if_any(page, "application-network", password->network);
	page_attribute(page, "application-id", "value", password->id.text);
}

bool
application_password_page_fill(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(GPtrArray) all =
		application_password_all(request->connection, &request->session.account, fault);

	if (all == NULL)
		return false;
	if (all->len == 0 && !serves_clients(request->portal->settings)) {
		page_remove(page, "applications");
		return true;
	}
	for (guint i = 0; i < all->len; i++)
		list_one(request, page, g_ptr_array_index(all, i));
	page_repeat_end(page, "application");
	return true;
}

/* --- a new one --- */

static void
show_incoming(const struct settings *settings, struct page *page)
{
	bool has_tls = *settings->pop_listen != '\0';
	const char *place = has_tls ? settings->pop_listen : settings->pop_stls;
	const char *port = strrchr(place, ':');
	g_autofree char *host = passkey_host(settings->portal_url);

	if (!serves_readers(settings)) {
		page_remove(page, "incoming");
		page_remove(page, "fetched");
		return;
	}
	page_text(page, "server", host);
	page_text(page, "port", port == NULL ? "" : port + 1);
	page_choose(page, has_tls, "tls", "stls");
}

/* The port says how TLS begins: RFC 6409 §3.1, RFC 8314 §3.3. */
static void
show_outgoing(const struct settings *settings, struct page *page)
{
	const char *server = settings->submission_server, *colon = strrchr(server, ':');
	const char *port = colon == NULL ? "465" : colon + 1;
	g_autofree char *host =
		colon == NULL ? g_strdup(server) : g_strndup(server, (gsize)(colon - server));

	if (*server == '\0') {
		page_remove(page, "outgoing");
		return;
	}
	page_text(page, "out-server", host);
	page_text(page, "out-port", port);
	page_choose(page, strcmp(port, "587") != 0, "out-tls", "out-starttls");
}

static enum MHD_Result
show_made(struct request *request, const char *password)
{
	const struct settings *settings = request->portal->settings;
	g_autoptr(page_auto) page = answer_begin(request, "application.html");

	page_text(page, "password", password);
	show_incoming(settings, page);
	show_outgoing(settings, page);
	page_text(page, "user", request->session.account.shown);
	return answer_page(request, MHD_HTTP_OK, page);
}

static bool
make(struct request *request, char password_r[APPLICATION_PASSWORD_CHARACTERS + 1],
     struct fault *fault)
{
	g_autofree char *name = application_password_name(request_field(request, "name"));

	return batch_begin(request->connection, fault) &&
	       application_password_make(request->connection, &request->session.account,
					 &request->session.keys, name, password_r, fault) &&
	       confirm_use(request, CHANGE_APPLICATION_ADDED, name, fault) &&
	       batch_commit(request->connection, fault);
}

enum MHD_Result
application_password_page_add(struct request *request)
{
	char password[APPLICATION_PASSWORD_CHARACTERS + 1];
	g_autoptr(GPtrArray) all = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!serves_clients(request->portal->settings))
		return answer_not_found(request);
	all = application_password_all(request->connection, &request->session.account, &fault);
	if (all == NULL)
		return answer_fault(request, &fault);
	if (all->len >= APPLICATION_PASSWORDS_MAX)
		return answer_outcome(request, MHD_HTTP_BAD_REQUEST, "No password was created",
				      "You have as many passwords for mail programs as allowed. "
				      "Please revoke one that is no longer needed.");
	answered = make(request, password, &fault) ? show_made(request, password)
						   : answer_fault(request, &fault);
	sodium_memzero(password, sizeof password);
	return answered;
}

/* --- revoking --- */

static bool
revoke_one(struct request *request, const struct application_password *password,
	   struct fault *fault)
{
	return batch_begin(request->connection, fault) &&
	       application_password_revoke(request->connection, &request->session.account,
					   password->id.text, fault) &&
	       confirm_use(request, CHANGE_APPLICATION_REVOKED, password->name, fault) &&
	       batch_commit(request->connection, fault);
}

enum MHD_Result
application_password_page_remove(struct request *request)
{
	const struct application_password *password;
	g_autoptr(GPtrArray) all = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	all = application_password_all(request->connection, &request->session.account, &fault);
	if (all == NULL)
		return answer_fault(request, &fault);
	password = application_password_find(all, request_field(request, "id"));
	if (password != NULL && !revoke_one(request, password, &fault))
		return answer_fault(request, &fault);
	return answer_see(request, "/settings");
}
