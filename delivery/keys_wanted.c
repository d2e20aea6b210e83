#include "delivery/keys_wanted.h"

/* A want and the copy it is for. */
struct wanted {
	struct copy *copy;
	struct keystore_answer now;
};

static void
wanted_clear(gpointer data)
{
	keystore_answer_clear(&((struct wanted *)data)->now);
}

/* Adds the key for a method; *enough_r: there is one already, so that no later method is needed. */
static bool
add_want(const struct surroundings *around, struct copy *copy, enum key_kind kind, GArray *wanted,
	 GArray *wants, bool *enough_r, struct fault *fault)
{
	const char *address = copy->recipient->folded;
	struct discovery_want want = {
		.address = address,
		.kind = kind,
		.is_employee = keystore_is_employee(around->settings->domains, address)};
	struct wanted each = {.copy = copy};

	if (!keystore_find(around->keystore, kind, address, want.is_employee, &each.now, fault))
		return false;
	if (each.now.keys->len > 0)
		want.known = g_ptr_array_index(each.now.keys, 0);
	*enough_r = want.known != NULL;
	g_array_append_val(wanted, each);
	g_array_append_val(wants, want);
	return true;
}

static bool
add_wants(const struct surroundings *around, struct copy *copy, GArray *wanted, GArray *wants,
	  struct fault *fault)
{
	const char *const *name = copy->decision.methods;
	bool enough = false;

	for (; name != NULL && *name != NULL && !enough; name++) {
		const struct method *method = method_find(*name);

		enough = method->always;
		if (method->takes_keys &&
		    !add_want(around, copy, method->key_kind, wanted, wants, &enough, fault))
			return false;
	}
	return true;
}

static void
ask(const struct surroundings *around, const GArray *wanted, GArray *wants)
{
	const gint64 until =
		g_get_monotonic_time() + (gint64)around->settings->keys_within * G_USEC_PER_SEC;
	struct discovery_want *first = &g_array_index(wants, struct discovery_want, 0);

	if (wants->len == 0 || !discovery_before(around->discovery, first, wants->len, until))
		return;
	for (guint i = 0; i < wants->len; i++) {
		g_array_index(wanted, struct wanted, i).copy->keys_awaited |= first[i].awaited;
		keystore_forget(around->keystore, first[i].address);
	}
}

bool
keys_wanted(const struct surroundings *around, const GPtrArray *copies, struct fault *fault)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(struct wanted));
	g_autoptr(GArray) wants = g_array_new(FALSE, FALSE, sizeof(struct discovery_want));

	if (around->discovery == NULL)
		return true;
	g_array_set_clear_func(wanted, wanted_clear);
	for (guint i = 0; i < copies->len; i++) {
		struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.reject != NULL)
			return true; /* nobody gets anything */
		if (!add_wants(around, copy, wanted, wants, fault))
			return false;
	}
	ask(around, wanted, wants);
	return true;
}
