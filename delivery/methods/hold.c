/* The copy waits for approval (delivery/approval/approval.h). No rule names this method, and
 * nobody asks whether it is possible: it is that of a rule with `hold`. */
#include "core/catalogue.h"
#include "delivery/method.h"

const struct method method_hold = {
	.name = "hold",
	.told = N_("waits for approval"),
	.carriage = CARRIED_ONCE_APPROVED,
};
