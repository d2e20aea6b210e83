/*
 * A variant of a message: what one group of recipients gets, expressed as changes to the original.
 * Fields that stay keep their bytes and their order.
 */
#ifndef POSTSEAL_DELIVERY_VARIANT_H
#define POSTSEAL_DELIVERY_VARIANT_H

#include "delivery/method.h"

struct field_edit {
	guint field; /* its index in message->fields */
	char *value; /* the new value; NULL: the field is removed */
};

struct variant {
	GPtrArray *edits; /* struct field_edit, in the order of the fields */
	GPtrArray *added; /* struct field, after the others */
	GPtrArray *first; /* struct field, before all others */
};

/* `group` may be NULL: the message as it was. `tags`, a list that ends with NULL, are
 * removed from the subject, unless the group says what becomes of that. */
void variant_init(struct variant *variant, const struct delivery_context *delivery,
		  const struct group *group, const char *const *tags);
void variant_clear(struct variant *variant);

/* The whole mail: header, empty line, body. */
bool variant_write(const struct variant *variant, const struct delivery_context *delivery,
		   const struct group *group, struct sink *sink, struct fault *fault);
/* Only the header, with the empty line after it. */
bool variant_write_header(const struct variant *variant, const struct message *message,
			  struct sink *sink, struct fault *fault);
/* Only the body. */
bool variant_write_body(const struct delivery_context *delivery, const struct group *group,
			struct sink *sink, struct fault *fault);

#endif
