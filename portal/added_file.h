/*
 * The files beside a message, for those who can open it: large ones that came with it, and those
 * that its sender has added since (portal/sender_file.h), with their list on the message's page and
 * the download.
 */
#ifndef POSTSEAL_PORTAL_ADDED_FILE_H
#define POSTSEAL_PORTAL_ADDED_FILE_H

#include "portal/archive.h"
#include "portal/large_file.h"
#include "portal/mailbox.h"
#include "portal/request.h"
#include "portal/web/page.h"

struct added_file {
	const struct large_file *file;
	unsigned number;
	gint64 added_at;
};
struct added_files {
	GPtrArray *all; /* struct large_file, of the parcel; also what was taken out of it */
	GArray *added;	/* struct added_file */
};
/* Needs the request's connection. Clear it in either case. */
bool added_files_find(const struct request *request, const struct mailbox_item *item,
		      struct added_files *files_r, struct fault *fault);
void added_files_clear(struct added_files *files);
typedef struct added_files added_files_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(added_files_auto, added_files_clear)

/* Of those that came with the message. */
guint added_files_count_own(const struct added_files *files);

/* The list on the message's page; without any, it is left out. */
void added_files_show(const struct request *request, struct page *page,
		      const struct mailbox_item *item, const struct added_files *files);

/* Adds all of them to the archive; that they are given out is on record. */
bool added_files_pack(struct request *request, const struct mailbox_item *item,
		      struct archive_stream *archive, struct fault *fault);

/* GET /added/MESSAGE/FILE: the file, or a range of its bytes. */
serve_request added_file_download;

#endif
