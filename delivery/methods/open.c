/* Mail that comes in encrypted, opened for those who could open it themselves. */
#include "core/catalogue.h"
#include "core/crash.h"
#include "delivery/inbound/receive.h"

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	const struct open_request request = {.delivery = delivery,
					     .address = copy->recipient->folded,
					     .old_ciphers = copy->decision.old_ciphers,
					     .keys = keys};
	struct opening *opening;

	if (!open_sealed(&delivery->inbound->outer, &request, &opening, why_r, fault))
		return fault_within(fault, "opening the message");
	*possible_r = opening != NULL;
	if (opening == NULL)
		return true;
	crash_point("milter-after-open");
	copy->opening = opening;
	copy->keys = g_steal_pointer(&keys);
	return true;
}

/* The fields of the entity that was encrypted. */
static GPtrArray *
fields(const struct group *group)
{
	const struct message *entity = group->opening->entity;
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(list, g_strdup("MIME-Version: 1.0"));
	for (guint i = 0; i < entity->fields->len; i++) {
		const struct field *field = g_ptr_array_index(entity->fields, i);

		if (field_is_content(field))
			g_ptr_array_add(list, g_strconcat(field->name, ":", field->value, NULL));
	}
	return list;
}

static bool
write_body(const struct delivery_context *delivery, const struct group *group, struct sink *sink,
	   struct fault *fault)
{
	(void)delivery;
	return spool_copy(group->opening->entity->body, 0, sink, fault);
}

const struct method method_open = {
	.name = "open",
	.told = N_("decrypted"),
	.carriage = CARRIED_AS_MAIL,
	.is_inbound = true,
	.in_place_rank = 3,
	.is_possible = is_possible,
	.fields = fields,
	.write = write_body,
};
