/* Mail that comes in, as it is. */
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	const char *not_opened =
		json_string_value(json_object_get(json_array_get(copy->tried, 0), "because"));

	(void)delivery;
	(void)fault;
	*possible_r = true;
	*why_r = not_opened == NULL ? g_strdup("it comes in as it is")
				    : g_strdup_printf("it comes in as it is: %s", not_opened);
	return true;
}

const struct method method_pass = {
	.name = "pass",
	.told = N_("as it came in"),
	.carriage = CARRIED_AS_MAIL,
	.always = true,
	.is_inbound = true,
	.in_place_rank = 4,
	.is_possible = is_possible,
};
