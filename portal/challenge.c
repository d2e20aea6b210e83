#include "portal/challenge.h"

#include <string.h>

#include "portal/web/base64url.h"

static const struct statement put = {
	"challenge_put", "update postseal.portal_session set challenge = $2 where id = $1"};

/* Deleted when read, so that it works only once. */
static const struct statement take = {
	"challenge_take",
	"update postseal.portal_session s set challenge = null from postseal.portal_session old "
	"where s.id = $1 and old.id = s.id and old.challenge is not null returning old.challenge"};

static const struct statement credentials = {
	"passkey_list",
	"select credential from postseal.passkey where account = $1 order by added_at"};

bool
challenge_ask(struct request *request, struct page *page, struct fault *fault)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	struct parameters parameters = {0};
	g_autofree char *text = NULL, *host = passkey_host(request->portal->settings->portal_url);

	randombytes_buf(challenge, sizeof challenge);
	parameters_text(&parameters, request->session.id.text);
	parameters_bytes(&parameters, challenge, sizeof challenge);
	text = base64url_text(challenge, sizeof challenge);
	page_attribute(page, "passkey", "data-challenge", text);
	page_attribute(page, "passkey", "data-host", host);
	return connection_execute(request->connection, &put, &parameters, NULL, fault);
}

bool
challenge_take(struct request *request, unsigned char challenge_r[PASSKEY_CHALLENGE_BYTES],
	       bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *bytes = NULL;
	size_t length;

	*found_r = false;
	parameters_text(&parameters, request->session.id.text);
	if (!connection_execute(request->connection, &take, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	bytes = result_bytes(result, 0, 0, &length);
	*found_r = length == PASSKEY_CHALLENGE_BYTES;
	if (*found_r)
		memcpy(challenge_r, bytes, PASSKEY_CHALLENGE_BYTES);
	return true;
}

bool
challenge_list_keys(struct request *request, struct page *page, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autoptr(GString) list = g_string_new(NULL);

	parameters_text(&parameters, request->session.account.id.text);
	if (!connection_execute(request->connection, &credentials, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		g_autofree unsigned char *bytes = result_bytes(result, row, 0, &length);
		g_autofree char *text = base64url_text(bytes, length);

		g_string_append_printf(list, "%s%s", row > 0 ? " " : "", text);
	}
	page_attribute(page, "passkey", "data-credentials", list->str);
	return true;
}
