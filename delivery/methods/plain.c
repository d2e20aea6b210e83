/* The unchanged message. */
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	(void)delivery;
	(void)copy;
	(void)fault;
	*possible_r = true;
	*why_r = g_strdup("the rule allows plain");
	return true;
}

const struct method method_plain = {
	.name = "plain",
	.told = N_("unprotected"),
	.carriage = CARRIED_AS_MAIL,
	.always = true,
	.in_place_rank = 4,
	.can_be_signed = true,
	.is_possible = is_possible,
};
