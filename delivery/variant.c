#include "delivery/variant.h"

#include <string.h>

#include "delivery/inbound/results.h"
#include "mail/entity.h"
#include "mail/hidden_subject.h"
#include "mail/subject_tags.h"

/* Fields that are wrong for new content. MIME fields are replaced together. */
static bool
is_of_old_content(const struct field *field)
{
	static const char *const names[] = {"MIME-Version", "DKIM-Signature", "Lines", NULL};

	return field_is_content(field) || field_is_one_of(field, names);
}

static void
edit_free(struct field_edit *edit)
{
	g_free(edit->value);
	g_free(edit);
}

static void
edit(struct variant *variant, guint field, const char *value)
{
	struct field_edit *edit = g_new(struct field_edit, 1);

	edit->field = field;
	edit->value = g_strdup(value);
	g_ptr_array_add(variant->edits, edit);
}

static void
add(struct variant *variant, const char *line)
{
	g_autofree char *name = g_strndup(line, strcspn(line, ":"));

	g_ptr_array_add(variant->added, field_new(name, line + strlen(name) + 1));
}

static void
add_fields(struct variant *variant, const struct group *group)
{
	g_autoptr(GPtrArray) lines = group_fields(group);

	for (guint i = 0; i < lines->len; i++)
		add(variant, g_ptr_array_index(lines, i));
}

/* The first subject is replaced; other subjects, and fields that repeat it, are removed. */
static void
hide_subject(struct variant *variant, const struct message *message, const GPtrArray *added)
{
	const struct field *subject = message_field(message, "Subject");
	struct hidden_subject hidden;

	hidden_subject_init(&hidden, message);
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field == subject)
			edit(variant, i, ENTITY_OUTER_SUBJECT);
		else if (field_is_never_sent(field) || is_of_old_content(field) ||
			 field_is(field, "Subject") || hidden_subject_is_told(&hidden, field) ||
			 field_is_in(field, added))
			edit(variant, i, NULL);
	}
	hidden_subject_clear(&hidden);
}

static void
show_subject(struct variant *variant, const struct message *message, bool new_content,
	     const char *const *tags, const GPtrArray *added)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *without =
			field_is(field, "Subject") ? subject_tags_remove(field->value, tags) : NULL;

		if (field_is_never_sent(field) || (new_content && is_of_old_content(field)) ||
		    without != NULL || field_is_in(field, added))
			edit(variant, i, without);
	}
}

/* Mail that comes in keeps everything that nobody forged. The first subject may get a tag, and
 * loses those that outsiders put there. */
static void
take_in(struct variant *variant, const struct delivery_context *delivery, const struct group *group,
	bool new_content)
{
	const struct message *message = delivery->message;
	const struct field *subject = message_field(message, "Subject");

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *without =
			field_is(field, "Subject")
				? subject_tags_remove(field->value, policy_marks(delivery->policy))
				: NULL;

		if (field == subject && group->subject != NULL)
			edit(variant, i, group->subject);
		else if (field_is_ours(field) || results_are_forged(field, delivery->settings) ||
			 (new_content && is_of_old_content(field)))
			edit(variant, i, NULL);
		else if (without != NULL)
			edit(variant, i, without);
	}
	if (subject == NULL && group->subject != NULL)
		g_ptr_array_add(variant->added, field_new("Subject", group->subject));
	if (group->results != NULL)
		g_ptr_array_add(variant->first, field_new(RESULTS_FIELD, group->results));
}

void
variant_init(struct variant *variant, const struct delivery_context *delivery,
	     const struct group *group, const char *const *tags)
{
	const struct message *message = delivery->message;
	/* What a rule adds is in place of what the message says there itself: nobody else can write
	 * it. */
	g_autoptr(GPtrArray) added = group == NULL ? g_ptr_array_new() : group_added(group);
	bool new_content = group != NULL && group_has_new_content(group);

	variant->first = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	variant->edits = g_ptr_array_new_with_free_func((GDestroyNotify)edit_free);
	variant->added = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	if (group != NULL && group->method->is_inbound)
		take_in(variant, delivery, group, new_content);
	else if (new_content && group->hides_subject)
		hide_subject(variant, message, added);
	else
		show_subject(variant, message, new_content, tags, added);
	if (new_content)
		add_fields(variant, group);
	g_ptr_array_extend_and_steal(variant->added, g_steal_pointer(&added));
}

void
variant_clear(struct variant *variant)
{
	g_clear_pointer(&variant->edits, g_ptr_array_unref);
	g_clear_pointer(&variant->added, g_ptr_array_unref);
	g_clear_pointer(&variant->first, g_ptr_array_unref);
}

bool
variant_write_header(const struct variant *variant, const struct message *message,
		     struct sink *sink, struct fault *fault)
{
	guint next = 0;

	for (guint i = 0; i < variant->first->len; i++)
		if (!field_write(g_ptr_array_index(variant->first, i), sink, fault))
			return false;
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		const struct field_edit *edit =
			next < variant->edits->len ? g_ptr_array_index(variant->edits, next) : NULL;

		if (edit != NULL && edit->field == i) {
			struct field changed = {field->name, edit->value};

			next++;
			if (edit->value != NULL && !field_write(&changed, sink, fault))
				return false;
		} else if (!field_write(field, sink, fault)) {
			return false;
		}
	}
	for (guint i = 0; i < variant->added->len; i++)
		if (!field_write(g_ptr_array_index(variant->added, i), sink, fault))
			return false;
	return sink_write(sink, "\r\n", 2, fault);
}

bool
variant_write_body(const struct delivery_context *delivery, const struct group *group,
		   struct sink *sink, struct fault *fault)
{
	if (group != NULL)
		return group_write(delivery, group, sink, fault);
	return spool_copy(delivery->message->body, 0, sink, fault);
}

bool
variant_write(const struct variant *variant, const struct delivery_context *delivery,
	      const struct group *group, struct sink *sink, struct fault *fault)
{
	return variant_write_header(variant, delivery->message, sink, fault) &&
	       variant_write_body(delivery, group, sink, fault);
}
