/*
 * The messages a session may see: those of a member's folders, and those that were opened with link
 * and code. Who may do what with which message is decided here, in one place: every identifier that
 * a browser sends goes through mailbox_find(), and nothing of a message is shown, sent or quoted
 * but what mailbox_open() gave.
 */
#ifndef POSTSEAL_PORTAL_MAILBOX_H
#define POSTSEAL_PORTAL_MAILBOX_H

#include <glib.h>

#include "core/settings.h"
#include "delivery/parcel/parcel.h"
#include "portal/content.h"
#include "portal/session.h"

enum folder { FOLDER_INBOX, FOLDER_SENT, FOLDER_DRAFTS, FOLDERS };
const char *folder_name(enum folder folder); /* "inbox" */

enum { MAILBOX_PAGE = 25 }; /* messages */

struct mailbox_entry {
	struct identifier id;	   /* of the parcel key */
	char *subject, *from, *to; /* UTF-8 */
	char *sender;		   /* address */
	gint64 at, expires_at;	   /* seconds since 1970, UTC */
	bool is_unread;
	char *states; /* of what was sent: "alice@example.com sent; …", or "" */
};

struct mailbox_question {
	enum folder folder;
	const char *sender;	   /* part of the sender's address; "" : any */
	const char *since, *until; /* "2026-11-24"; "": any */
	const char *before;	   /* identifier: the page after it; "": the first */
};

/* Whose messages they are, and what looking into them needs. */
struct mailbox {
	struct database *database;
	const struct settings *settings;
	const struct spool_settings *spool;
	const struct session *session;
	const char *network; /* of the browser, for the record */
};

/* struct mailbox_entry, newest first, freed by the array; NULL with `fault` filled. */
GPtrArray *mailbox_list(struct connection *connection, const struct session *session,
			const struct mailbox_question *question, bool *more_r, struct fault *fault);

struct mailbox_item {
	struct identifier id; /* of the parcel key */
	struct content_source content;
	struct layout *layout;
	char *sender;	      /* address; of a draft: its author */
	char *recipient;      /* whose copy it is, as the envelope had it */
	char *copy, *message; /* in the log, or NULL */
	bool has_folder; /* it is in this member's own mailbox; otherwise link and code opened it */
	enum folder folder;
	bool is_read;
	gint64 at, expires_at;
	char *receipt;		    /* its form, as the rule says, or NULL */
	char *answers, *reply_kind; /* of a draft: which message (parcel key), and how; or NULL */
};

/* *found_r: it is there, and this session may read it. Nothing of it was looked at, and its layout
 * is NULL. Clear it in any case. */
bool mailbox_find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r,
		  bool *found_r, struct fault *fault);
/* What of it the reader is to be given. */
struct mailbox_use {
	enum {
		MAILBOX_TEXT,
		MAILBOX_ORIGINAL,
		MAILBOX_ATTACHMENT,
		MAILBOX_ALL_ATTACHMENTS,
	} part;
	guint attachment; /* which, from 0 */
};
/* The same, to be shown or downloaded: reads (and keeps) the layout. That it is, and the first
 * opening of what was received, is on record, the latter told to the sender, and nobody but its
 * reader has the key, before this returns. *found_r: the attachment is there, too. */
bool mailbox_open(const struct mailbox *mailbox, const char *id, const struct mailbox_use *use,
		  struct mailbox_item *item_r, bool *found_r, struct fault *fault);
/* Was it sent to this session's reader by somebody else? Only such a message can be answered. */
bool mailbox_is_received(const struct mailbox_item *item);
void mailbox_item_clear(struct mailbox_item *item);
typedef struct mailbox_item mailbox_item_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(mailbox_item_auto, mailbox_item_clear)

/* What the member wrote: the open parcel goes into a folder of theirs too. In the open batch. */
struct mailbox_own {
	enum folder folder;
	const char *answers, *reply_kind;
	uint64_t lifetime; /* seconds */
};
bool mailbox_put(struct parcel_writer *parcel, const struct session *session,
		 const struct mailbox_own *own, struct fault *fault);
/* At the end of the batch: whether what the member wrote has room. If not, the batch fails, and
 * mailbox_is_full() says so. */
bool mailbox_need_room(struct connection *connection, const struct session *session,
		       const struct settings *settings, struct fault *fault);
bool mailbox_is_full(const struct connection *connection);
/* Takes it out of the mailbox, without a word; in the open batch. */
bool mailbox_drop(struct connection *connection, const struct mailbox_item *item,
		  struct fault *fault);

/* Its owner wants it gone: nothing of it stays but the record, which says whether it was ever
 * opened. Only for what is in their mailbox. */
bool mailbox_delete(struct connection *connection, const struct settings *settings,
		    struct mailbox_item *item, struct fault *fault);

/* Content keys that were opened by link and code move into the account's mailbox, where they belong
 * to its address. Their senders are trusted from now on, unless that trust was revoked after the
 * code was made. In the open batch. */
struct mailbox_adoption {
	const struct account *account;
	const struct account_keys *keys;
	const GPtrArray *opened;  /* struct session_opened */
	const GPtrArray *senders; /* of those, from mailbox_senders() */
};
struct mailbox_sender {
	char *address;	    /* folded */
	char *code_made_at; /* as the database writes times */
};
/* struct mailbox_sender of those of the opened that were sent to this address; NULL for others. */
GPtrArray *mailbox_senders(struct connection *connection, const char *address,
			   const GPtrArray *opened, struct fault *fault);
bool mailbox_adopt(struct connection *connection, const struct mailbox_adoption *adoption,
		   struct fault *fault);

#endif
