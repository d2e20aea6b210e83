#include "portal/totp_page.h"

#include <string.h>

#include "portal/answer.h"
#include "portal/confirm.h"
#include "portal/totp.h"

static const struct statement totp_put = {
	"totp_put", "update postseal.account set totp = $2, totp_step = $3 where id = $1"};

static const struct statement totp_drop = {"totp_drop",
					   "update postseal.account set totp = null where id = $1"};

static enum MHD_Result
show_totp(struct request *request, const unsigned char secret[TOTP_SECRET_BYTES], const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "totp.html");
	g_autofree char *text = totp_secret_text(secret);
	g_autofree char *uri = totp_uri(secret, request->portal->settings->organisation,
					request->session.account.shown);
	g_autofree char *box = NULL, *picture = NULL;
	unsigned modules;

	picture = totp_picture(uri, &modules);
	box = g_strdup_printf("0 0 %u %u", modules, modules);
	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong), "code-field");
	page_attribute(page, "qr", "viewBox", box);
	page_attribute(page, "qr-path", "d", picture);
	page_text(page, "secret", text);
	page_attribute(page, "secret-field", "value", text);
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
totp_page_form(struct request *request)
{
	unsigned char secret[TOTP_SECRET_BYTES];
	enum MHD_Result answered;

	if (!confirm_is_given(request, &answered))
		return answered;
	randombytes_buf(secret, sizeof secret);
	answered = show_totp(request, secret, NULL);
	sodium_memzero(secret, sizeof secret);
	return answered;
}

static bool
keep_totp(struct request *request, const unsigned char secret[TOTP_SECRET_BYTES], uint64_t step,
	  struct fault *fault)
{
	struct parameters parameters = {0};
	size_t length;
	g_autofree unsigned char *sealed =
		seal_bytes(secret, TOTP_SECRET_BYTES, &request->session.keys.factors,
			   request->session.account.id.text, &length);

	parameters_text(&parameters, request->session.account.id.text);
	parameters_bytes(&parameters, sealed, length);
	parameters_number(&parameters, (int64_t)step);
	return batch_begin(request->connection, fault) &&
	       batch_add(request->connection, &totp_put, &parameters, fault) &&
	       confirm_use(request, CHANGE_APP_ADDED, NULL, fault) &&
	       batch_commit(request->connection, fault);
}

/* Only an app that has shown a correct code once is asked for codes later. */
enum MHD_Result
totp_page_add(struct request *request)
{
	unsigned char secret[TOTP_SECRET_BYTES];
	struct fault fault;
	enum MHD_Result answered;
	uint64_t step;
	bool kept;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!totp_secret_read(secret, request_field(request, "secret")))
		return answer_see(request, "/settings/totp");
	if (!totp_is_right(secret, request_field(request, "code"), time(NULL), &step))
		return show_totp(request, secret,
				 "That code is not correct. Please check that the clock of your "
				 "phone is right.");
	kept = keep_totp(request, secret, step, &fault);
	sodium_memzero(secret, sizeof secret);
	return kept ? answer_see(request, "/settings") : answer_fault(request, &fault);
}

enum MHD_Result
totp_page_remove(struct request *request)
{
	struct parameters parameters = {0};
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	parameters_text(&parameters, request->session.account.id.text);
	return !request->session.account.has_totp ||
			       (batch_begin(request->connection, &fault) &&
				batch_add(request->connection, &totp_drop, &parameters, &fault) &&
				confirm_use(request, CHANGE_APP_REMOVED, NULL, &fault) &&
				batch_commit(request->connection, &fault))
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}
