#include "delivery/notice.h"

#include <string.h>

#include "delivery/letter.h"

enum { DAY_SECONDS = 86400 };

static bool
put(const struct notice *notice, const struct outbox_mail *mail,
    const struct outbox_recipient *recipient, const struct letter *letter, struct fault *fault)
{
	struct outbox_writer writer;
	bool done = outbox_begin(&writer, notice->connection, notice->courier, mail, fault) &&
		    outbox_add_recipient(&writer, recipient, fault) &&
		    letter_write(letter, notice->settings, &writer.sealing.sink, fault) &&
		    outbox_end(&writer, fault);

	outbox_clear(&writer);
	return done;
}

bool
notice_link(const struct notice *notice, const struct notice_recipient *recipient,
	    const char *link, uint64_t lifetime, struct fault *fault)
{
	const struct settings *settings = notice->settings;
	struct outbox_mail mail = {.kind = "notice", .message = notice->message,
				   .sender = notice->sender, .ret = "HDRS",
				   .smtputf8 = notice->smtputf8, .lifetime = settings->queue_seconds};
	const struct outbox_recipient to = {recipient->address, recipient->notify, recipient->orcpt,
					    recipient->copy};
	g_autofree char *from = letter_from(settings);
	g_autofree char *name = g_strdup_printf("%s (%s)", settings->organisation, notice->sender);
	g_autofree char *subject =
		g_strdup_printf("Protected message from %s, %s", notice->sender, settings->organisation);
	g_autofree char *text = g_strdup_printf(
		"%s of %s has sent you a protected message.\n"
		"\n"
		"To read it, open this link in your browser:\n"
		"\n"
		"%s/m/%s\n"
		"\n"
		"The page asks for an unlock code. The sender tells it to you, for example\n"
		"by telephone; it is never sent to you by mail. The message waits for\n"
		"%" G_GUINT64_FORMAT " days.\n"
		"\n"
		"If you do not know the sender, do not open the link.\n",
		notice->sender, settings->organisation, settings->portal_url, link,
		(guint64)(lifetime + DAY_SECONDS - 1) / DAY_SECONDS);
	struct letter letter = {.from = from, .from_name = name, .to = recipient->address,
				.reply_to = notice->sender, .subject = subject, .text = text};
	bool done;

	identifier_make(&mail.id);
	letter.id = mail.id.text;
	done = put(notice, &mail, &to, &letter, fault);
	sodium_memzero(text, strlen(text));
	return done;
}

/* A mail to the sender; it is never bounced. */
static bool
tell_sender(const struct notice *notice, const char *kind, const char *subject,
	    const char *references, const char *text, struct fault *fault)
{
	struct outbox_mail mail = {.kind = kind, .message = notice->message, .sender = "",
				   .smtputf8 = notice->smtputf8,
				   .lifetime = notice->settings->queue_seconds};
	const struct outbox_recipient to = {.address = notice->sender};
	g_autofree char *from = letter_from(notice->settings);
	struct letter letter = {.from = from, .from_name = notice->settings->organisation,
				.to = notice->sender, .subject = subject, .references = references,
				.text = text};

	identifier_make(&mail.id);
	letter.id = mail.id.text;
	return put(notice, &mail, &to, &letter, fault);
}

bool
notice_codes(const struct notice *notice, const struct notice_code *codes, size_t count,
	     const char *references, struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *subject = NULL;
	bool done;

	if (count == 1)
		subject = g_strdup_printf("Unlock code for your message to %s", codes[0].recipient);
	else
		subject = g_strdup_printf("Unlock codes for your message to %zu recipients", count);
	g_string_append(text, "Your message waits, protected, for its recipient. Please tell the code by\n"
			      "telephone or in person, never by mail:\n\n");
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(text, "    %s    %s\n", codes[i].code, codes[i].recipient);
	g_string_append(text,
			"\nYou could say: \"I have sent you a protected message. You have a mail with a\n"
			"link; when the page asks for the unlock code, type what I read to you now.\"\n"
			"Capital or small letters make no difference.\n");
	done = tell_sender(notice, "code", subject, references, text->str, fault);
	sodium_memzero(text->str, text->len);
	return done;
}

bool
notice_locked(const struct notice *notice, const char *recipient, struct fault *fault)
{
	g_autofree char *subject = g_strdup_printf("Your message to %s is locked", recipient);
	g_autofree char *text = g_strdup_printf(
		"Too many wrong unlock codes were typed for your protected message to\n"
		"%s. It is locked now and cannot be opened any more.\n"
		"\n"
		"If it was your recipient who mistyped the code, please send the message\n"
		"again: there will be a new link and a new code. If it was not, somebody else\n"
		"has the link, but without the code it opens nothing.\n",
		recipient);

	return tell_sender(notice, "alert", subject, NULL, text, fault);
}
