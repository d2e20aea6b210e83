#include "mail/documents.h"

#include <stdio.h>
#include <string.h>

#include "mail/document_kind.h"
#include "mail/mime_stream.h"
#include "mail/parts.h"

enum {
	DEPTH_MAX = 5,			  /* of documents within documents */
	DOCUMENTS_MAX = 500,		  /* of a message */
	FILES_MAX = 10000,		  /* in a document */
	BYTES_MAX = 256 * 1024 * 1024,	  /* of text and files in the documents of a message */
	UNPACKED_MAX = 512 * 1024 * 1024, /* bytes that its archives may unpack to */
	MEMORY_MAX = 16 * 1024,		  /* of a spool */
	PIECE_BYTES = 64 * 1024,
};

/* A way to read a kind of document. */
static const struct {
	enum document_kind kind;
	const char *format;
} formats[] = {{DOCUMENT_ZIP, "zip"},
	       {DOCUMENT_RTF, "rtf"},
	       {DOCUMENT_PDF, "pdf"},
	       {DOCUMENT_TNEF, "tnef"}};

/* A file in a document. */
struct file {
	char *name;
	uint64_t offset, length; /* in the document's spool of files */
};

struct entry {
	struct document document;
	unsigned depth;
	struct spool *part;	   /* the content of a part, or NULL */
	struct spool_part content; /* in that spool, or in the one of the document around */
	struct spool *text, *files;
	GArray *ranges; /* struct file */
};

struct documents {
	struct parts *parts;
	struct documents_settings settings;
	struct spool_settings spools;
	bool is_read;
	GPtrArray *entries; /* struct entry */
	gint64 until;
	/* While documents are read by several threads: */
	GMutex lock;
	GCond changed;
	guint next, active; /* the first that nobody has taken; how many are being read */
	uint64_t bytes, unpacked;
	struct fault fault; /* the first, if its cause is not FAULT_NONE */
};

/* --- making and freeing --- */

static void
clear_file(gpointer file)
{
	g_free(((struct file *)file)->name);
}

/* Takes the place. */
static struct entry *
entry_new(struct documents *documents, GMimeObject *part, char *place, unsigned depth,
	  unsigned kinds)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->document.part = part;
	entry->document.place = place;
	entry->document.kinds = kinds;
	entry->document.names = g_ptr_array_new_with_free_func(g_free);
	entry->document.files = g_ptr_array_new_with_free_func(g_object_unref);
	entry->depth = depth;
	entry->text = spool_new(&documents->spools);
	entry->files = spool_new(&documents->spools);
	entry->ranges = g_array_new(FALSE, FALSE, sizeof(struct file));
	g_array_set_clear_func(entry->ranges, clear_file);
	entry->document.text = entry->text;
	return entry;
}

static void
entry_free(gpointer data)
{
	struct entry *entry = data;

	g_free(entry->document.place);
	g_ptr_array_unref(entry->document.names);
	g_ptr_array_unref(entry->document.files);
	g_array_unref(entry->ranges);
	spool_free(entry->text);
	spool_free(entry->files);
	spool_free(entry->part);
	g_free(entry);
}

struct documents *
documents_new(struct parts *parts, const struct documents_settings *settings)
{
	struct documents *documents = g_new0(struct documents, 1);

	documents->parts = parts;
	documents->settings = *settings;
	documents->spools =
		(struct spool_settings){.directory = settings->directory, .memory_max = MEMORY_MAX};
	documents->entries = g_ptr_array_new_with_free_func(entry_free);
	g_mutex_init(&documents->lock);
	g_cond_init(&documents->changed);
	return documents;
}

void
documents_free(struct documents *documents)
{
	if (documents == NULL)
		return;
	/* Documents within others have their content in the spools of those. */
	while (documents->entries->len > 0)
		g_ptr_array_set_size(documents->entries, (gint)documents->entries->len - 1);
	g_ptr_array_unref(documents->entries);
	g_mutex_clear(&documents->lock);
	g_cond_clear(&documents->changed);
	g_free(documents);
}

void
documents_end_at_character(char *text)
{
	const char *end;

	if (!g_utf8_validate(text, -1, &end))
		text[end - text] = '\0';
}

/* The first reason counts. */
static void
hide(struct entry *entry, bool names, const char *why)
{
	struct document *document = &entry->document;

	if (!document->hides_text)
		g_snprintf(document->why, sizeof document->why, "%s%s",
			   entry->depth > 0 ? "holds a file that " : "",
			   *why == '\0' ? "cannot be read" : why);
	documents_end_at_character(document->why);
	document->hides_text = true;
	document->hides_names |= names;
}

/* --- the parts that are documents --- */

struct ends {
	char beginning[DOCUMENT_BEGINNING];
	size_t beginning_length;
	char end[DOCUMENT_END + PIECE_BYTES];
	size_t end_length;
};

/* Keeps the first and the last bytes of what passes. */
static void
note_ends(struct ends *ends, const char *bytes, size_t length)
{
	size_t most = MIN(length, sizeof ends->beginning - ends->beginning_length);
	size_t kept = MIN(ends->end_length, sizeof ends->end - length);

	memcpy(ends->beginning + ends->beginning_length, bytes, most);
	ends->beginning_length += most;
	memmove(ends->end, ends->end + ends->end_length - kept, kept);
	memcpy(ends->end + kept, bytes, length);
	ends->end_length = kept + length;
}

static unsigned
kinds_of(const struct ends *ends)
{
	size_t most = MIN(ends->end_length, (size_t)DOCUMENT_END);

	return document_kinds_by_beginning(ends->beginning, ends->beginning_length) |
	       document_kinds_by_end(ends->end + ends->end_length - most, most);
}

/* Reads the content of a part: to its end, and to a sink, if there is one. */
static bool
read_part(GMimeObject *part, struct ends *ends, struct sink *sink, struct fault *fault)
{
	GMimeStream *stream = mime_stream_of_part(GMIME_PART(part));
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	bool good = true;
	ssize_t got;

	while (good && (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0) {
		if (ends != NULL)
			note_ends(ends, piece, (size_t)got);
		good = sink == NULL || sink_write(sink, piece, (size_t)got, fault);
	}
	g_object_unref(stream);
	return good;
}

struct search {
	struct documents *documents;
	struct ends ends;
	struct fault *fault;
	bool failed;
};

static bool
add_part(GMimeObject *part, void *data)
{
	struct search *search = data;
	struct documents *documents = search->documents;
	struct entry *entry;
	unsigned kinds;

	if (!GMIME_IS_PART(part))
		return true;
	search->ends.beginning_length = search->ends.end_length = 0;
	read_part(part, &search->ends, NULL, search->fault);
	kinds = kinds_of(&search->ends);
	if (kinds == 0)
		return true;
	entry = entry_new(documents, part, parts_place(documents->parts), 0, kinds);
	g_ptr_array_add(documents->entries, entry);
	if (documents->entries->len > DOCUMENTS_MAX) {
		hide(entry, true, "is one of too many documents");
		return true;
	}
	entry->part = spool_new(&documents->spools);
	search->failed = !read_part(part, NULL, spool_sink(entry->part), search->fault);
	entry->content = (struct spool_part){entry->part, 0, spool_size(entry->part)};
	return !search->failed;
}

/* --- what the reader finds --- */

struct taking {
	struct reader_taker taker;
	struct documents *documents;
	struct entry *entry;
	guint names, ranges; /* that the document had before: it may be read in several ways */
	uint64_t bytes, unpacked;
};

static bool
count_bytes(struct taking *taking, size_t length, struct fault *fault)
{
	struct documents *documents = taking->documents;
	bool good;

	g_mutex_lock(&documents->lock);
	documents->bytes += length;
	good = documents->bytes <= BYTES_MAX;
	g_mutex_unlock(&documents->lock);
	taking->bytes += length;
	return good ||
	       fault_set(fault, FAULT_TOO_BIG, "reading documents: there is too much text in them");
}

/* What is too much does not count: smaller documents are read still. */
static bool
count_unpacked(struct taking *taking, const char *bytes, size_t length, struct fault *fault)
{
	struct documents *documents = taking->documents;
	uint64_t claimed = UNPACKED_MAX;
	bool good;

	memcpy(&claimed, bytes, MIN(length, sizeof claimed));
	g_mutex_lock(&documents->lock);
	good = claimed <= UNPACKED_MAX - documents->unpacked;
	if (good)
		documents->unpacked += claimed;
	g_mutex_unlock(&documents->lock);
	if (good)
		taking->unpacked += claimed;
	return good || fault_set(fault, FAULT_TOO_BIG,
				 "reading documents: there is too much to unpack in them");
}

static bool
take_file(struct entry *entry, const char *name, size_t length, struct fault *fault)
{
	struct file file = {.offset = spool_size(entry->files)};

	if (entry->ranges->len == FILES_MAX)
		return fault_set(fault, FAULT_TOO_BIG, "reading documents: it has too many parts");
	file.name = g_utf8_make_valid(name, (gssize)length);
	g_array_append_val(entry->ranges, file);
	return true;
}

static bool
take_content(struct entry *entry, const char *bytes, size_t length, struct fault *fault)
{
	if (entry->ranges->len == 0)
		return fault_set(fault, FAULT_TOO_BIG, "reading documents: it has no name");
	g_array_index(entry->ranges, struct file, entry->ranges->len - 1).length += length;
	return spool_append(entry->files, bytes, length, fault);
}

/* Text that comes twice is the same text; a file that was cut off would be a damaged one. */
static void
begin(struct reader_taker *taker)
{
	struct taking *taking = (struct taking *)taker;

	g_ptr_array_set_size(taking->entry->document.names, (gint)taking->names);
	g_array_set_size(taking->entry->ranges, taking->ranges);
	g_mutex_lock(&taking->documents->lock);
	taking->documents->bytes -= taking->bytes;
	taking->documents->unpacked -= taking->unpacked;
	g_mutex_unlock(&taking->documents->lock);
	taking->bytes = taking->unpacked = 0;
}

static bool
take(struct reader_taker *taker, enum reader_piece piece, const char *bytes, size_t length,
     struct fault *fault)
{
	struct taking *taking = (struct taking *)taker;
	struct entry *entry = taking->entry;
	g_autofree char *text = NULL;

	if (!count_bytes(taking, length, fault))
		return false;
	switch (piece) {
	case READER_TEXT:
		return spool_append(entry->text, bytes, length, fault);
	case READER_FILE:
		return take_file(entry, bytes, length, fault);
	case READER_CONTENT:
		return take_content(entry, bytes, length, fault);
	case READER_NAME:
		g_ptr_array_add(entry->document.names, g_utf8_make_valid(bytes, (gssize)length));
		return entry->document.names->len <= FILES_MAX ||
		       fault_set(fault, FAULT_TOO_BIG, "reading documents: it has too many parts");
	case READER_UNPACKS:
		return count_unpacked(taking, bytes, length, fault);
	default:
		text = g_utf8_make_valid(bytes, (gssize)length);
		hide(entry, piece == READER_OPAQUE_FILES, text);
		return true;
	}
}

/* --- documents within documents --- */

static bool
read_range(const struct spool *spool, uint64_t offset, char *bytes, size_t length, size_t *got_r,
	   struct fault *fault)
{
	size_t got;

	for (*got_r = 0; *got_r < length; *got_r += got) {
		if (!spool_read(spool, offset + *got_r, bytes + *got_r, length - *got_r, &got,
				fault))
			return false;
		if (got == 0)
			break;
	}
	return true;
}

static bool
read_ends(const struct entry *entry, const struct file *file, struct ends *ends,
	  struct fault *fault)
{
	const size_t beginning = (size_t)MIN(file->length, (uint64_t)DOCUMENT_BEGINNING),
		     end = (size_t)MIN(file->length, (uint64_t)DOCUMENT_END);

	return read_range(entry->files, file->offset, ends->beginning, beginning,
			  &ends->beginning_length, fault) &&
	       read_range(entry->files, file->offset + file->length - end, ends->end, end,
			  &ends->end_length, fault);
}

/* The file as a part, so that it is looked at like an attachment. */
static void
add_file(struct entry *entry, const struct file *file)
{
	GMimePart *part = g_mime_part_new_with_type("application", "octet-stream");
	GMimeStream *all = mime_stream_of_entity(NULL, entry->files);
	GMimeStream *stream = g_mime_stream_substream(all, (gint64)file->offset,
						      (gint64)(file->offset + file->length));
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_BINARY);

	g_mime_part_set_filename(part, file->name);
	g_mime_part_set_content(part, content);
	g_ptr_array_add(entry->document.files, part);
	g_object_unref(content);
	g_object_unref(stream);
	g_object_unref(all);
}

/* Called with the lock. */
static void
add_inner(struct documents *documents, struct entry *around, const struct file *file,
	  unsigned kinds)
{
	struct entry *entry;

	if (around->depth == DEPTH_MAX) {
		hide(around, true, "has documents within each other too deeply");
	} else if (documents->entries->len >= DOCUMENTS_MAX) {
		hide(around, true, "has too many documents within it");
	} else {
		entry = entry_new(documents, around->document.part,
				  g_strdup(around->document.place), around->depth + 1, kinds);
		entry->content = (struct spool_part){around->files, file->offset, file->length};
		g_ptr_array_add(documents->entries, entry);
	}
}

/* Called with the lock. */
static bool
add_files(struct documents *documents, struct entry *entry, struct fault *fault)
{
	g_autofree struct ends *ends = g_new(struct ends, 1);

	for (guint i = 0; i < entry->ranges->len; i++) {
		const struct file *file = &g_array_index(entry->ranges, struct file, i);
		unsigned kinds;

		if (!read_ends(entry, file, ends, fault))
			return false;
		kinds = kinds_of(ends);
		if (kinds == 0)
			add_file(entry, file);
		else
			add_inner(documents, entry, file, kinds);
	}
	return true;
}

/* --- reading --- */

static void
hide_by_fault(struct entry *entry, const struct fault *fault)
{
	const char *reason = strstr(fault->text, ": ");
	g_autofree char *why = g_strdup_printf("cannot be read%s", reason == NULL ? "" : reason);

	hide(entry, true, why);
}

/* Returns false if something else than the document is at fault, such as documents of other
 * messages that keep all processes busy: what is in this one is no other when it is offered again.
 */
static bool
read_as(struct documents *documents, struct entry *entry, const char *format, struct fault *fault)
{
	struct taking taking = {{begin, take},	    documents, entry, entry->document.names->len,
				entry->ranges->len, 0,	       0};

	if (documents->settings.reader == NULL || g_get_monotonic_time() >= documents->until) {
		hide(entry, true, "cannot be read: there is no time for it");
		return true;
	}
	if (reader_take(documents->settings.reader, format, &entry->content, documents->until,
			&taking.taker, fault))
		return true;
	if (fault->cause != FAULT_INPUT && fault->cause != FAULT_TOO_BIG)
		return false;
	hide_by_fault(entry, fault);
	return true;
}

static bool
read_entry(struct documents *documents, struct entry *entry, struct fault *fault)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		if ((entry->document.kinds & formats[i].kind) != 0 &&
		    entry->content.spool != NULL &&
		    !read_as(documents, entry, formats[i].format, fault))
			return false;
	return true;
}

/* Takes one document after the other, also those that are found on the way, until none is left. */
static gpointer
read_entries(gpointer data)
{
	struct documents *documents = data;

	g_mutex_lock(&documents->lock);
	for (;;) {
		struct entry *entry;
		struct fault fault = {0};
		bool good;

		while (documents->next == documents->entries->len && documents->active > 0)
			g_cond_wait(&documents->changed, &documents->lock);
		if (documents->next == documents->entries->len)
			break;
		entry = g_ptr_array_index(documents->entries, documents->next++);
		documents->active++;
		g_mutex_unlock(&documents->lock);
		good = read_entry(documents, entry, &fault);
		g_mutex_lock(&documents->lock);
		documents->active--;
		good = good && add_files(documents, entry, &fault);
		if (!good && documents->fault.cause == FAULT_NONE)
			documents->fault = fault;
		if (!good)
			documents->next = documents->entries->len;
		g_cond_broadcast(&documents->changed);
	}
	g_mutex_unlock(&documents->lock);
	return NULL;
}

/* One document is read by this thread alone, and what is in it as well. */
static void
read_together(struct documents *documents)
{
	const guint helpers = MIN(documents->entries->len, documents->settings.processes);
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	for (guint i = 1; i < helpers; i++)
		g_ptr_array_add(threads, g_thread_new("documents", read_entries, documents));
	read_entries(documents);
	for (guint i = 0; i < threads->len; i++)
		g_thread_join(g_ptr_array_index(threads, i));
}

bool
documents_read(struct documents *documents, struct fault *fault)
{
	g_autofree struct search *search = NULL;

	if (documents->is_read)
		return true;
	search = g_new0(struct search, 1);
	search->documents = documents;
	search->fault = fault;
	g_ptr_array_set_size(documents->entries, 0);
	documents->next = documents->active = 0;
	documents->bytes = documents->unpacked = 0;
	documents->fault = (struct fault){0};
	if (!parts_each(documents->parts, add_part, search, fault) || search->failed)
		return fault_within(fault, "reading the documents in the message");
	documents->until =
		g_get_monotonic_time() + (gint64)documents->settings.seconds * G_USEC_PER_SEC;
	read_together(documents);
	if (documents->fault.cause != FAULT_NONE) {
		*fault = documents->fault;
		return fault_within(fault, "reading the documents in the message");
	}
	documents->is_read = true;
	return true;
}

unsigned
documents_kinds(const struct documents *documents, GMimeObject *part)
{
	for (guint i = 0; documents != NULL && i < documents->entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(documents->entries, i);

		if (entry->depth == 0 && entry->document.part == part)
			return entry->document.kinds;
	}
	return 0;
}

void
documents_each(const struct documents *documents, documents_visit *visit, void *data)
{
	for (guint i = 0; i < documents->entries->len; i++)
		if (!visit(g_ptr_array_index(documents->entries, i), data))
			return;
}

bool
documents_are_good(const struct documents *documents, struct fault *fault)
{
	for (guint i = 0; i < documents->entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(documents->entries, i);

		if (!spool_check(entry->text, fault) || !spool_check(entry->files, fault))
			return fault_within(fault, "reading the documents in the message");
	}
	return true;
}

bool
documents_check(const struct settings *settings, struct fault *fault)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		if (!reader_check(settings, formats[i].format, fault))
			return false;
	return true;
}
