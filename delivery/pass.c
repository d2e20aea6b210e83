#include "delivery/pass.h"

#include <string.h>

#include "delivery/offer.h"
#include "delivery/outbox/decided.h"

bool
pass_note(struct connection *connection, const struct delivery_context *delivery,
	  const GPtrArray *copies, uint64_t lifetime, struct fault *fault)
{
	for (guint i = 0; delivery->pass != NULL && i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);
		const struct decided decided = {.address = copy->recipient->folded,
						.kind = (char *)"pass"};

		if (!decided_note(connection, delivery->pass, &decided, lifetime, fault))
			return false;
	}
	return true;
}

static bool
is_among(const GPtrArray *decisions, const struct copy *copy)
{
	for (guint i = 0; i < decisions->len; i++) {
		const struct decided *decided = g_ptr_array_index(decisions, i);

		if (strcmp(decided->address, copy->recipient->folded) == 0)
			return true;
	}
	return false;
}

static bool
find_all(const struct delivery_context *delivery, const GPtrArray *copies, bool *found_r,
	 struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(delivery->database, fault);
	g_autoptr(GPtrArray) decisions =
		connection == NULL ? NULL : decided_find(connection, delivery->pass, fault);

	*found_r = decisions != NULL;
	for (guint i = 0; i < copies->len && *found_r; i++)
		*found_r = is_among(decisions, g_ptr_array_index(copies, i));
	return decisions != NULL;
}

bool
pass_is_taken(const struct delivery_context *delivery, const GPtrArray *copies,
	      const unsigned char *identity, bool *taken_r, struct fault *fault)
{
	bool found, again;

	*taken_r = false;
	if (delivery->pass == NULL)
		return true;
	if (!find_all(delivery, copies, &found, fault))
		return false;
	if (!found)
		return true;
	if (!offer_is_again(delivery->database, identity, &again, fault))
		return false;
	*taken_r = !again;
	return true;
}
