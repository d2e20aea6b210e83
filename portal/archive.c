#include "portal/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

enum { PIECE_BYTES = 65536 };

struct archive_stream {
	struct archive *zip;
	GByteArray *ready;
	size_t taken;
	struct content_source source;
	struct layout *layout;
	gint64 at;
	guint next;		 /* index of the next attachment */
	struct content *content; /* of the current file, until its end */
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

struct archive_stream *
archive_open(const struct content_source *source, struct layout *layout, gint64 at)
{
	struct archive_stream *archive = g_new0(struct archive_stream, 1);

	archive->source = *source;
	archive->layout = layout;
	archive->at = at;
	archive->ready = g_byte_array_new();
	archive->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	archive->zip = archive_write_new();
	archive_write_set_format_zip(archive->zip);
	archive_write_set_options(archive->zip, "zip:compression-level=1,zip:hdrcharset=UTF-8");
	archive_write_set_bytes_per_block(archive->zip, 0);
	archive_write_open(archive->zip, archive, NULL, take, NULL);
	return archive;
}

void
archive_close(struct archive_stream *archive)
{
	if (archive == NULL)
		return;
	archive_write_free(archive->zip);
	content_close(archive->content);
	layout_free(archive->layout);
	g_byte_array_unref(archive->ready);
	g_hash_table_unref(archive->names);
	sodium_memzero(&archive->source, sizeof archive->source);
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
begin_entry(struct archive_stream *archive, const struct layout_part *part, struct fault *fault)
{
	g_autofree char *name = unused_name(archive, part->name);
	struct archive_entry *entry = archive_entry_new();
	bool begun;

	archive_entry_set_pathname_utf8(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, archive->at, 0);
	begun = archive_write_header(archive->zip, entry) >= ARCHIVE_WARN;
	archive_entry_free(entry);
	archive->content = content_open(&archive->source, part);
	return begun || fail(archive, fault);
}

static bool
go_on(struct archive_stream *archive, struct fault *fault)
{
	g_autofree char *piece = NULL;
	size_t got;

	if (archive->content == NULL) {
		if (archive->next < archive->layout->attachments->len)
			return begin_entry(
				archive,
				g_ptr_array_index(archive->layout->attachments, archive->next++),
				fault);
		archive->ended = true;
		return archive_write_close(archive->zip) == ARCHIVE_OK || fail(archive, fault);
	}
	piece = g_malloc(PIECE_BYTES);
	if (!content_read(archive->content, piece, PIECE_BYTES, &got, fault))
		return false;
	if (got == 0)
		g_clear_pointer(&archive->content, content_close);
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
