/*
 * Files that its sender has added to a message (portal/sender_file.h), for those who can open it:
 * their list on the message's page, and the download.
 */
#ifndef POSTSEAL_PORTAL_ADDED_FILE_H
#define POSTSEAL_PORTAL_ADDED_FILE_H

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
	GPtrArray *all; /* struct large_file, of the parcel */
	GArray *added;	/* struct added_file */
};
/* Needs the request's connection. Clear it in either case. */
bool added_files_find(const struct request *request, const struct mailbox_item *item,
		      struct added_files *files_r, struct fault *fault);
void added_files_clear(struct added_files *files);
typedef struct added_files added_files_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(added_files_auto, added_files_clear)

/* The list on the message's page; without any, it is left out. */
void added_files_show(const struct request *request, struct page *page,
		      const struct mailbox_item *item, const struct added_files *files);

/* GET /added/MESSAGE/FILE: the file, or a range of its bytes. */
serve_request added_file_download;

#endif
