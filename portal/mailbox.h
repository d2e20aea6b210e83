/*
 * The messages that a session may see: those in a member's folders, and those that were opened with
 * link and code. Who may do what with which message is decided here and nowhere else: every
 * identifier that a browser sends goes through mailbox_find(), and nothing of a message is shown,
 * sent or quoted except what mailbox_open() returned.
 */
#ifndef POSTSEAL_PORTAL_MAILBOX_H
#define POSTSEAL_PORTAL_MAILBOX_H

#include <glib.h>

#include "core/reader/reader.h"
#include "core/settings.h"
#include "delivery/parcel/parcel.h"
#include "portal/content.h"
#include "portal/session.h"

enum folder { FOLDER_INBOX, FOLDER_SENT, FOLDER_DRAFTS, FOLDERS };
const char *folder_name(enum folder folder); /* "inbox" */

/* Whose messages they are, and what is needed to open them. */
struct mailbox {
	struct database *database;
	const struct settings *settings;
	const struct spool_settings *spool;
	struct reader *reader;
	const struct session *session;
	const char *network; /* of the browser, for the record */
};

struct mailbox_item {
	struct identifier id; /* of the parcel key */
	struct content_source content;
	struct layout *layout;
	char *sender;	      /* address; for a draft: its author */
	char *recipient;      /* whose copy it is, as in the envelope */
	char *copy, *message; /* in the log, or NULL */
	bool has_folder; /* it is in this member's own mailbox; otherwise it was opened with link
			    and code */
	enum folder folder;
	bool is_read;	       /* it was opened */
	bool is_shown_as_read; /* in lists, where its owner may have marked it otherwise */
	gint64 at, expires_at;
	char *receipt;		    /* the receipt's form, as the rule asks, or NULL */
	char *answers, *reply_kind; /* for a draft: the message that it answers (parcel key), and
				       how; or NULL */
	char *draft; /* for a draft: the identifier that it keeps when it is saved again */
};

/* The member's content key, from its fast form or from the form sealed to the account, in the
 * column after that. */
bool mailbox_unwrap_key(const struct session *session, const char *id, const PGresult *result,
			int row, int kept_column, struct seal_key *content_r, bool *was_sealed_r,
			struct fault *fault);
/* The same; the form sealed to the account is then converted to the fast one. */
bool mailbox_open_key(struct connection *connection, const struct session *session, const char *id,
		      const PGresult *result, int row, int kept_column, struct seal_key *content_r,
		      struct fault *fault);

/* *found_r: the message exists, and this session may read it. Nothing of it was opened, and its
 * layout is NULL. Clear the item in either case. */
bool mailbox_find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r,
		  bool *found_r, struct fault *fault);
/* Which part of it the reader will be given. */
struct mailbox_use {
	enum {
		MAILBOX_TEXT,
		MAILBOX_ORIGINAL,
		MAILBOX_ATTACHMENT,
		MAILBOX_PREVIEW, /* of an attachment */
		MAILBOX_ALL_ATTACHMENTS,
		MAILBOX_ADDED_FILE, /* by its sender (portal/sender_file.h) */
		MAILBOX_BESIDE,	    /* a large file, which is not in the message itself */
	} part;
	const char *attachment; /* its path (layout_attachment()) */
	unsigned number;	/* of the file, from 1 */
	bool without_layout;	/* a message that is not parsed yet need not be */
};
/* The same, for a message to be shown or downloaded: reads (and stores) the layout. Before this
 * returns, the access is recorded; for the first opening of a received message, the sender is told,
 * and only the reader has the key from then on. *found_r: the attachment exists as well. */
bool mailbox_open(const struct mailbox *mailbox, const char *id, const struct mailbox_use *use,
		  struct mailbox_item *item_r, bool *found_r, struct fault *fault);
/* Shows a message of the member's own inbox as read or unread, in the open batch; `id` is that of a
 * parcel key. The sender is told of the opening, not of this. */
bool mailbox_mark(struct connection *connection, const struct session *session, const char *id,
		  bool is_read, struct fault *fault);
/* Was it sent to this session's reader by someone else? Only such a message can be answered. */
bool mailbox_is_received(const struct mailbox_item *item);
void mailbox_item_clear(struct mailbox_item *item);
typedef struct mailbox_item mailbox_item_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(mailbox_item_auto, mailbox_item_clear)

/* What the member wrote: the open parcel is also put into a folder of the member's, in the open
 * batch. */
struct mailbox_own {
	struct identifier id; /* of the parcel key */
	enum folder folder;
	const char *draft; /* the identifier of a draft, or NULL */
	const char *answers, *reply_kind;
	uint64_t lifetime; /* seconds */
};
/* `keys` NULL: the account is not open, and the message is sealed to it. */
bool mailbox_put(struct parcel_writer *parcel, const struct account *account,
		 const struct account_keys *keys, const struct mailbox_own *own,
		 struct fault *fault);
/* Call at the end of the batch: is there room for what the member wrote? If not, the batch fails,
 * and mailbox_is_full() tells so. */
bool mailbox_need_room(struct connection *connection, const struct account *account,
		       const struct settings *settings, struct fault *fault);
bool mailbox_is_full(const struct connection *connection);
/* Removes the version of a draft that is saved again, or was sent, silently, in the open batch;
 * `version` NULL: it was not saved yet. If it was saved, sent or deleted meanwhile, the batch
 * fails, and mailbox_is_changed() tells so. */
bool mailbox_replace_draft(struct connection *connection, const struct account *account,
			   const char *draft, const char *version, struct fault *fault);
bool mailbox_is_changed(const struct connection *connection);
/* The present version of a draft; *found_r: there is one. */
bool mailbox_draft_version(struct connection *connection, const struct session *session,
			   const char *draft, struct identifier *version_r, bool *found_r,
			   struct fault *fault);

/* Deletes it at its owner's request: nothing is kept but the record, which says whether it was ever
 * opened. Only for messages in the owner's mailbox. */
bool mailbox_delete(struct connection *connection, const struct settings *settings,
		    struct mailbox_item *item, struct fault *fault);

/* Content keys that were opened with link and code move into the account's mailbox if they were
 * sent to its address. Their senders are trusted from now on, unless that trust was revoked after
 * the code was made. In the open batch. */
struct mailbox_adoption {
	const struct account *account;
	const struct account_keys *keys;
	const GPtrArray *opened;  /* struct session_opened */
	const GPtrArray *senders; /* of these, from mailbox_senders() */
	const struct settings *settings;
};
struct mailbox_sender {
	char *shown;	    /* as the message has it */
	char *address;	    /* folded */
	char *code_made_at; /* in the database's notation */
	char *message;	    /* that the code is for: its identifier in the log */
	/* The code went to the sender, or to a telephone that the sender is known to have named. */
	bool has_handed_over;
};
/* struct mailbox_sender for those of the opened messages that were sent to this address; NULL for
 * others. */
GPtrArray *mailbox_senders(struct connection *connection, const char *address,
			   const GPtrArray *opened, struct fault *fault);
bool mailbox_adopt(struct connection *connection, const struct mailbox_adoption *adoption,
		   struct fault *fault);

#endif
