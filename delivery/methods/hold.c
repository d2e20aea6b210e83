/* The copy waits for approval (delivery/approval/approval.h). No rule names this method: it is that
 * of a rule with `hold`. */
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct surroundings *around, struct copy *copy, bool *possible_r, char **why_r,
	    struct fault *fault)
{
	(void)around;
	(void)fault;
	*possible_r = true;
	*why_r = g_strdup(copy->decision.hold->reason);
	return true;
}

const struct method method_hold = {
	.name = "hold",
	.told = N_("waits for approval"),
	.carriage = CARRIED_ONCE_APPROVED,
	.always = true,
	.is_possible = is_possible,
};
