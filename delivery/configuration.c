#include "delivery/configuration.h"

#include "delivery/method.h"

struct policy *
configuration_load(const char *path, void (*tell)(const char *format, ...))
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct policy *policy = policy_load(path, method_names(), errors);

	for (guint i = 0; i < errors->len; i++)
		tell("%s", (const char *)g_ptr_array_index(errors, i));
	return policy;
}
