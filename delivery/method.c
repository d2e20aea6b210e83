#include "delivery/method.h"

#include <gmime/gmime.h>
#include <string.h>

#include "delivery/methods/clear_signature.h"
#include "delivery/methods/recipient_keys.h"

const struct method *const methods[] = {
	&method_plain, &method_tls,  &method_smime, &method_pgp, &method_pickup,
	&method_hold,  &method_open, &method_pass,  NULL,
};

const struct method *
method_find(const char *name)
{
	for (const struct method *const *m = methods; *m != NULL; m++)
		if (strcmp((*m)->name, name) == 0)
			return *m;
	return NULL;
}

bool
group_has_new_content(const struct group *group)
{
	return group->is_signed || group->method->write != NULL;
}

GPtrArray *
group_fields(const struct group *group)
{
	return group->is_signed ? clear_signature_fields(group) : group->method->fields(group);
}

GPtrArray *
group_added(const struct group *group)
{
	GPtrArray *fields = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);

	for (const struct policy_field *f = group->added; f != NULL && f->name != NULL; f++) {
		g_autofree char *encoded = g_mime_utils_header_encode_text(NULL, f->value, "utf-8");
		g_autofree char *value = g_strconcat(" ", encoded, NULL);

		g_ptr_array_add(fields, field_new(f->name, value));
	}
	return fields;
}

bool
group_write(const struct delivery_context *delivery, const struct group *group, struct sink *sink,
	    struct fault *fault)
{
	if (group->is_signed)
		return clear_signature_write(delivery, group, sink, fault);
	if (group->method->write != NULL)
		return group->method->write(delivery, group, sink, fault);
	return spool_copy(delivery->message->body, 0, sink, fault);
}

const struct key *
copy_signer(const struct delivery_context *delivery, const struct copy *copy)
{
	if (copy->is_signed)
		return author_key(delivery, &delivery->smime_signer);
	return copy->method != NULL && copy->method->signer != NULL ? copy->method->signer(delivery)
								    : NULL;
}

const struct policy_method *
methods_for_policy(void)
{
	static struct policy_method known[G_N_ELEMENTS(methods)];
	static const char *levels[TRUST_LEVELS];
	size_t count = 0;

	for (enum trust_level level = TRUST_SEEN; level < TRUST_LEVELS; level++)
		levels[level - TRUST_SEEN] = trust_level_name(level);
	for (size_t i = 0; methods[i] != NULL; i++)
		if (!methods[i]->is_inbound && methods[i]->carriage != CARRIED_ONCE_APPROVED)
			known[count++] = (struct policy_method){
				methods[i]->name,
				methods[i]->always,
				methods[i]->carriage == CARRIED_IN_PARCEL,
				methods[i]->verified_tls,
				methods[i]->takes_keys ? levels : NULL,
				methods[i]->ciphers,
				methods[i]->can_be_signed,
			};
	return known;
}
