/*
 * Sends a message that a member has written, or stores it as a draft: the record, the mail to the
 * company, the parcel for the author's folder and for other members, and the deletion of the
 * earlier draft, in one commit.
 */
#ifndef POSTSEAL_PORTAL_SENDING_H
#define POSTSEAL_PORTAL_SENDING_H

#include "audit/audit.h"
#include "portal/addressee.h"
#include "portal/author.h"
#include "portal/composition.h"
#include "portal/large_link.h"

/* The message itself, whoever makes it. */
struct sending_content {
	const char *message_id;	  /* with brackets */
	const char *to, *subject; /* as lists of messages show them, UTF-8 */
	const GPtrArray *files;	  /* names that it can be found by, UTF-8 */
	bool smtputf8;		  /* its header needs it (RFC 6531) */
	/* Writes header and body, the same each time but for whom it is from. */
	bool (*write)(const void *data, const struct composition_author *from, struct sink *sink,
		      struct fault *fault);
	const void *data;
};

/* What the author uploaded for it beforehand. */
struct sending_files {
	struct large_file_place place;
	const GPtrArray *beside; /* struct large_file: they go beside the message */
	const GPtrArray *links;	 /* struct large_link: to the same, for mail to the company */
	const GPtrArray *ended;	 /* identifiers of those that were taken out, or are within it */
};

struct sending {
	const struct author *author;
	struct sending_content content;
	const GPtrArray *addressees; /* struct addressee; NULL: it is stored as a draft */
	/* The draft that it is, or NULL, and the version of it that was continued, or NULL. */
	const char *draft, *version;
	struct sending_files files;
	struct mailbox_own own;	   /* its place in the author's mailbox */
	struct identifier message; /* in the log */
	/* Derived from what was sent to us: if that comes twice, the message goes out once, as far
	 * as audit_end_past_offer() says. */
	unsigned char identity[AUDIT_IDENTITY_BYTES];
	uint64_t size; /* bytes; filled in */
	/* Filled in on failure: there is no room; the draft was changed meanwhile; or the author
	 * has written to too many people in the past hour. */
	bool is_full, is_changed, is_too_often;
};

/* What the author is told of `is_too_often`, to be translated. */
extern const char sending_too_often[];

/* Goes mail to the company? */
bool sending_is_to_company(const struct sending *sending);
/* *again_r: the message went out before, which is on record; nothing else was done. */
bool sending_commit(struct sending *sending, bool *again_r, struct fault *fault);

#endif
