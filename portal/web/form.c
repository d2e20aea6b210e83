#include "portal/web/form.h"

#include <sodium.h>
#include <string.h>

enum {
	FIELDS_FORM_MAX = 32768, /* bytes of a form without files */
	ENDLESS = 8, /* factor by which a form may exceed its limit: then the connection is cut */
	FILES_READ_ON = 4, /* GiB: a film; browsers read no answer before they have sent all */
	FIELDS_MAX = 200,
	FILES_MAX = 100,
	NAMES_MAX = 1024,	/* bytes of a file's name or type; no system allows more */
	PROCESSOR_BYTES = 8192, /* a line that names a field or file cannot be longer */
};

/* Bytes of all current forms with files: strangers cannot take the room of those who may send such
 * a form. */
static gsize texts, strangers;

static void
upload_free(struct upload *upload)
{
	g_free(upload->name);
	g_free(upload->type);
	g_free(upload);
}

static void
field_free(GString *value)
{
	sodium_memzero(value->str, value->len);
	g_string_free(value, TRUE);
}

static gsize *
texts_beside(const struct form *form)
{
	return form->is_without_files ? &strangers : &texts;
}

/* Counts that many more bytes of text; false: they are too many. */
static bool
count_text(struct form *form, size_t size)
{
	gsize max = form->is_without_files ? FORM_STRANGERS_MAX : FORM_TEXTS_MAX;

	if (form->text + size > FORM_TEXT_MAX)
		return false;
	form->text += size;
	if (!form->has_files ||
	    (gsize)g_atomic_pointer_add(texts_beside(form), (gssize)size) + size <= max)
		return true;
	return fault_set(&form->fault, FAULT_OVERLOAD,
			 "taking a form: all that come in have more than %" G_GSIZE_FORMAT
			 " bytes of text together",
			 max);
}

static bool
take_text(struct form *form, const char *name, const char *data, size_t size)
{
	GString *value = g_hash_table_lookup(form->fields, name);

	if (!count_text(form, value == NULL ? size + strlen(name) : size))
		return false;
	if (value == NULL) {
		if (g_hash_table_size(form->fields) >= FIELDS_MAX)
			return false;
		value = g_string_new(NULL);
		g_hash_table_insert(form->fields, g_strdup(name), value);
	}
	g_string_append_len(value, data, (gssize)size);
	return memchr(data, '\0', size) == NULL;
}

static bool
begin_file(struct form *form, const char *name, const char *type)
{
	struct upload *upload;

	if (type == NULL)
		type = "application/octet-stream";
	if (form->uploads->len >= FILES_MAX || strlen(name) > NAMES_MAX || strlen(type) > NAMES_MAX)
		return false;
	upload = g_new0(struct upload, 1);
	upload->name = g_utf8_make_valid(name, -1);
	upload->type = g_strdup(type);
	upload->content.spool = form->files;
	upload->content.offset = spool_size(form->files);
	g_ptr_array_add(form->uploads, upload);
	return true;
}

static bool
take_file(struct form *form, const char *name, const char *type, const char *data, uint64_t offset,
	  size_t size)
{
	struct upload *upload;

	if (*name == '\0')
		return true;
	form->has_dropped = form->is_without_files;
	if (form->has_dropped || (offset == 0 && !begin_file(form, name, type)))
		return false;
	if (form->uploads->len == 0)
		return false;
	upload = g_ptr_array_index(form->uploads, form->uploads->len - 1);
	upload->content.length += size;
	return spool_append(form->files, data, size, &form->fault);
}

static enum MHD_Result
take_field(void *context, enum MHD_ValueKind kind, const char *name, const char *file_name,
	   const char *type, const char *encoding, const char *data, uint64_t offset, size_t size)
{
	struct form *form = context;
	bool taken;

	(void)kind;
	(void)encoding;
	/* Browsers name every field; libmicrohttpd also passes on a part without a name. */
	if (name == NULL)
		return MHD_YES;
	if (file_name != NULL && form->has_files)
		taken = take_file(form, file_name, type, data, offset, size);
	else
		taken = take_text(form, name, data, size);
	if (!taken && !form->has_dropped && form->fault.cause == FAULT_NONE)
		form->is_too_large = true;
	return taken ? MHD_YES : MHD_NO;
}

bool
form_take(struct form *form, const char *data, size_t size)
{
	form->bytes += size;
	if (form->bytes > form->max)
		form->is_too_large = true;
	if (form->is_too_large || form->has_dropped || form->fault.cause != FAULT_NONE)
		return form->bytes <= form->read_on;
	if (form->processor == NULL)
		form->processor =
			MHD_create_post_processor(form->mhd, PROCESSOR_BYTES, take_field, form);
	if (form->processor != NULL)
		MHD_post_process(form->processor, data, size);
	return true;
}

void
form_init(struct form *form, struct MHD_Connection *mhd)
{
	form->mhd = mhd;
	form->fields =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)field_free);
	form->uploads = g_ptr_array_new_with_free_func((GDestroyNotify)upload_free);
}

void
form_clear(struct form *form)
{
	if (form->processor != NULL)
		MHD_destroy_post_processor(form->processor);
	g_hash_table_unref(form->fields);
	g_ptr_array_unref(form->uploads);
	spool_free(form->files);
	if (form->has_files)
		g_atomic_pointer_add(texts_beside(form), -(gssize)form->text);
}

void
form_expect_fields(struct form *form)
{
	form->max = FIELDS_FORM_MAX;
	form->read_on = ENDLESS * form->max;
}

void
form_expect_files(struct form *form, uint64_t files_max, const struct spool_settings *spool)
{
	form->has_files = true;
	form->max = files_max + FORM_TEXT_MAX;
	form->read_on = MAX(ENDLESS * form->max, FILES_READ_ON * G_GUINT64_CONSTANT(0x40000000));
	form->files = spool_new(spool);
}

const char *
form_field(const struct form *form, const char *name)
{
	const GString *value = g_hash_table_lookup(form->fields, name);

	return value == NULL ? "" : value->str;
}

static gint
compare_names(gconstpointer one, gconstpointer other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

GPtrArray *
form_names(const struct form *form, const char *prefix)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter each;
	gpointer name;

	g_hash_table_iter_init(&each, form->fields);
	while (g_hash_table_iter_next(&each, &name, NULL))
		if (g_str_has_prefix(name, prefix))
			g_ptr_array_add(names, g_strdup((const char *)name + strlen(prefix)));
	g_ptr_array_sort(names, compare_names);
	return names;
}
