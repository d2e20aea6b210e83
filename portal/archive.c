#include "portal/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "core/log.h"
#include "portal/large_download.h"

enum {
	PIECE_BYTES = 65536,
	BLOCK_BYTES = 32768, /* sent at once */
};

struct archive_file {
	char *name;
	struct content_source source;
	const struct layout_part *part; /* NULL: the whole message */
	struct large_file *large;	/* if it is one, with its size and key; otherwise NULL */
	struct database *database;
	gint64 at;
};

struct archive_stream {
	struct archive *zip;
	GByteArray *ready;
	size_t taken;
	GPtrArray *files;   /* struct archive_file */
	GPtrArray *layouts; /* that the parts are in */
	guint next;	    /* index of the next file */
	/* Of the current file, until its end; one of the two. */
	struct content *content;
	struct large_file_reader *large;
	GHashTable *names;
	bool ended;
};

static la_ssize_t
take(struct archive *zip, void *context, const void *data, size_t length)
{
	struct archive_stream *archive = context;

	(void)zip;
	g_byte_array_append(archive->ready, data, (guint)length);
	return (la_ssize_t)length;
}

static void
file_free(void *data)
{
	struct archive_file *file = data;

	g_free(file->name);
	if (file->large != NULL)
		large_file_clear(file->large);
	g_free(file->large);
	sodium_memzero(&file->source, sizeof file->source);
	g_free(file);
}

static void
layout_free_later(void *layout)
{
	layout_free(layout);
}

struct archive_stream *
archive_new(void)
{
	struct archive_stream *archive = g_new0(struct archive_stream, 1);

	archive->files = g_ptr_array_new_with_free_func(file_free);
	archive->layouts = g_ptr_array_new_with_free_func(layout_free_later);
	archive->ready = g_byte_array_new();
	archive->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	archive->zip = archive_write_new();
	archive_write_set_format_zip(archive->zip);
	archive_write_set_options(archive->zip, "zip:compression-level=1,zip:hdrcharset=UTF-8");
	archive_write_set_bytes_per_block(archive->zip, 0);
	archive_write_open(archive->zip, archive, NULL, take, NULL);
	return archive;
}

static void
add_file(struct archive_stream *archive, const struct content_source *source, const char *name,
	 const struct layout_part *part, gint64 at)
{
	struct archive_file *file = g_new(struct archive_file, 1);

	*file = (struct archive_file){
		.name = g_strdup(name), .source = *source, .part = part, .at = at};
	g_ptr_array_add(archive->files, file);
}

void
archive_add_large(struct archive_stream *archive, struct database *database,
		  const struct large_file *large, gint64 at)
{
	struct archive_file *file = g_new(struct archive_file, 1);

	*file = (struct archive_file){.name = large_download_name(large),
				      .large = g_new(struct large_file, 1),
				      .database = database,
				      .at = at};
	*file->large = (struct large_file){.id = large->id, .size = large->size, .key = large->key};
	g_ptr_array_add(archive->files, file);
}

void
archive_add_attachments(struct archive_stream *archive, const struct content_source *source,
			struct layout *layout, gint64 at)
{
	for (guint i = 0; i < layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(layout->attachments, i);

		add_file(archive, source, part->name, part, at);
	}
	g_ptr_array_add(archive->layouts, layout);
}

void
archive_add_message(struct archive_stream *archive, const struct content_source *source,
		    const char *name, gint64 at)
{
	add_file(archive, source, name, NULL, at);
}

static void
end_entry(struct archive_stream *archive)
{
	g_clear_pointer(&archive->content, content_close);
	g_clear_pointer(&archive->large, large_file_close);
}

void
archive_close(struct archive_stream *archive)
{
	if (archive == NULL)
		return;
	archive_write_free(archive->zip);
	end_entry(archive);
	g_ptr_array_unref(archive->files);
	g_ptr_array_unref(archive->layouts);
	g_byte_array_unref(archive->ready);
	g_hash_table_unref(archive->names);
	g_free(archive);
}

/* "a.pdf", "a (2).pdf". */
static char *
unused_name(struct archive_stream *archive, const char *name)
{
	const char *dot = strrchr(name, '.');
	int stem = (int)(dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
	char *own = g_strdup(name);

	for (int i = 2; g_hash_table_contains(archive->names, own); i++) {
		g_free(own);
		own = g_strdup_printf("%.*s (%d)%s", stem, name, i, name + stem);
	}
	g_hash_table_add(archive->names, g_strdup(own));
	return own;
}

static bool
fail(const struct archive_stream *archive, struct fault *fault)
{
	const char *why = archive_error_string(archive->zip);

	return fault_set(fault, FAULT_BUG, "making a zip file: %s", why == NULL ? "unknown" : why);
}

static bool
begin_entry(struct archive_stream *archive, const struct archive_file *file, struct fault *fault)
{
	g_autofree char *name = unused_name(archive, file->name);
	struct archive_entry *entry = archive_entry_new();
	bool begun;

	archive_entry_set_pathname_utf8(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, file->at, 0);
	/* Films and the like become no smaller, and whoever waits for them should not have to. */
	if (file->large != NULL) {
		archive_entry_set_size(entry, (la_int64_t)file->large->size);
		archive_write_zip_set_compression_store(archive->zip);
	}
	begun = archive_write_header(archive->zip, entry) >= ARCHIVE_WARN;
	archive_entry_free(entry);
	if (file->large != NULL)
		archive->large = large_file_open(file->database, file->large, 0, file->large->size);
	else
		archive->content = content_open(&file->source, file->part);
	return begun || fail(archive, fault);
}

static bool
read_entry(struct archive_stream *archive, void *piece, size_t *got_r, struct fault *fault)
{
	return archive->large != NULL
		       ? large_file_read(archive->large, piece, PIECE_BYTES, got_r, fault)
		       : content_read(archive->content, piece, PIECE_BYTES, got_r, fault);
}

static bool
go_on(struct archive_stream *archive, struct fault *fault)
{
	g_autofree char *piece = NULL;
	size_t got;

	if (archive->content == NULL && archive->large == NULL) {
		if (archive->next < archive->files->len)
			return begin_entry(
				archive, g_ptr_array_index(archive->files, archive->next++), fault);
		archive->ended = true;
		return archive_write_close(archive->zip) == ARCHIVE_OK || fail(archive, fault);
	}
	piece = g_malloc(PIECE_BYTES);
	if (!read_entry(archive, piece, &got, fault))
		return false;
	if (got == 0)
		end_entry(archive);
	return got == 0 || archive_write_data(archive->zip, piece, got) >= 0 ||
	       fail(archive, fault);
}

bool
archive_pull(struct archive_stream *archive, void *data, size_t size, size_t *got_r,
	     struct fault *fault)
{
	while (archive->taken == archive->ready->len) {
		g_byte_array_set_size(archive->ready, 0);
		archive->taken = 0;
		*got_r = 0;
		if (archive->ended)
			return true;
		if (!go_on(archive, fault))
			return false;
	}
	*got_r = MIN(size, archive->ready->len - archive->taken);
	memcpy(data, archive->ready->data + archive->taken, *got_r);
	archive->taken += *got_r;
	return true;
}

/* In the form that libmicrohttpd requires. */
static ssize_t
pull(void *context, uint64_t position, char *buffer, size_t size)
{
	struct fault fault;
	size_t got = 0;

	(void)position;
	if (archive_pull(context, buffer, size, &got, &fault))
		return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
	log_error("sending to a browser: %s", fault.text);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
close_pulled(void *context)
{
	archive_close(context);
}

struct MHD_Response *
archive_response(struct archive_stream *archive)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull, archive,
						 close_pulled);
}
