#include "delivery/outbox/notice.h"

#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/outbox/notice_put.h"

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

/* To the sender of a message, or to the deputy, who hears first why. */
static bool
tell_sender(const struct notice *notice, const char *kind, struct letter *letter,
	    struct fault *fault)
{
	GString *text;
	bool done;

	if (notice->deputy == NULL)
		return notice_tell(notice, kind, notice->sender, letter, fault);
	text = g_string_new(NULL);
	notice_add_printed(text,
			   translate(letter->language,
				     "%s, who sent the message, has left %s. You receive "
				     "this email as their deputy."),
			   notice->sender, notice->settings->organisation);
	notice_add(text, letter->text);
	letter->text = text->str;
	done = notice_tell(notice, kind, notice->deputy, letter, fault);
	notice_wipe(text);
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

/* People know each other by name, and mail programs by address. */
static const char *
named(const struct notice *notice)
{
	return notice->name != NULL ? notice->name : notice->sender;
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
	g_autofree char *sender =
		notice->name == NULL ? g_strdup(notice->sender)
				     : g_strdup_printf("%s <%s>", notice->name, notice->sender);
	GString *text = g_string_new(NULL);

	notice_add_printed(
		text,
		translate(language,
			  recipient->reminds
				  ? N_("A protected message from %s at %s is still waiting "
				       "for you.")
				  : N_("%s at %s has sent you a protected message.")),
		sender, settings->organisation);
	notice_add(text, translate(language, "To read it, open this link in your browser:"));
	notice_add_printed(text, "%s/%s/%s", settings->portal_url,
			   recipient->way == NOTICE_SIGNIN ? "message" : "m", recipient->link);
	notice_add(text, translate(language, ways[recipient->way]));
	notice_add_printed(text,
			   translate_plural(language, "The message will be available for %lu day.",
					    "The message will be available for %lu days.", days),
			   days);
	if (reference != NULL)
		notice_add_printed(
			text, translate(language, "Reference: %s. The sender has the same one."),
			reference);
	notice_add(text,
		   translate(language, "If you do not know the sender, do not open the link."));
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
	g_autofree char *name = g_strdup_printf("%s (%s)", settings->organisation, named(notice));
	g_autofree char *subject = g_strdup_printf(
		translate(recipient->language,
			  recipient->reminds ? N_("Reminder: protected message from %s, %s")
					     : N_("Protected message from %s, %s")),
		named(notice), settings->organisation);
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
	done = notice_put(notice, &mail, &to, &letter, fault);
	notice_wipe(text);
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

	notice_add_printed(
		text,
		translate_plural(
			language, "%lu protected message from %s is waiting for you:",
			"%lu protected messages from %s are waiting for you:", summary->messages),
		summary->messages, settings->organisation);
	add_senders(text, summary);
	notice_add(text,
		   translate(language, "To read what you have received, open this link in your "
				       "browser:"));
	notice_add_printed(text, "%s/inbox", settings->portal_url);
	notice_add(text, translate(language, "Sign in with your email address and your password."));
	notice_add_printed(
		text,
		translate_plural(language, "Each message will be available for at least %lu day.",
				 "Each message will be available for at least %lu days.", days),
		days);
	notice_add(text,
		   translate(language, "In your settings, you can choose between one email a day "
				       "and an email for each message."));
	notice_add(text,
		   translate(language, "If you do not know the sender, do not open the link."));
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
	done = notice_put(notice, &mail, &to, &letter, fault);
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
			notice_add(
				text,
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
		notice_add(text,
			   translate(codes->language, "Your recipient needs an unlock code to "
						      "open your protected message. Please pass "
						      "it on by phone or in person, never by "
						      "email:"));
		notice_add(text, lines->str);
		add_sms_failed(text, codes);
		notice_add(text,
			   translate(codes->language, "You could say: \"I have sent you a "
						      "protected message. You will find an email "
						      "with a link; when the page asks for the "
						      "unlock code, type what I am about to read "
						      "to you.\" Upper and lower case make no "
						      "difference."));
	}
	notice_wipe(lines);
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
		notice_add(text, translate(codes->language, heading));
		notice_add(text, lines->str);
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
		notice_add(text, translate(codes->language, heading));
		notice_add(text, lines->str);
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
		notice_add_printed(
			text,
			translate(codes->language,
				  "Reference: %s. It is also in the email to your recipient."),
			reference);
	notice_add(text,
		   translate(codes->language, "To see whether the message has been read, to "
					      "recall it or to get a new code, open this page:"));
	notice_add(text, url);
	letter.subject = subject;
	letter.text = text->str;
	done = tell_sender(notice, has_codes ? "code" : "receipt", &letter, fault);
	notice_wipe(text);
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

	return notice_tell(notice, "alert", address, &letter, fault);
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
			       : notice_tell(notice, "bounce", address, &letter, fault);
}
