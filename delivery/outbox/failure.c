#include "delivery/outbox/failure.h"

#include <string.h>

#include "core/catalogue.h"
#include "mail/letter.h"
#include "mail/xtext.h"

bool
failure_is_wanted(const char *notify)
{
	return notify == NULL || strcasestr(notify, "FAILURE") != NULL;
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
add_recipient(GString *text, GString *report, const struct failure_recipient *recipient)
{
	g_autofree char *original = xtext_decode(recipient->orcpt);
	char status[16];

	g_string_append_printf(text, "    <%s>\n    %s\n", recipient->address,
			       recipient->shown == NULL ? recipient->reply : recipient->shown);
	if (recipient->orcpt != NULL)
		g_string_append_printf(report, "\nOriginal-Recipient: %s", original);
	g_string_append_printf(report,
			       "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: %s\n"
			       "Diagnostic-Code: smtp; %s\n",
			       recipient->address, status_of(recipient->reply, status),
			       recipient->reply);
}

static bool
put(const struct failure *failure, const char *text, const char *report, struct fault *fault)
{
	const struct settings *settings = failure->settings;
	struct outbox_mail own = {.kind = "bounce",
				  .message = failure->message,
				  .sender = "",
				  .smtputf8 = failure->smtputf8,
				  .lifetime = settings->queue_lifetime};
	const struct outbox_recipient to = {.address = failure->sender};
	g_autofree char *from = letter_from(settings);
	struct letter letter = {
		.from = from,
		.from_name = settings->organisation,
		.to = failure->sender,
		.subject = translate(settings->language, "Your message could not be delivered"),
		.text = text,
		.report_type = "delivery-status",
		.report = report,
		.language = settings->language};
	struct outbox_writer writer;
	bool done;

	identifier_make(&own.id);
	letter.id = own.id.text;
	done = outbox_begin(&writer, failure->connection, failure->courier, &own, fault) &&
	       outbox_add_recipient(&writer, &to, fault) &&
	       letter_write(&letter, settings, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	return done;
}

bool
failure_put(const struct failure *failure, const struct failure_recipient *recipients, size_t count,
	    struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(failure->text);
	g_autoptr(GString) report = g_string_new(NULL);
	g_autofree char *envid = xtext_decode(failure->envid);

	if (count == 0 || *failure->sender == '\0')
		return true;
	g_string_append(text, "\n\n");
	g_string_append_printf(report, "Reporting-MTA: dns; %s\n", failure->settings->hostname);
	if (failure->envid != NULL)
		g_string_append_printf(report, "Original-Envelope-Id: %s\n", envid);
	for (size_t i = 0; i < count; i++)
		add_recipient(text, report, &recipients[i]);
	return put(failure, text->str, report->str, fault);
}
