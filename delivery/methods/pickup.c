/* The message waits, sealed, behind the portal (parcel.h). */
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct surroundings *around, struct copy *copy, bool *possible_r, char **why_r,
	    struct fault *fault)
{
	(void)copy;
	(void)fault;
	*possible_r = *around->message->sender != '\0';
	*why_r = g_strdup(*possible_r ? "the message can be picked up in the portal"
				      : "there is no sender who could pass on the unlock code");
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
