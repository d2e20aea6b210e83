#include "delivery/keys_wanted.h"

#include "core/address.h"
#include "keystore/domain_tls_asking.h"
#include "keystore/gateway.h"

/* A want and the copy it is for. */
struct wanted {
	struct copy *copy;
	struct keystore_answer now;
	char *gateway; /* that of the domain is wanted; NULL: the recipient's own */
};

static void
wanted_clear(gpointer data)
{
	struct wanted *wanted = data;

	keystore_answer_clear(&wanted->now);
	g_free(wanted->gateway);
}

/* The key of the domain's gateway, which is used if there is no other. */
static void
add_gateway(const struct delivery_context *delivery, const struct wanted *person,
	    const struct discovery_want *own, GArray *wanted, GArray *wants)
{
	struct wanted each = {.copy = person->copy};
	struct discovery_want want = *own;

	if (own->known != NULL && own->known->gateway == NULL)
		return;
	each.gateway = gateway_of(delivery->settings->keys_domains, own->address);
	if (each.gateway == NULL)
		return;
	want.address = each.gateway;
	want.known = NULL;
	g_array_append_val(wanted, each);
	g_array_append_val(wants, want);
}

/* Adds the key for a method; *enough_r: there is one already, so that no later method is needed. */
static bool
add_want(const struct delivery_context *delivery, struct copy *copy, enum key_kind kind,
	 GArray *wanted, GArray *wants, bool *enough_r, struct fault *fault)
{
	const char *address = copy->recipient->folded;
	struct discovery_want want = {
		.address = address,
		.kind = kind,
		.is_employee = keystore_is_employee(delivery->settings->domains, address)};
	struct wanted each = {.copy = copy};

	if (!keystore_find(delivery->keystore, kind, address, want.is_employee, &each.now, fault))
		return false;
	if (each.now.keys->len > 0)
		want.known = g_ptr_array_index(each.now.keys, 0);
	*enough_r = want.known != NULL;
	g_array_append_val(wanted, each);
	g_array_append_val(wants, want);
	add_gateway(delivery, &each, &want, wanted, wants);
	return true;
}

/* Adds the domain; *enough_r: it takes verified TLS. */
static bool
add_domain(const struct delivery_context *delivery, struct copy *copy, const struct method *method,
	   GPtrArray *domains, bool *enough_r, struct fault *fault)
{
	g_autofree char *why = NULL;
	const char *domain = address_domain(copy->recipient->folded);

	if (!method->is_possible(delivery, copy, enough_r, &why, fault))
		return false;
	if (!*enough_r && !g_ptr_array_find_with_equal_func(domains, domain, g_str_equal, NULL))
		g_ptr_array_add(domains, (gpointer)domain);
	return true;
}

/* What is to be asked for a message. */
struct lists {
	GArray *wanted;	    /* struct wanted */
	GArray *wants;	    /* struct discovery_want, one for each of them */
	GPtrArray *domains; /* borrowed */
};

static bool
add_wants(const struct delivery_context *delivery, struct copy *copy, const struct lists *lists,
	  struct fault *fault)
{
	const char *const *name = copy->decision.methods;
	bool enough = false;

	for (; name != NULL && *name != NULL && !enough; name++) {
		const struct method *method = method_find(*name);

		enough = method->always;
		if (method->takes_keys && !add_want(delivery, copy, method->key_kind, lists->wanted,
						    lists->wants, &enough, fault))
			return false;
		if (method->verified_tls && delivery->asks_for_tls &&
		    !add_domain(delivery, copy, method, lists->domains, &enough, fault))
			return false;
	}
	return true;
}

static void
ask_for_keys(const struct delivery_context *delivery, const struct lists *lists, gint64 until)
{
	struct discovery_want *first = &g_array_index(lists->wants, struct discovery_want, 0);

	if (lists->wants->len == 0 || delivery->discovery == NULL ||
	    !discovery_before(delivery->discovery, first, lists->wants->len, until))
		return;
	for (guint i = 0; i < lists->wants->len; i++) {
		g_array_index(lists->wanted, struct wanted, i).copy->keys_awaited |=
			first[i].awaited;
		keystore_forget(delivery->keystore, first[i].address);
	}
}

static void
ask(const struct delivery_context *delivery, const struct lists *lists, gint64 until)
{
	struct domain_tls_inquiry *inquiry = NULL;

	if (lists->domains->len > 0)
		inquiry = domain_tls_begin(delivery->database, delivery->settings, lists->domains,
					   until);
	ask_for_keys(delivery, lists, until);
	domain_tls_end(inquiry);
}

static bool
find_keys(const struct delivery_context *delivery, const GPtrArray *copies, gint64 until,
	  struct fault *fault)
{
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(struct wanted));
	g_autoptr(GArray) wants = g_array_new(FALSE, FALSE, sizeof(struct discovery_want));
	g_autoptr(GPtrArray) domains = g_ptr_array_new();
	const struct lists lists = {.wanted = wanted, .wants = wants, .domains = domains};

	if (delivery->discovery == NULL && !delivery->asks_for_tls)
		return true;
	g_array_set_clear_func(wanted, wanted_clear);
	for (guint i = 0; i < copies->len; i++) {
		struct copy *copy = g_ptr_array_index(copies, i);

		if (!add_wants(delivery, copy, &lists, fault))
			return false;
	}
	ask(delivery, &lists, until);
	return true;
}

/* --- were they revoked? --- */

static bool
may_take_certificates(const struct copy *copy)
{
	const char *const *name = copy->decision.methods;

	for (; name != NULL && *name != NULL; name++) {
		const struct method *method = method_find(*name);

		if (method->takes_keys && method->key_kind == KEY_SMIME)
			return true;
	}
	return false;
}

/* Adds the chains of the address's certificates of which nobody has said yet whether they were
 * revoked, and keeps the keys, which own them. */
static bool
add_unchecked(const struct delivery_context *delivery, const char *address, GPtrArray *keys,
	      GPtrArray *chains, struct fault *fault)
{
	g_autoptr(GPtrArray) known = keystore_known(delivery->keystore, KEY_SMIME, address, fault);
	const time_t now = time(NULL);

	if (known == NULL)
		return false;
	for (guint i = 0; i < known->len; i++) {
		struct key *key = g_ptr_array_index(known, i);

		if (!key->is_unchecked || !key_is_in_time(key, KEY_ENCRYPTS, now))
			continue;
		g_ptr_array_add(keys, key_ref(key));
		g_ptr_array_add(chains, key->chain);
	}
	return true;
}

/* A rule that would refuse the message for it waits for the answer. */
static bool
await(const struct delivery_context *delivery, struct copy *copy, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	g_autoptr(GPtrArray) chains = g_ptr_array_new();

	keystore_forget(delivery->keystore, copy->recipient->folded);
	if (!add_unchecked(delivery, copy->recipient->folded, keys, chains, fault))
		return false;
	for (guint i = 0; i < keys->len; i++)
		copy->keys_awaited |= ((const struct key *)g_ptr_array_index(keys, i))->needs_check;
	return true;
}

/* The recipients' certificates, and the sender's own, which sign. `asked`: the copies whose
 * recipients have any. */
static bool
find_unchecked(const struct delivery_context *delivery, const GPtrArray *copies, GPtrArray *asked,
	       GPtrArray *keys, GPtrArray *chains, struct fault *fault)
{
	for (guint i = 0; i < copies->len; i++) {
		struct copy *copy = g_ptr_array_index(copies, i);
		const guint before = chains->len;

		if (!may_take_certificates(copy))
			continue;
		if (!add_unchecked(delivery, copy->recipient->folded, keys, chains, fault))
			return false;
		if (chains->len > before)
			g_ptr_array_add(asked, copy);
	}
	return asked->len == 0 ||
	       add_unchecked(delivery, delivery->message->sender_folded, keys, chains, fault);
}

static bool
check_keys(const struct delivery_context *delivery, const GPtrArray *copies, gint64 until,
	   struct fault *fault)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	g_autoptr(GPtrArray) chains = g_ptr_array_new();
	g_autoptr(GPtrArray) asked = g_ptr_array_new();

	if (delivery->revocation == NULL)
		return true;
	if (!find_unchecked(delivery, copies, asked, keys, chains, fault))
		return false;
	if (revocation_before(delivery->revocation, chains, until))
		keystore_forget(delivery->keystore, delivery->message->sender_folded);
	for (guint i = 0; i < asked->len; i++)
		if (!await(delivery, g_ptr_array_index(asked, i), fault))
			return false;
	return true;
}

bool
keys_wanted(const struct delivery_context *delivery, const GPtrArray *copies, struct fault *fault)
{
	const gint64 until =
		g_get_monotonic_time() + (gint64)delivery->settings->keys_within * G_USEC_PER_SEC;

	for (guint i = 0; i < copies->len; i++)
		if (((const struct copy *)g_ptr_array_index(copies, i))->decision.reject != NULL)
			return true; /* nobody gets anything */
	return find_keys(delivery, copies, until, fault) &&
	       check_keys(delivery, copies, until, fault);
}
