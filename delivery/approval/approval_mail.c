#include "delivery/approval/approval_mail.h"

#include <string.h>

#include "core/catalogue.h"

enum { SHOWN_CHARACTERS = 500 };

/* What somebody wrote, as part of a line: a paragraph of its own could become a button. Caller
 * frees. */
static char *
one_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	char *line = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SHOWN_CHARACTERS));

	for (char *c = line; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	return line;
}

static void
add(GString *text, const char *paragraph)
{
	g_string_append_printf(text, "%s%s", text->len > 0 ? "\n\n" : "", paragraph);
}

/* `format` has one %s, for what somebody wrote. */
static void
add_line(GString *text, const char *format, const char *written)
{
	g_autofree char *line = one_line(written);
	g_auto(GStrv) around = g_strsplit(format, "%s", 2);
	g_autofree char *paragraph =
		g_strconcat(around[0], line, around[1] == NULL ? "" : around[1], NULL);

	add(text, paragraph);
}

/* `methods` may be NULL. */
static void
add_recipients(GString *text, const struct approval_mail *mail, const GPtrArray *methods,
	       const char *language)
{
	g_string_append_c(text, '\n');
	for (guint i = 0; i < mail->recipients->len; i++) {
		g_string_append_printf(text, "\n    %s",
				       (const char *)g_ptr_array_index(mail->recipients, i));
		if (methods != NULL)
			g_string_append_printf(text, ": %s",
					       translate(language, g_ptr_array_index(methods, i)));
	}
}

static void
add_deadline(GString *text, const struct approval_mail *mail, const char *format,
	     const char *language)
{
	g_autofree char *until = translate_date(language, mail->until);

	add_line(text, format, until);
}

static void
wipe(GString *text)
{
	sodium_memzero(text->str, text->len);
	g_string_free(text, TRUE);
}

static const char *
senders_language(const struct approval_mail *mail)
{
	return notice_language(mail->notice->settings, mail->notice->sender, NULL, NULL);
}

bool
approval_ask(const struct approval_mail *mail, const char *approver, const char *url,
	     const char *subject, struct fault *fault)
{
	const char *language = notice_language(mail->notice->settings, approver, NULL, NULL);
	const char *sender = mail->notice->sender;
	g_autofree char *heading = g_strdup_printf(
		translate(language, "Approval needed for a message from %s"), sender);
	GString *text = g_string_new(NULL);
	struct notice_receipt letter = {.subject = heading, .language = language};
	bool done;

	add_line(text,
		 translate(language,
			   "%s has sent a message that needs approval before it is sent to:"),
		 sender);
	add_recipients(text, mail, NULL, language);
	add_line(text, translate(language, "Reason: %s"), mail->reason);
	if (subject != NULL)
		add_line(text, translate(language, "Subject: %s"), subject);
	add_deadline(text, mail,
		     translate(language, "If nobody decides by %s, it will be refused. To release "
					 "or refuse it, open this page, which asks before anything "
					 "happens:"),
		     language);
	add(text, url);
	add(text, translate(language, "The first decision counts. The link is meant only for you: "
				      "please do not forward this email."));
	letter.text = text->str;
	done = notice_approver(mail->notice, approver, &letter, fault);
	wipe(text);
	return done;
}

static bool
tell_sender(const struct approval_mail *mail, const char *language, const char *subject,
	    GString *text, struct fault *fault)
{
	const struct notice_receipt letter = {.subject = subject,
					      .text = text->str,
					      .language = language,
					      .references = mail->references};
	bool told = *mail->notice->sender == '\0' || notice_receipt(mail->notice, &letter, fault);

	wipe(text);
	return told;
}

bool
approval_tell_held(const struct approval_mail *mail, const char *url, struct fault *fault)
{
	const char *language = senders_language(mail);
	GString *text = g_string_new(translate(language, "Your message has been accepted, but it "
							 "waits for approval before it is sent "
							 "to:"));

	add_recipients(text, mail, NULL, language);
	add_line(text, translate(language, "Reason: %s"), mail->reason);
	add_deadline(text, mail,
		     translate(language, "If nobody decides by %s, it will be refused. To see what "
					 "was decided, or to recall it, open this page:"),
		     language);
	add(text, url);
	return tell_sender(mail, language, translate(language, "Your message waits for approval"),
			   text, fault);
}

bool
approval_tell_refused(const struct approval_mail *mail, const char *by, const char *because,
		      struct fault *fault)
{
	const char *language = senders_language(mail);
	GString *text = g_string_new(NULL);

	if (by == NULL)
		add(text, translate(language, "Nobody approved your message in time. It was not "
					      "sent to:"));
	else
		add_line(text,
			 translate(language, "Your message was refused by %s. It was not sent to:"),
			 by);
	add_recipients(text, mail, NULL, language);
	add_line(text, translate(language, "It waited for approval for this reason: %s"),
		 mail->reason);
	if (because != NULL)
		add_line(text, translate(language, "Reason for the refusal: %s"), because);
	return tell_sender(mail, language, translate(language, "Your message was refused"), text,
			   fault);
}

bool
approval_tell_recalled(const struct approval_mail *mail, const char *by, struct fault *fault)
{
	const char *language = senders_language(mail);
	GString *text = g_string_new(NULL);

	add_line(text, translate(language, "Your message was recalled by %s. It was not sent to:"),
		 by);
	add_recipients(text, mail, NULL, language);
	add_line(text, translate(language, "It waited for approval for this reason: %s"),
		 mail->reason);
	return tell_sender(mail, language, translate(language, "Your message was recalled"), text,
			   fault);
}

bool
approval_tell_released(const struct approval_mail *mail, const char *by, const GPtrArray *methods,
		       struct fault *fault)
{
	const char *language = senders_language(mail);
	GString *text = g_string_new(NULL);

	add_line(text,
		 translate(language, "Your message was approved by %s. It is sent as follows:"),
		 by);
	add_recipients(text, mail, methods, language);
	return tell_sender(mail, language, translate(language, "Your message was approved"), text,
			   fault);
}
