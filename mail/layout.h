/*
 * The layout of a message: what its header says to a reader, and where each part lies. It is
 * found out once, by GMime, and then kept beside the message, sealed: so an attachment is read
 * from where it begins, and no page waits for the whole message. Only looks; nothing is printed
 * again from what GMime parsed.
 */
#ifndef POSTSEAL_MAIL_LAYOUT_H
#define POSTSEAL_MAIL_LAYOUT_H

#include <glib.h>

#include "core/spool.h"

enum layout_encoding { LAYOUT_IDENTITY, LAYOUT_BASE64, LAYOUT_QUOTED_PRINTABLE };

struct layout_part {
	char *name; /* UTF-8, a harmless file name: no folders, no control characters, an ending */
	char *type; /* "application/pdf", small letters */
	char *charset;		       /* of text, as declared, or NULL */
	bool is_flowed, deletes_space; /* format=flowed, delsp=yes (RFC 3676) */
	bool has_plain;		       /* HTML whose text the plain form of the body says as well */
	char *cid;		       /* Content-ID without brackets (RFC 2392), or NULL */
	uint64_t offset;	       /* bytes from the beginning of the message */
	uint64_t length;	       /* bytes, encoded */
	enum layout_encoding encoding;
};

enum { LAYOUT_PICTURES_MAX = 16 * 1024 * 1024 }; /* bytes, of all that the HTML shows */

struct layout {
	/* Decoded, UTF-8; "" where the message has none. */
	char *subject, *from, *to, *cc;
	char *from_address;	       /* of the first mailbox */
	char *message_id, *references; /* with brackets */
	char *addresses;	       /* of To and Cc, folded, separated by blanks */
	char *reply_to;		       /* in the same form */
	gint64 date;		       /* seconds since 1970, UTC; 0: none */
	GPtrArray *attachments;	       /* struct layout_part */
	GPtrArray *related;	       /* images for the HTML to show by cid: */
	/* The body, in both forms where it has them, or NULL; and what goes on with it, in its
	 * order: plain text and HTML, as between pictures and files (RFC 2046 §5.1.3). */
	struct layout_part *text, *html;
	GPtrArray *further; /* struct layout_part */
};

/* `raw` is the whole message. NULL with `fault` filled. */
struct layout *layout_new(const struct spool *raw, struct fault *fault);
void layout_free(struct layout *layout);
typedef struct layout layout_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(layout_auto, layout_free)

/* A line as people are shown it, such as a subject: UTF-8, without what turns the direction of
 * reading round for what stands beside it (UAX #9: embeddings, overrides, isolates, marks). Caller
 * frees. */
char *layout_line(const char *text);

/* SVG is a document of its own; what browsers show as a picture and nothing else is taken. */
bool layout_shows_picture(const char *type);
bool layout_is_html(const struct layout_part *part);
/* Is any of what is shown HTML? */
bool layout_has_html(const struct layout *layout);

/* As JSON, to be kept; caller frees. */
char *layout_print(const struct layout *layout);
/* NULL for what layout_print() has not made. */
struct layout *layout_parse(const char *json);

/* About how many bytes it has once decoded. */
uint64_t layout_size(const struct layout_part *part);

#endif
