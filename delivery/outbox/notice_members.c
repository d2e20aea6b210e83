/* Mails to members about their accounts (notice.h). */
#include "core/catalogue.h"
#include "delivery/outbox/notice_put.h"

/* A link with which a member sets up an account, between what comes before and after it. */
struct proof_text {
	const char *subject, *begins, *ends;
};

static bool
send_proof(const struct notice *notice, const char *address, const char *language,
	   const char *token, const struct proof_text *said, struct fault *fault)
{
	GString *text = g_string_new(NULL);
	struct letter letter = {.subject = said->subject,
				.language = language,
				.button = translate(language, "Continue")};
	bool done;

	notice_add(text, said->begins);
	notice_add_printed(text, "%s/proof/%s", notice->settings->portal_url, token);
	notice_add(text, said->ends);
	letter.text = text->str;
	done = notice_tell(notice, "account", address, &letter, fault);
	notice_wipe(text);
	return done;
}

bool
notice_proof(const struct notice *notice, const char *address, const char *language,
	     const char *token, struct fault *fault)
{
	const char *organisation = notice->settings->organisation;
	g_autofree char *subject = g_strdup_printf(
		translate(language, "%s: please confirm your email address"), organisation);
	g_autofree char *begins = g_strdup_printf(
		translate(language, "Somebody, most likely you, entered this address on the "
				    "page for protected messages of %s. To continue, open "
				    "this link within 24 hours:"),
		organisation);
	const struct proof_text said = {
		subject, begins,
		translate(language, "If it was not you, you can ignore this email: without the "
				    "link, nothing happens.")};

	return send_proof(notice, address, language, token, &said, fault);
}

bool
notice_reset(const struct notice *notice, const char *address, const char *language,
	     const char *token, struct fault *fault)
{
	const char *organisation = notice->settings->organisation;
	g_autofree char *subject = g_strdup_printf(
		translate(language, "%s: please set up your account again"), organisation);
	g_autofree char *begins = g_strdup_printf(
		translate(language, "Your account for protected messages of %s was reset. To "
				    "choose a new password, open this link within 24 hours:"),
		organisation);
	const struct proof_text said = {
		subject, begins,
		translate(language, "Messages that only the old account could open are lost; their "
				    "senders will be told. Messages that you opened with a link "
				    "and an unlock code can still be opened that way.")};

	return send_proof(notice, address, language, token, &said, fault);
}

/* What has happened to an account, and what its owner can do, at which page of the portal. */
struct change_text {
	const char *subject, *says, *details, *advice, *page;
};

static bool
send_change(const struct notice *notice, const char *address, const char *language,
	    const struct change_text *said, struct fault *fault)
{
	GString *text = g_string_new(NULL);
	struct letter letter = {.subject = said->subject,
				.language = language,
				.button = translate(language, "My settings")};
	bool done;

	notice_add(text, said->says);
	notice_add(text, said->details);
	notice_add(text, said->advice);
	notice_add_printed(text, "%s%s", notice->settings->portal_url, said->page);
	letter.text = text->str;
	done = notice_tell(notice, "account", address, &letter, fault);
	g_string_free(text, TRUE);
	return done;
}

static const char change_password[] = N_("If this was you, there is nothing to do. If not, sign "
					 "in, change your password and sign out everywhere else:");

bool
notice_signed_in(const struct notice *notice, const char *address, const char *language,
		 const char *browser, const char *network, struct fault *fault)
{
	g_autofree char *subject =
		g_strdup_printf(translate(language, "New sign-in to your account at %s"),
				notice->settings->organisation);
	g_autofree char *details = g_strdup_printf("    %s\n    %s", browser, network);
	const struct change_text said = {
		subject,
		translate(language, "Somebody signed in to your account for protected "
				    "messages from a browser that had not been used before:"),
		details, translate(language, change_password), "/settings"};

	return send_change(notice, address, language, &said, fault);
}

bool
notice_application_used(const struct notice *notice, const char *address, const char *language,
			const struct notice_use *use, struct fault *fault)
{
	g_autofree char *when = translate_date(language, use->at);
	g_autofree char *subject =
		g_strdup_printf(translate(language, "New sign-in to your account at %s"),
				notice->settings->organisation);
	g_autofree char *details =
		g_strdup_printf("    %s\n    %s\n    %s", use->password, when, use->network);
	const struct change_text said = {
		subject,
		translate(language, "A mail program signed in to your account for protected "
				    "messages from a network that had not been used before, with "
				    "this password:"),
		details,
		translate(language, "If this was you, there is nothing to do. If not, "
				    "revoke this password in your settings, under "
				    "\"Passwords for mail programs\":"),
		"/settings/security"};

	return send_change(notice, address, language, &said, fault);
}

bool
notice_changed(const struct notice *notice, const char *address, const char *language,
	       enum notice_change change, const char *detail, const struct notice_client *client,
	       struct fault *fault)
{
	static const char *const changes[] = {
		[CHANGE_KEY_ADDED] = N_("A certificate or public key was added"),
		[CHANGE_KEY_REMOVED] = N_("A certificate or public key was removed"),
		[CHANGE_TRUST_REVOKED] =
			N_("A confirmation that your account or key is yours was revoked"),
		[CHANGE_APP_ADDED] = N_("Signing in now requires a code from an app"),
		[CHANGE_APP_REMOVED] = N_("Signing in no longer requires a code from an app"),
		[CHANGE_PASSKEY_ADDED] = N_("A passkey or security key was added"),
		[CHANGE_PASSKEY_REMOVED] = N_("A passkey or security key was removed"),
		[CHANGE_APPLICATION_ADDED] = N_("A password for a mail program was created"),
		[CHANGE_APPLICATION_REVOKED] = N_("A password for a mail program was revoked"),
		[CHANGE_PASSWORD] = N_("The password was changed"),
		[CHANGE_RECOVERY] = N_("A new recovery code was created"),
	};
	g_autofree char *when = translate_date(language, g_get_real_time() / G_USEC_PER_SEC);
	g_autofree char *subject =
		g_strdup_printf(translate(language, "Your account at %s was changed"),
				notice->settings->organisation);
	g_autofree char *details = g_strdup_printf(
		"    %s%s%s\n    %s\n    %s\n    %s", translate(language, changes[change]),
		detail == NULL ? "" : "\n    ", detail == NULL ? "" : detail, when, client->browser,
		client->network);
	const struct change_text said = {
		subject, translate(language, "Your account for protected messages was changed:"),
		details, translate(language, change_password), "/settings"};

	return send_change(notice, address, language, &said, fault);
}
