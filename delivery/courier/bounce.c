#include "delivery/courier/bounce.h"

#include <string.h>

#include "core/catalogue.h"
#include "delivery/outbox/failure.h"

static const char *
text_for(const struct settings *settings, const struct queued_mail *mail)
{
	return translate(settings->language,
			 strcmp(mail->kind, "notice") == 0
				 ? N_("You sent a protected message, but the email about it "
				      "could not be delivered to the recipients below, so they "
				      "do not know that a message is waiting for them. The mail "
				      "server's reply is shown below each address.")
				 : N_("Your message could not be delivered to the recipients "
				      "below. It was protected as your organisation's rules "
				      "require. The mail server's reply is shown below each "
				      "address."));
}

bool
bounce(struct connection *connection, const struct settings *settings,
       const struct seal_key *courier, const struct queued_mail *mail,
       const struct queue_outcome *outcomes, size_t count, struct fault *fault)
{
	const struct failure failure = {.settings = settings,
					.courier = courier,
					.connection = connection,
					.message = mail->message,
					.sender = mail->sender,
					.envid = mail->envid,
					.smtputf8 = mail->smtputf8,
					.text = text_for(settings, mail)};
	g_autofree struct failure_recipient *failed = g_new0(struct failure_recipient, count);
	size_t failed_count = 0;

	for (size_t i = 0; i < count; i++) {
		const struct queued_recipient *recipient = outcomes[i].recipient;

		if (outcomes[i].result == QUEUE_FAILED && failure_is_wanted(recipient->notify))
			failed[failed_count++] = (struct failure_recipient){
				recipient->address, recipient->orcpt, outcomes[i].reply, NULL};
	}
	return failure_put(&failure, failed, failed_count, fault);
}
