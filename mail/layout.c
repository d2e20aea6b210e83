#include "mail/layout.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/layout_names.h"
#include "mail/layout_parts.h"
#include "mail/mime_stream.h"

enum { BASE64_LINE = 78, BASE64_LINE_DECODED = 57 };

void
layout_part_free(struct layout_part *part)
{
	if (part == NULL)
		return;
	g_free(part->name);
	g_free(part->type);
	g_free(part->charset);
	g_free(part->cid);
	g_free(part->text);
	layout_free(part->inner);
	g_free(part);
}

struct layout *
layout_empty(void)
{
	struct layout *layout = g_new0(struct layout, 1);

	layout->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	layout->related = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	layout->body = g_ptr_array_new_with_free_func((GDestroyNotify)layout_part_free);
	return layout;
}

void
layout_free(struct layout *layout)
{
	if (layout == NULL)
		return;
	g_free(layout->subject);
	g_free(layout->from);
	g_free(layout->to);
	g_free(layout->cc);
	g_free(layout->from_address);
	g_free(layout->message_id);
	g_free(layout->references);
	g_free(layout->addresses);
	g_free(layout->reply_to);
	g_ptr_array_unref(layout->attachments);
	g_ptr_array_unref(layout->related);
	g_ptr_array_unref(layout->body);
	g_free(layout);
}

/* --- views --- */

bool
layout_is_html(const struct layout_part *part)
{
	return strcmp(part->type, "text/html") == 0;
}

bool
layout_has_html(const struct layout *layout)
{
	for (guint i = 0; i < layout->body->len; i++)
		if (layout_is_html(g_ptr_array_index(layout->body, i)))
			return true;
	return false;
}

const struct layout_part *
layout_shown(const struct layout *layout, enum layout_view view, guint number)
{
	for (guint i = 0; i < layout->body->len; i++) {
		const struct layout_part *part = g_ptr_array_index(layout->body, i);

		if ((part->views & (unsigned)view) != 0 && number-- == 0)
			return part;
	}
	return NULL;
}

/* --- paths --- */

/* Takes a number and the dot after it. */
static bool
take_number(const char **path, guint *number_r)
{
	size_t digits = strspn(*path, "0123456789");
	g_autofree char *word = g_strndup(*path, digits);
	guint64 number;

	if (!g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT, &number, NULL))
		return false;
	*path += digits;
	if (**path != '\0' && (*(*path)++ != '.' || **path == '\0'))
		return false;
	*number_r = (guint)number;
	return true;
}

const struct layout_part *
layout_attachment(const struct layout *layout, const char *path)
{
	const struct layout_part *part = NULL;

	while (*path != '\0') {
		guint number;

		if (layout == NULL || !take_number(&path, &number) ||
		    number >= layout->attachments->len)
			return NULL;
		part = g_ptr_array_index(layout->attachments, number);
		layout = part->inner;
	}
	return part;
}

const struct layout *
layout_within(const struct layout *layout, const char *path)
{
	const struct layout_part *part;

	if (*path == '\0')
		return layout;
	part = layout_attachment(layout, path);
	return part == NULL ? NULL : part->inner;
}

static void visit_attachments(const struct layout *layout, const char *before, layout_visit *visit,
			      void *visitor);

static void
visit_some(const struct layout *layout, bool unpacked, const char *before, layout_visit *visit,
	   void *visitor)
{
	for (guint i = 0; i < layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(layout->attachments, i);
		g_autofree char *path =
			g_strdup_printf("%s%s%u", before, *before == '\0' ? "" : ".", i);

		if (part->is_unpacked != unpacked)
			continue;
		visit(visitor, path, part);
		if (part->inner != NULL)
			visit_attachments(part->inner, path, visit, visitor);
	}
}

static void
visit_attachments(const struct layout *layout, const char *before, layout_visit *visit,
		  void *visitor)
{
	visit_some(layout, false, before, visit, visitor);
	visit_some(layout, true, before, visit, visitor);
}

void
layout_each_attachment(const struct layout *layout, layout_visit *visit, void *visitor)
{
	visit_attachments(layout, "", visit, visitor);
}

/* --- pictures --- */

/* The first one with this name: others were never shown. */
static void
sort_pictures(struct layout *layout, GHashTable *shown)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < layout->related->len;) {
		struct layout_part *part = g_ptr_array_index(layout->related, i);

		if (g_hash_table_contains(shown, part->cid) && g_hash_table_add(seen, part->cid))
			i++;
		else
			g_ptr_array_add(layout->attachments,
					g_ptr_array_steal_index(layout->related, i));
	}
}

void
layout_sort_pictures(struct layout *layout, layout_pictures_shown *ask, void *context)
{
	g_autoptr(GHashTable) shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (layout->related->len > 0 && layout_has_html(layout))
		ask(context, layout, shown);
	sort_pictures(layout, shown);
	for (guint i = 0; i < layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(layout->attachments, i);

		if (part->inner != NULL)
			layout_sort_pictures(part->inner, ask, context);
	}
}

/* --- reading --- */

static GMimeMessage *
parse(const struct spool *raw, struct fault *fault)
{
	GMimeStream *stream = mime_stream_of_entity(NULL, raw);
	GMimeParser *parser;
	GMimeMessage *message;
	bool is_read;

	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	is_read = mime_stream_is_good(stream, fault);
	g_object_unref(stream);
	if (!is_read) {
		g_clear_object(&message);
	} else if (message == NULL || g_mime_message_get_mime_part(message) == NULL) {
		g_clear_object(&message);
		fault_set(fault, FAULT_INPUT,
			  "reading a message: its MIME structure cannot be read");
	}
	return message;
}

struct layout *
layout_new(const struct spool *raw, struct fault *fault)
{
	GMimeMessage *message = parse(raw, fault);
	struct layout *layout;

	if (message == NULL)
		return NULL;
	layout = layout_empty();
	layout_take_parts(layout, raw, message);
	g_object_unref(message);
	return layout;
}

uint64_t
layout_size(const struct layout_part *part)
{
	if (part->is_within)
		return part->size;
	return part->encoding == LAYOUT_BASE64 ? part->length * BASE64_LINE_DECODED / BASE64_LINE
					       : part->length;
}

char *
layout_file_name(const struct layout *layout)
{
	enum { CHARACTERS = 100 };
	g_autofree char *subject = g_utf8_make_valid(layout->subject, -1);
	g_autofree char *start = NULL, *name = NULL;

	g_strdelimit(subject, "/\\", '_');
	start = g_utf8_substring(subject, 0, MIN(g_utf8_strlen(subject, -1), CHARACTERS));
	name = layout_name(*g_strstrip(start) == '\0' ? "message" : start, "message/rfc822", 0);
	return g_str_has_suffix(name, ".eml") ? g_steal_pointer(&name)
					      : g_strconcat(name, ".eml", NULL);
}
