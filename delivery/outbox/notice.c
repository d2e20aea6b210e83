#include "delivery/outbox/notice.h"

#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "mail/letter.h"

enum { DAY_SECONDS = 86400, SENDERS_MAX = 50 };

/* --- languages --- */

const char *
notice_language(const struct settings *settings, const char *address, const char *account,
		const char *message)
{
	static const struct {
		const char *country, *language;
	} countries[] = {{".de", "de"}, {".at", "de"}, {".li", "de"}, {".fr", "fr"}, {".mc", "fr"},
			 {".it", "it"}, {".sm", "it"}, {".es", "es"}, {".mx", "es"}, {".ar", "es"},
			 {".cl", "es"}, {".pe", "es"}, {".nl", "nl"}, {".pl", "pl"}, {".pt", "pt"},
			 {".br", "pt"}, {".uk", "en"}, {".ie", "en"}, {".us", "en"}, {".au", "en"},
			 {".nz", "en"}};
	const char *domain = address_domain(address), *language = catalogue_language(account);

	for (size_t i = 0; language == NULL && i < G_N_ELEMENTS(countries); i++)
		if (g_str_has_suffix(domain, countries[i].country))
			language = countries[i].language;
	if (language == NULL)
		language = catalogue_language(message);
	if (language == NULL)
		language = catalogue_language(settings->language);
	return language == NULL ? "en" : language;
}

/* --- putting --- */

static bool
put(const struct notice *notice, const struct outbox_mail *mail,
    const struct outbox_recipient *recipient, const struct letter *letter, struct fault *fault)
{
	struct outbox_writer writer;
	bool done = outbox_begin(&writer, notice->connection, notice->courier, mail, fault) &&
		    outbox_add_recipient(&writer, recipient, fault) &&
		    letter_write(letter, notice->settings, &writer.imprint.sink, fault) &&
		    outbox_end(&writer, fault);

	outbox_clear(&writer);
	return done;
}

/* A mail that is not bounced: to the sender of a message, or to a member. */
static bool
tell(const struct notice *notice, const char *kind, const char *address, struct letter *letter,
     struct fault *fault)
{
	struct outbox_mail mail = {.kind = kind,
				   .message = notice->message,
				   .sender = "",
				   .smtputf8 = notice->smtputf8,
				   .lifetime = notice->settings->queue_lifetime};
	const struct outbox_recipient to = {.address = address};
	g_autofree char *from = letter_from(notice->settings);

	identifier_make(&mail.id);
	letter->id = mail.id.text;
	letter->from = from;
	letter->from_name = notice->settings->organisation;
	letter->to = address;
	return put(notice, &mail, &to, letter, fault);
}

static void
add(GString *text, const char *paragraph)
{
	g_string_append_printf(text, "%s%s", text->len > 0 ? "\n\n" : "", paragraph);
}

static void add_printed(GString *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
add_printed(GString *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (text->len > 0)
		g_string_append(text, "\n\n");
	g_string_append_vprintf(text, format, arguments);
	va_end(arguments);
}

static void
wipe(GString *text)
{
	sodium_memzero(text->str, text->len);
	g_string_free(text, TRUE);
}

/* To the sender of a message, or to the deputy, who hears first why. */
static bool
tell_sender(const struct notice *notice, const char *kind, struct letter *letter,
	    struct fault *fault)
{
	GString *text;
	bool done;

	if (notice->deputy == NULL)
		return tell(notice, kind, notice->sender, letter, fault);
	text = g_string_new(NULL);
	add_printed(text,
		    translate(letter->language,
			      "%s, who sent the message, has left %s. You receive "
			      "this email as their deputy."),
		    notice->sender, notice->settings->organisation);
	add(text, letter->text);
	letter->text = text->str;
	done = tell(notice, kind, notice->deputy, letter, fault);
	wipe(text);
	return done;
}

/* The same in the mails to sender and recipient, so that two letters do not look alike: six digits,
 * which nobody takes for an unlock code. NULL: the message is not in the log. Caller frees. */
static char *
reference_of(const struct notice *notice)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	unsigned number;

	if (notice->message == NULL)
		return NULL;
	crypto_hash_sha256(digest, (const unsigned char *)notice->message, strlen(notice->message));
	number = ((unsigned)digest[0] << 16 | (unsigned)digest[1] << 8 | digest[2]) % 1000000;
	return g_strdup_printf("%03u %03u", number / 1000, number % 1000);
}

/* --- to recipients --- */

static unsigned long
days_of(uint64_t seconds)
{
	return (unsigned long)((seconds + DAY_SECONDS - 1) / DAY_SECONDS);
}

static GString *
text_of_notice(const struct notice *notice, const struct notice_recipient *recipient)
{
	static const char *const by_code = N_("The page will ask for an unlock code. The sender "
					      "will give it to you, for example by phone. You "
					      "will never receive it by email.");
	static const char *const by_sms =
		N_("The page will ask for an unlock code, which we have sent to your phone.");
	static const char *const by_account = N_("Sign in with your email address and your "
						 "password.");
	const char *const ways[] = {
		[NOTICE_CODE] = by_code, [NOTICE_SMS] = by_sms, [NOTICE_SIGNIN] = by_account};
	const struct settings *settings = notice->settings;
	const char *language = recipient->language;
	unsigned long days = days_of(recipient->lifetime);
	g_autofree char *reference = reference_of(notice);
	GString *text = g_string_new(NULL);

	add_printed(text,
		    translate(language,
			      recipient->reminds
				      ? N_("A protected message from %s at %s is still waiting "
					   "for you.")
				      : N_("%s at %s has sent you a protected message.")),
		    notice->sender, settings->organisation);
	add(text, translate(language, "To read it, open this link in your browser:"));
	add_printed(text, "%s/%s/%s", settings->portal_url,
		    recipient->way == NOTICE_SIGNIN ? "message" : "m", recipient->link);
	add(text, translate(language, ways[recipient->way]));
	add_printed(text,
		    translate_plural(language, "The message will be available for %lu day.",
				     "The message will be available for %lu days.", days),
		    days);
	if (reference != NULL)
		add_printed(text,
			    translate(language, "Reference: %s. The sender has the same one."),
			    reference);
	add(text, translate(language, "If you do not know the sender, do not open the link."));
	return text;
}

bool
notice_waiting(const struct notice *notice, const struct notice_recipient *recipient,
	       struct fault *fault)
{
	const struct settings *settings = notice->settings;
	const char *answers_to = notice->deputy == NULL ? notice->sender : notice->deputy;
	struct outbox_mail mail = {.kind = "notice",
				   .message = notice->message,
				   .sender = answers_to,
				   .ret = "HDRS",
				   .smtputf8 = notice->smtputf8,
				   .lifetime = settings->queue_lifetime};
	const struct outbox_recipient to = {recipient->address, recipient->notify, recipient->orcpt,
					    recipient->copy};
	g_autofree char *from = letter_from(settings);
	g_autofree char *name = g_strdup_printf("%s (%s)", settings->organisation, notice->sender);
	g_autofree char *subject = g_strdup_printf(
		translate(recipient->language,
			  recipient->reminds ? N_("Reminder: protected message from %s, %s")
					     : N_("Protected message from %s, %s")),
		notice->sender, settings->organisation);
	GString *text = text_of_notice(notice, recipient);
	struct letter letter = {.from = from,
				.from_name = name,
				.to = recipient->address,
				.reply_to = answers_to,
				.subject = subject,
				.text = text->str,
				.language = recipient->language,
				.button = translate(recipient->language, "Read the message")};
	bool done;

	identifier_make(&mail.id);
	letter.id = mail.id.text;
	done = put(notice, &mail, &to, &letter, fault);
	wipe(text);
	return done;
}

/* --- several messages at once --- */

static void
add_senders(GString *text, const struct notice_summary *summary)
{
	const char *language = summary->language;

	for (size_t i = 0; i < MIN(summary->sender_count, (size_t)SENDERS_MAX); i++)
		g_string_append_printf(text, "%s    %s: %lu", i == 0 ? "\n\n" : "\n",
				       summary->senders[i].sender, summary->senders[i].messages);
	if (summary->sender_count > SENDERS_MAX) {
		unsigned long more = summary->sender_count - SENDERS_MAX;

		g_string_append(text, "\n    ");
		g_string_append_printf(text,
				       translate_plural(language, "and %lu more sender",
							"and %lu more senders", more),
				       more);
	}
}

static GString *
text_of_summary(const struct notice *notice, const struct notice_summary *summary)
{
	const struct settings *settings = notice->settings;
	const char *language = summary->language;
	unsigned long days = days_of(summary->lifetime);
	GString *text = g_string_new(NULL);

	add_printed(text,
		    translate_plural(language, "%lu protected message from %s is waiting for you:",
				     "%lu protected messages from %s are waiting for you:",
				     summary->messages),
		    summary->messages, settings->organisation);
	add_senders(text, summary);
	add(text, translate(language, "To read what you have received, open this link in your "
				      "browser:"));
	add_printed(text, "%s/inbox", settings->portal_url);
	add(text, translate(language, "Sign in with your email address and your password."));
	add_printed(text,
		    translate_plural(language,
				     "Each message will be available for at least %lu day.",
				     "Each message will be available for at least %lu days.", days),
		    days);
	add(text, translate(language, "In your settings, you can choose between one email a day "
				      "and an email for each message."));
	add(text, translate(language, "If you do not know the sender, do not open the link."));
	return text;
}

bool
notice_summary(const struct notice *notice, const struct notice_summary *summary,
	       struct fault *fault)
{
	const struct settings *settings = notice->settings;
	struct outbox_mail mail = {.kind = "notice",
				   .sender = "",
				   .smtputf8 = notice->smtputf8,
				   .copies = summary->copies,
				   .lifetime = settings->queue_lifetime};
	const struct outbox_recipient to = {.address = summary->address};
	g_autofree char *from = letter_from(settings);
	g_autofree char *subject =
		g_strdup_printf(translate_plural(summary->language, "%lu protected message, %s",
						 "%lu protected messages, %s", summary->messages),
				summary->messages, settings->organisation);
	GString *text = text_of_summary(notice, summary);
	struct letter letter = {.from = from,
				.from_name = settings->organisation,
				.to = summary->address,
				.subject = subject,
				.text = text->str,
				.language = summary->language,
				.button = translate(summary->language, "Read the messages")};
	bool done;

	identifier_make(&mail.id);
	letter.id = mail.id.text;
	done = put(notice, &mail, &to, &letter, fault);
	g_string_free(text, TRUE);
	return done;
}

/* --- to senders --- */

char *
notice_track_url(const struct settings *settings, const char *track)
{
	return g_strdup_printf("%s/track/%s", settings->portal_url, track);
}

static void
add_sms_failed(GString *text, const struct notice_codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		if (codes->codes[i].sms_failed)
			add(text,
			    translate(codes->language,
				      "The code could not be sent to the phone number that you "
				      "gave, so please pass it on yourself."));
}

static void
add_codes(GString *text, const struct notice_codes *codes, bool *has_codes_r)
{
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; i < codes->count; i++)
		if (codes->codes[i].code != NULL)
			g_string_append_printf(lines, "%s    %s    %s", lines->len > 0 ? "\n" : "",
					       codes->codes[i].code, codes->codes[i].recipient);
	*has_codes_r = lines->len > 0;
	if (*has_codes_r) {
		add(text, translate(codes->language, "Your recipient needs an unlock code to "
						     "open your protected message. Please pass "
						     "it on by phone or in person, never by "
						     "email:"));
		add(text, lines->str);
		add_sms_failed(text, codes);
		add(text, translate(codes->language, "You could say: \"I have sent you a "
						     "protected message. You will find an email "
						     "with a link; when the page asks for the "
						     "unlock code, type what I am about to read "
						     "to you.\" Upper and lower case make no "
						     "difference."));
	}
	wipe(lines);
}

static void
add_others(GString *text, const struct notice_codes *codes, enum notice_way way,
	   const char *heading)
{
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; i < codes->count; i++)
		if (codes->codes[i].code == NULL && codes->codes[i].way == way)
			g_string_append_printf(lines, "%s    %s", lines->len > 0 ? "\n" : "",
					       codes->codes[i].recipient);
	if (lines->len > 0) {
		add(text, translate(codes->language, heading));
		add(text, lines->str);
	}
	g_string_free(lines, TRUE);
}

static void
add_lapsed(GString *text, const struct notice_codes *codes, const char *lapsed, const char *heading)
{
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; i < codes->count; i++)
		if (g_strcmp0(codes->codes[i].lapsed, lapsed) == 0)
			g_string_append_printf(lines, "%s    %s", lines->len > 0 ? "\n" : "",
					       codes->codes[i].recipient);
	if (lines->len > 0) {
		add(text, translate(codes->language, heading));
		add(text, lines->str);
	}
	g_string_free(lines, TRUE);
}

bool
notice_codes(const struct notice *notice, const struct notice_codes *codes, struct fault *fault)
{
	g_autofree char *subject = NULL;
	g_autofree char *url = notice_track_url(notice->settings, codes->track);
	g_autofree char *reference = reference_of(notice);
	GString *text = g_string_new(NULL);
	struct letter letter = {.references = codes->references,
				.language = codes->language,
				.button = translate(codes->language, "Track this message")};
	bool has_codes, done;

	add_codes(text, codes, &has_codes);
	add_others(text, codes, NOTICE_SIGNIN,
		   N_("These recipients read the message in their account and need no code:"));
	add_others(text, codes, NOTICE_SMS, N_("The code was sent to these recipients by SMS:"));
	add_lapsed(
		text, codes, "expired",
		N_("The message had to wait in the portal because the certificate or key of these "
		   "recipients has expired. Please ask them for a new one:"));
	add_lapsed(
		text, codes, "revoked",
		N_("The message had to wait in the portal because the certificate or key of these "
		   "recipients was revoked. Please ask them for a new one:"));
	if (codes->count == 1)
		subject = g_strdup_printf(
			translate(codes->language,
				  has_codes ? N_("Unlock code for your message to %s")
					    : N_("Your protected message to %s")),
			codes->codes[0].recipient);
	else
		subject = g_strdup_printf(
			translate(codes->language,
				  has_codes ? N_("Unlock codes for your message to %zu recipients")
					    : N_("Your protected message to %zu recipients")),
			codes->count);
	if (reference != NULL)
		add_printed(text,
			    translate(codes->language,
				      "Reference: %s. It is also in the email to your recipient."),
			    reference);
	add(text, translate(codes->language, "To see whether the message has been read, to "
					     "recall it or to get a new code, open this page:"));
	add(text, url);
	letter.subject = subject;
	letter.text = text->str;
	done = tell_sender(notice, has_codes ? "code" : "receipt", &letter, fault);
	wipe(text);
	return done;
}

bool
notice_receipt(const struct notice *notice, const struct notice_receipt *receipt,
	       struct fault *fault)
{
	struct letter letter = {.subject = receipt->subject,
				.text = receipt->text,
				.references = receipt->references,
				.language = receipt->language,
				.button = translate(receipt->language, "Track this message"),
				.next_button = translate(receipt->language, "Require a code again"),
				.report_type = receipt->report_type,
				.report = receipt->report};

	return tell_sender(notice, "receipt", &letter, fault);
}

bool
notice_approver(const struct notice *notice, const char *address,
		const struct notice_receipt *receipt, struct fault *fault)
{
	struct letter letter = {.subject = receipt->subject,
				.text = receipt->text,
				.language = receipt->language,
				.button = translate(receipt->language, "Release or refuse")};

	return tell(notice, "alert", address, &letter, fault);
}

bool
notice_undelivered(const struct notice *notice, const char *address,
		   const struct notice_receipt *receipt, struct fault *fault)
{
	struct letter letter = {.subject = receipt->subject,
				.text = receipt->text,
				.references = receipt->references,
				.language = receipt->language};

	return address == NULL ? tell_sender(notice, "bounce", &letter, fault)
			       : tell(notice, "bounce", address, &letter, fault);
}

/* --- to members --- */

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

	add(text, said->begins);
	add_printed(text, "%s/proof/%s", notice->settings->portal_url, token);
	add(text, said->ends);
	letter.text = text->str;
	done = tell(notice, "account", address, &letter, fault);
	wipe(text);
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

bool
notice_signed_in(const struct notice *notice, const char *address, const char *language,
		 const char *browser, const char *network, struct fault *fault)
{
	const struct settings *settings = notice->settings;
	g_autofree char *subject = g_strdup_printf(
		translate(language, "New sign-in to your account at %s"), settings->organisation);
	GString *text = g_string_new(NULL);
	struct letter letter = {.subject = subject,
				.language = language,
				.button = translate(language, "My settings")};
	bool done;

	add(text, translate(language, "Somebody signed in to your account for protected "
				      "messages from a browser that had not been used before:"));
	add_printed(text, "    %s\n    %s", browser, network);
	add(text, translate(language, "If this was you, there is nothing to do. If not, sign "
				      "in, change your password and sign out everywhere else:"));
	add_printed(text, "%s/settings", settings->portal_url);
	letter.text = text->str;
	done = tell(notice, "account", address, &letter, fault);
	g_string_free(text, TRUE);
	return done;
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
	const struct settings *settings = notice->settings;
	g_autofree char *when = translate_date(language, g_get_real_time() / G_USEC_PER_SEC);
	g_autofree char *subject = g_strdup_printf(
		translate(language, "Your account at %s was changed"), settings->organisation);
	GString *text = g_string_new(NULL);
	struct letter letter = {.subject = subject,
				.language = language,
				.button = translate(language, "My settings")};
	bool done;

	add(text, translate(language, "Your account for protected messages was changed:"));
	add_printed(text, "    %s", translate(language, changes[change]));
	if (detail != NULL)
		g_string_append_printf(text, "\n    %s", detail);
	g_string_append_printf(text, "\n    %s\n    %s\n    %s", when, client->browser,
			       client->network);
	add(text, translate(language, "If this was you, there is nothing to do. If not, sign "
				      "in, change your password and sign out everywhere else:"));
	add_printed(text, "%s/settings", settings->portal_url);
	letter.text = text->str;
	done = tell(notice, "account", address, &letter, fault);
	g_string_free(text, TRUE);
	return done;
}
