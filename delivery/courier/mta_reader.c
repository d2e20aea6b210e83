#include "delivery/courier/mta_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "delivery/courier/mta_log_files.h"

enum { HEAD_BYTES = 128 };

struct mta_reader {
	/* a file */
	char *path;
	FILE *file;
	guint64 inode, offset; /* in `file`, after the last complete line */
	guint head; /* hash of its beginning, as far as it was read: a log that was truncated begins
		       differently */
	char *line;
	size_t line_size;
	/* the journal */
	sd_journal *journal;
	char *process, *text;
};

/* --- a file --- */

/* Hashes the first bytes of a file that was read up to `offset`. */
static guint
hash_head(FILE *file, guint64 offset)
{
	char head[HEAD_BYTES];
	ssize_t got = pread(fileno(file), head, MIN(sizeof head, offset), 0);
	g_autoptr(GBytes) bytes = g_bytes_new_static(head, got < 0 ? 0 : (gsize)got);

	return g_bytes_hash(bytes);
}

static bool
open_log(struct mta_reader *reader, const char *path, struct fault *fault)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (file == NULL || fstat(fileno(file), &status) != 0) {
		fault_set(fault, FAULT_CONFIG, "reading the log of the MTA, %s: %s", path,
			  strerror(errno));
		if (file != NULL)
			fclose(file);
		return false;
	}
	if (reader->file != NULL)
		fclose(reader->file);
	reader->file = file;
	reader->inode = status.st_ino;
	reader->offset = 0;
	reader->head = hash_head(file, 0);
	return true;
}

static guint64
file_size(const struct mta_reader *reader)
{
	struct stat status;

	return fstat(fileno(reader->file), &status) == 0 ? (guint64)status.st_size : 0;
}

static void
warn_of_gap(const struct mta_reader *reader)
{
	log_warning("the log of the MTA, %s, was rotated, and what came before cannot be read: "
		    "what became of some mail remains unknown",
		    reader->path);
}

/* A log that is shorter than it was, or that begins differently, was truncated: it is read from its
 * beginning. */
static void
move_to(struct mta_reader *reader, guint64 offset, guint head)
{
	bool same = offset <= file_size(reader) && hash_head(reader->file, offset) == head;

	reader->offset = same ? offset : 0;
	reader->head = hash_head(reader->file, reader->offset);
	fseeko(reader->file, (off_t)reader->offset, SEEK_SET);
}

static bool
resume_file(struct mta_reader *reader, guint64 inode, guint64 offset, guint head,
	    struct fault *fault)
{
	g_autofree char *renamed =
		reader->inode == inode ? NULL : mta_log_renamed(reader->path, inode);

	if (reader->inode == inode) {
		move_to(reader, offset, head);
	} else if (renamed == NULL) {
		warn_of_gap(reader);
	} else {
		if (!open_log(reader, renamed, fault))
			return false;
		move_to(reader, offset, head);
	}
	return true;
}

static bool
begin_file(struct mta_reader *reader, const char *position, struct fault *fault)
{
	guint64 inode, offset;
	guint head;

	if (!open_log(reader, reader->path, fault))
		return false;
	if (position == NULL) {
		offset = file_size(reader);
		move_to(reader, offset, hash_head(reader->file, offset));
		return true;
	}
	return sscanf(position, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%u", &inode, &offset,
		      &head) != 3 ||
	       resume_file(reader, inode, offset, head, fault);
}

static bool
is_whole(const struct mta_reader *reader, guint64 size)
{
	return size >= reader->offset && hash_head(reader->file, reader->offset) == reader->head;
}

/* The file that was started after the one being read. Caller frees. */
static char *
next_file(const struct mta_reader *reader)
{
	struct stat status;
	bool hidden;
	g_autoptr(GPtrArray) files = NULL;

	if (fstat(fileno(reader->file), &status) != 0)
		return g_strdup(reader->path);
	files = mta_log_files(reader->path, status.st_mtim, &hidden);
	if (hidden)
		warn_of_gap(reader);
	for (guint i = 0; i < files->len; i++) {
		struct stat other;

		if (stat(g_ptr_array_index(files, i), &other) == 0 && other.st_ino != status.st_ino)
			return g_strdup(g_ptr_array_index(files, i));
	}
	return g_strdup(reader->path);
}

/* Is the log now a different file, or shorter? Then the next file is read from its beginning. As
 * long as the new file is empty, the old one may still be written to. */
static bool
follow_rotation(struct mta_reader *reader)
{
	g_autofree char *next = NULL;
	struct stat status;
	struct fault fault;

	if (stat(reader->path, &status) != 0)
		return false;
	if (status.st_ino != reader->inode ? status.st_size == 0
					   : is_whole(reader, (guint64)status.st_size))
		return false;
	next = status.st_ino == reader->inode ? g_strdup(reader->path) : next_file(reader);
	return open_log(reader, next, &fault);
}

/* Only complete lines count: the rest of a line that is being written is read next time. */
static bool
next_line(struct mta_reader *reader)
{
	ssize_t length;

	clearerr(reader->file);
	length = getline(&reader->line, &reader->line_size, reader->file);
	if (length > 0 && reader->line[length - 1] == '\n') {
		reader->line[length - 1] = '\0';
		reader->offset += (guint64)length;
		if (reader->offset < HEAD_BYTES + (guint64)length)
			reader->head = hash_head(reader->file, reader->offset);
		return true;
	}
	fseeko(reader->file, (off_t)reader->offset, SEEK_SET);
	return false;
}

static bool
next_in_file(struct mta_reader *reader, struct mta_entry *entry_r)
{
	do {
		while (next_line(reader))
			if (mta_entry_of(entry_r, reader->line))
				return true;
	} while (follow_rotation(reader));
	return false;
}

/* --- the journal --- */

static bool
begin_journal(struct mta_reader *reader, const struct mta_log *log, const char *directory,
	      const char *position, struct fault *fault)
{
	reader->journal = mta_log_open_journal(log, directory, fault);
	if (reader->journal == NULL)
		return false;
	if (position == NULL || sd_journal_seek_cursor(reader->journal, position) < 0) {
		sd_journal_seek_tail(reader->journal);
		sd_journal_previous(reader->journal);
	} else {
		sd_journal_next(reader->journal); /* the entry that was last read */
	}
	return true;
}

static bool
next_in_journal(struct mta_reader *reader, struct mta_entry *entry_r)
{
	if (sd_journal_next(reader->journal) <= 0)
		return false;
	g_free(reader->process);
	g_free(reader->text);
	reader->process = mta_log_process(reader->journal);
	reader->text = mta_log_field(reader->journal, "MESSAGE");
	*entry_r = (struct mta_entry){reader->process, reader->text};
	return true;
}

/* --- file or journal --- */

struct mta_reader *
mta_reader_new(const struct mta_log *log, const char *position, struct fault *fault)
{
	g_autoptr(mta_reader_auto) reader = g_new0(struct mta_reader, 1);
	const char *directory;
	bool begun;

	reader->path = g_strdup(log->where);
	begun = mta_log_is_journal(log->where, &directory)
			? begin_journal(reader, log, directory, position, fault)
			: begin_file(reader, position, fault);
	return begun ? g_steal_pointer(&reader) : NULL;
}

void
mta_reader_free(struct mta_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->file != NULL)
		fclose(reader->file);
	sd_journal_close(reader->journal);
	free(reader->line);
	g_free(reader->process);
	g_free(reader->text);
	g_free(reader->path);
	g_free(reader);
}

bool
mta_reader_next(struct mta_reader *reader, struct mta_entry *entry_r)
{
	return reader->journal != NULL ? next_in_journal(reader, entry_r)
				       : next_in_file(reader, entry_r);
}

char *
mta_reader_position(const struct mta_reader *reader)
{
	char *cursor = NULL, *position;

	if (reader->journal == NULL)
		return g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%u",
				       reader->inode, reader->offset, reader->head);
	if (sd_journal_get_cursor(reader->journal, &cursor) < 0)
		return g_strdup("");
	position = g_strdup(cursor);
	free(cursor);
	return position;
}
