/*
 * A variant of a message: what one group of recipients gets, told as changes to the original.
 * Fields that stay keep their bytes and their order.
 */
#ifndef POSTSEAL_DELIVERY_VARIANT_H
#define POSTSEAL_DELIVERY_VARIANT_H

#include "delivery/method.h"

struct field_edit {
	guint field; /* its place in message->fields */
	char *value; /* what stands there now; NULL: the field goes */
};

struct variant {
	GPtrArray *edits; /* struct field_edit, in the order of the fields */
	GPtrArray *added; /* struct field, behind the others */
};

/* `group` may be NULL: the message as it was, for a parcel. `tags` are
 * taken out of the subject; end with NULL. */
void variant_init(struct variant *variant, const struct message *message, const struct group *group,
		  const char *const *tags);
void variant_clear(struct variant *variant);

/* The whole mail: header, empty line, body. */
bool variant_write(const struct variant *variant, const struct surroundings *around,
		   const struct group *group, struct sink *sink, struct fault *fault);
/* The body alone. */
bool variant_write_body(const struct surroundings *around, const struct group *group,
			struct sink *sink, struct fault *fault);

#endif
