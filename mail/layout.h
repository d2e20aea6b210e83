/*
 * The layout of a message: what its header tells a reader, and where each part is. GMime finds it
 * out once, and the layout is stored, sealed, with the message: an attachment is then read from
 * where it begins, and no page has to wait for the whole message. This module only reads; nothing
 * that GMime parsed is ever printed again.
 */
#ifndef POSTSEAL_MAIL_LAYOUT_H
#define POSTSEAL_MAIL_LAYOUT_H

#include <glib.h>

#include "core/spool.h"

enum layout_encoding { LAYOUT_IDENTITY, LAYOUT_BASE64, LAYOUT_QUOTED_PRINTABLE };

/* The body as text, and as HTML if any of it is. */
enum layout_view { LAYOUT_IN_TEXT = 1, LAYOUT_IN_HTML = 2 };

struct layout_part {
	char *name;    /* UTF-8, a harmless file name: no folders, no control characters, always an
			  ending */
	char *type;    /* "application/pdf", lower case */
	char *charset; /* of text, as declared, or NULL */
	bool is_flowed, deletes_space; /* format=flowed, delsp=yes (RFC 3676) */
	unsigned views;		       /* of the body: enum layout_view, in which it is shown */
	char *cid;		       /* Content-ID without brackets (RFC 2392), or NULL */
	uint64_t offset;	       /* bytes from the beginning of the message */
	uint64_t length;	       /* bytes, encoded */
	enum layout_encoding encoding;
	struct layout *inner; /* of an attached message, or NULL */
	/* Of a file within the part that is there (layout_unpack.h): only `size` bytes of it, after
	 * `skip`, both decoded. */
	bool is_within;
	uint64_t skip, size;
	bool is_unpacked; /* the files within it are listed as well */
	char *text; /* of the body, UTF-8, if it is nowhere in the message as it is; or NULL */
};

enum { LAYOUT_PICTURES_MAX = 16 * 1024 * 1024 }; /* bytes, for all pictures that the HTML shows */

struct layout {
	/* Decoded, UTF-8; "" if the message has none. */
	char *subject, *from, *to, *cc;
	char *from_address;	       /* of the first mailbox in From */
	char *message_id, *references; /* with brackets */
	char *addresses;	       /* of To and Cc, folded, separated by blanks */
	char *reply_to;		       /* in the same form */
	gint64 date;		       /* seconds since 1970, UTC; 0: none */
	GPtrArray *attachments;	       /* struct layout_part */
	GPtrArray *related;	       /* pictures that the HTML shows by cid: */
	/* What is shown, in order: plain text and HTML, for example between pictures and files (RFC
	 * 2046 §5.1.3). */
	GPtrArray *body; /* struct layout_part */
	bool is_cut;	 /* there are more parts than a message may have */
};

/* `raw` is the whole message. In `related` are all pictures that the HTML could show: call
 * layout_sort_pictures() next. NULL with `fault` filled. */
struct layout *layout_new(const struct spool *raw, struct fault *fault);
/* Of nothing: to be filled. */
struct layout *layout_empty(void);
void layout_part_free(struct layout_part *part);
void layout_free(struct layout *layout);
typedef struct layout layout_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(layout_auto, layout_free)

/* A line as it is shown to people, such as a subject: UTF-8, without characters that change the
 * direction of the text next to it (UAX #9: embeddings, overrides, isolates, marks). Caller frees.
 */
char *layout_line(const char *text);

/* A name to store the whole message under: its subject, without what no file name may contain.
 * Caller frees. */
char *layout_file_name(const struct layout *layout);

/* Only types that browsers show as a plain picture: SVG is a document in its own right. */
bool layout_shows_picture(const char *type);
bool layout_is_html(const struct layout_part *part);
/* Is any of the content that is shown HTML? */
bool layout_has_html(const struct layout *layout);
/* The part that is shown there, counted from 0; NULL: there are no more. */
const struct layout_part *layout_shown(const struct layout *layout, enum layout_view view,
				       guint number);

/* Adds the Content-IDs (g_malloc) of the pictures that the layout's HTML shows. */
typedef void layout_pictures_shown(void *context, const struct layout *layout, GHashTable *shown);
/* Pictures that no HTML shows become attachments; also in attached messages. */
void layout_sort_pictures(struct layout *layout, layout_pictures_shown *ask, void *context);

/* "1" is the second attachment, "1.0" the first one of the message that it is. NULL: there is none.
 */
const struct layout_part *layout_attachment(const struct layout *layout, const char *path);
/* Of the attached message, or of the message itself if `path` is "". */
const struct layout *layout_within(const struct layout *layout, const char *path);
/* Visits all, also those of attached messages; last those whose files were visited before. */
typedef void layout_visit(void *visitor, const char *path, const struct layout_part *part);
void layout_each_attachment(const struct layout *layout, layout_visit *visit, void *visitor);

/* As JSON, for storage; caller frees. */
char *layout_print(const struct layout *layout);
/* NULL if the text was not made by layout_print(). */
struct layout *layout_parse(const char *json);

/* The approximate number of bytes after decoding. */
uint64_t layout_size(const struct layout_part *part);

#endif
