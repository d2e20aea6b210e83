/*
 * What a member wrote, as the browser sent it from the writing page: it is sent, or saved as the
 * next version of its draft. If the draft was saved in another window meanwhile, neither text
 * replaces the other: what was written here becomes a draft of its own.
 */
#ifndef POSTSEAL_PORTAL_WRITTEN_H
#define POSTSEAL_PORTAL_WRITTEN_H

#include "portal/writing_form.h"

struct written {
	struct writing_form form; /* refers to the rest */
	struct mailbox_item parent, draft;
	struct identifier parent_id, draft_id, id;
	struct identifier other; /* the draft, as another window saved it */
	char *to, *subject, *text;
	GArray *kept;		  /* guint: which existing files stay, from 0 */
	const GPtrArray *uploads; /* struct upload: new files, or NULL */
	GPtrArray *large;     /* struct large_file: those of its draft that are whole, or NULL */
	GPtrArray *taken_out; /* identifiers of those that are not to stay, or NULL */
};

/* The fields of the form; "" if it has no such field. */
struct written_fields {
	const char *form, *to, *subject, *text, *reply_kind, *parent, *draft;
};
/* Only takes them over; nothing is opened. Clear it in any case. */
void written_take(const struct written_fields *fields, struct written *written_r);

/* The same from the request's form, with the files that were sent. */
void written_read(const struct request *request, struct written *written_r);
void written_clear(struct written *written);
typedef struct written written_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(written_auto, written_clear)

/* Opens the message that it answers or forwards, and its draft, as far as they still exist. */
bool written_open(const struct request *request, struct written *written, struct fault *fault);
/* Only looks for them, for a page that shows the form again; nothing is opened. */
void written_look(const struct request *request, struct written *written);
/* Does the form keep only files that the message has that it continues or forwards? Call it with
 * that opened. */
bool written_knows_files(const struct written *written);
/* The same for those that were uploaded in pieces. */
bool written_knows_large(const struct request *request, const struct written *written);
/* Nothing was typed, chosen or saved. */
bool written_is_empty(const struct written *written);
/* Can this message be answered or forwarded, whichever `reply_kind` says? */
bool written_may_answer(const struct mailbox_item *item, const char *reply_kind);

enum written_outcome {
	WRITTEN_DONE,
	WRITTEN_BESIDE,	   /* saved as a draft of its own, since its draft was changed meanwhile */
	WRITTEN_CHANGED,   /* not saved or sent: its draft was changed meanwhile */
	WRITTEN_FULL,	   /* not saved or sent: there is no room */
	WRITTEN_TOO_OFTEN, /* not sent: the author wrote to too many people in the past hour */
	WRITTEN_FAILED,	   /* `fault` says why */
};

/* struct addressee: to whom. */
enum written_outcome written_send(struct request *request, struct written *written,
				  const GPtrArray *addressees, struct fault *fault);
/* Afterwards, the form continues the draft that was saved. Files are in it, so a browser does not
 * need to send them again. */
enum written_outcome written_save(struct request *request, struct written *written,
				  struct fault *fault);

#endif
