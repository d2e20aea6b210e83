#include "portal/web/form.h"

#include <sodium.h>
#include <string.h>

enum {
	FIELDS_FORM_MAX = 32768, /* bytes of a form without files */
	ENDLESS = 8,		 /* times what a form may have: then the connection is cut */
	FIELDS_MAX = 200,
	FILES_MAX = 100,
	PROCESSOR_BYTES = 32768,
};

static void
upload_free(struct upload *upload)
{
	g_free(upload->name);
	g_free(upload->type);
	spool_free(upload->content);
	g_free(upload);
}

static void
field_free(GString *value)
{
	sodium_memzero(value->str, value->len);
	g_string_free(value, TRUE);
}

static bool
take_text(struct form *form, const char *name, const char *data, size_t size)
{
	GString *value = g_hash_table_lookup(form->fields, name);

	if (value == NULL) {
		if (g_hash_table_size(form->fields) >= FIELDS_MAX)
			return false;
		value = g_string_new(NULL);
		g_hash_table_insert(form->fields, g_strdup(name), value);
	}
	g_string_append_len(value, data, (gssize)size);
	return value->len <= FORM_TEXT_MAX && strlen(value->str) == value->len;
}

static bool
take_file(struct form *form, const char *name, const char *type, const char *data, uint64_t offset,
	  size_t size)
{
	struct upload *upload;

	if (*name == '\0')
		return true;
	if (offset == 0) {
		if (form->uploads->len >= FILES_MAX)
			return false;
		upload = g_new(struct upload, 1);
		upload->name = g_utf8_make_valid(name, -1);
		upload->type = g_strdup(type == NULL ? "application/octet-stream" : type);
		upload->content = spool_new(form->spool);
		g_ptr_array_add(form->uploads, upload);
	}
	if (form->uploads->len == 0)
		return false;
	upload = g_ptr_array_index(form->uploads, form->uploads->len - 1);
	return spool_append(upload->content, data, size, &form->fault);
}

static enum MHD_Result
take_field(void *context, enum MHD_ValueKind kind, const char *name, const char *file_name,
	   const char *type, const char *encoding, const char *data, uint64_t offset, size_t size)
{
	struct form *form = context;
	bool taken;

	(void)kind;
	(void)encoding;
	/* Browsers name every field; libmicrohttpd hands over a part without a name as well. */
	if (name == NULL)
		return MHD_YES;
	if (file_name != NULL && form->has_files)
		taken = take_file(form, file_name, type, data, offset, size);
	else
		taken = take_text(form, name, data, size);
	if (!taken && form->fault.cause == FAULT_NONE)
		form->is_too_large = true;
	return taken ? MHD_YES : MHD_NO;
}

bool
form_take(struct form *form, const char *data, size_t size)
{
	form->bytes += size;
	if (form->bytes > form->max)
		form->is_too_large = true;
	if (form->is_too_large || form->is_ignored || form->fault.cause != FAULT_NONE)
		return form->bytes <= ENDLESS * form->max;
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
}

void
form_expect_fields(struct form *form)
{
	form->max = FIELDS_FORM_MAX;
}

void
form_expect_files(struct form *form, uint64_t files_max, const struct spool_settings *spool)
{
	form->has_files = true;
	form->max = files_max + FORM_TEXT_MAX;
	form->spool = spool;
}

const char *
form_field(const struct form *form, const char *name)
{
	const GString *value = g_hash_table_lookup(form->fields, name);

	return value == NULL ? "" : value->str;
}
