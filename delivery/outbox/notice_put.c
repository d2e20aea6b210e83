#include "delivery/outbox/notice_put.h"

bool
notice_put(const struct notice *notice, const struct outbox_mail *mail,
	   const struct outbox_recipient *recipient, const struct letter *letter,
	   struct fault *fault)
{
	struct outbox_writer writer;
	bool done = outbox_begin(&writer, notice->connection, notice->courier, mail, fault) &&
		    outbox_add_recipient(&writer, recipient, fault) &&
		    letter_write(letter, notice->settings, &writer.imprint.sink, fault) &&
		    outbox_end(&writer, fault);

	outbox_clear(&writer);
	return done;
}

bool
notice_tell(const struct notice *notice, const char *kind, const char *address,
	    struct letter *letter, struct fault *fault)
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
	return notice_put(notice, &mail, &to, letter, fault);
}

void
notice_add(GString *text, const char *paragraph)
{
	g_string_append_printf(text, "%s%s", text->len > 0 ? "\n\n" : "", paragraph);
}

void
notice_add_printed(GString *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (text->len > 0)
		g_string_append(text, "\n\n");
	g_string_append_vprintf(text, format, arguments);
	va_end(arguments);
}

void
notice_wipe(GString *text)
{
	sodium_memzero(text->str, text->len);
	g_string_free(text, TRUE);
}
