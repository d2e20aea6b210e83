#include "delivery/courier/bounce.h"

#include <string.h>

#include "core/catalogue.h"
#include "delivery/outbox/outbox.h"
#include "mail/letter.h"
#include "mail/xtext.h"

static bool
is_wanted(const struct queue_outcome *outcome)
{
	const char *notify = outcome->recipient->notify;

	return outcome->result == QUEUE_FAILED &&
	       (notify == NULL || strcasestr(notify, "FAILURE") != NULL);
}

/* The enhanced status code in a reply such as "550 5.1.1 …" (RFC 3463), or a general one. */
static const char *
status_of(const char *reply, char text[16])
{
	unsigned class, subject, detail;

	if (sscanf(reply, "%*3u %1u.%3u.%3u", &class, &subject, &detail) != 3 || class != 5)
		return "5.0.0";
	g_snprintf(text, 16, "%u.%u.%u", class, subject, detail);
	return text;
}

static void
add_outcome(GString *text, GString *report, const struct queue_outcome *outcome)
{
	const struct queued_recipient *recipient = outcome->recipient;
	g_autofree char *original = xtext_decode(recipient->orcpt);
	char status[16];

	g_string_append_printf(text, "    <%s>\n    %s\n", recipient->address, outcome->reply);
	if (recipient->orcpt != NULL)
		g_string_append_printf(report, "\nOriginal-Recipient: %s", original);
	g_string_append_printf(report,
			       "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: %s\n"
			       "Diagnostic-Code: smtp; %s\n",
			       recipient->address, status_of(outcome->reply, status),
			       outcome->reply);
}

static bool
put(struct connection *connection, const struct settings *settings, const struct seal_key *courier,
    const struct queued_mail *mail, const char *text, const char *report, struct fault *fault)
{
	struct outbox_mail own = {.kind = "bounce",
				  .message = mail->message,
				  .sender = "",
				  .smtputf8 = mail->smtputf8,
				  .lifetime = settings->queue_lifetime};
	const struct outbox_recipient to = {.address = mail->sender};
	g_autofree char *from = letter_from(settings);
	struct letter letter = {
		.from = from,
		.from_name = settings->organisation,
		.to = mail->sender,
		.subject = translate(settings->language, "Your message could not be delivered"),
		.text = text,
		.report_type = "delivery-status",
		.report = report,
		.language = settings->language};
	struct outbox_writer writer;
	bool done;

	identifier_make(&own.id);
	letter.id = own.id.text;
	done = outbox_begin(&writer, connection, courier, &own, fault) &&
	       outbox_add_recipient(&writer, &to, fault) &&
	       letter_write(&letter, settings, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	return done;
}

bool
bounce(struct connection *connection, const struct settings *settings,
       const struct seal_key *courier, const struct queued_mail *mail,
       const struct queue_outcome *outcomes, size_t count, struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) report = g_string_new(NULL);
	g_autofree char *envid = xtext_decode(mail->envid);
	bool wanted = false;

	if (*mail->sender == '\0')
		return true;
	g_string_append(
		text,
		translate(settings->language,
			  strcmp(mail->kind, "notice") == 0
				  ? N_("You sent a protected message, but the email about it "
				       "could not be delivered to the recipients below, so they "
				       "do not know that a message is waiting for them. The mail "
				       "server's reply is shown below each address.")
				  : N_("Your message could not be delivered to the recipients "
				       "below. It was protected as your organisation's rules "
				       "require. The mail server's reply is shown below each "
				       "address.")));
	g_string_append(text, "\n\n");
	g_string_append_printf(report, "Reporting-MTA: dns; %s\n", settings->hostname);
	if (mail->envid != NULL)
		g_string_append_printf(report, "Original-Envelope-Id: %s\n", envid);
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(&outcomes[i]))
			continue;
		wanted = true;
		add_outcome(text, report, &outcomes[i]);
	}
	return !wanted || put(connection, settings, courier, mail, text->str, report->str, fault);
}
