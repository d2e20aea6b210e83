/* The message waits, sealed, behind the portal (parcel.h). */
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	const struct message *message = delivery->message;
	const char *why = "the message can be picked up in the portal";

	(void)copy;
	(void)fault;
	*possible_r = keystore_is_employee(delivery->settings->domains, message->sender_folded);
	if (*message->sender == '\0')
		why = "there is no sender who could pass on the unlock code";
	else if (!*possible_r)
		why = "the sender is not of the organisation, which the unlock code may not leave";
	*why_r = g_strdup(why);
	return true;
}

const struct method method_pickup = {
	.name = "pickup",
	.told = N_("protected, to be read in the browser"),
	.wish = N_("Here in the browser"),
	.carriage = CARRIED_IN_PARCEL,
	.always = true,
	.is_possible = is_possible,
};
