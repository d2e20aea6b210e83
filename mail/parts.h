/*
 * The MIME parts of a message (RFC 2045, RFC 2046), as GMime finds them. Only for looking: nothing
 * is ever printed again from what GMime parsed.
 */
#ifndef POSTSEAL_MAIL_PARTS_H
#define POSTSEAL_MAIL_PARTS_H

#include <gmime/gmime.h>

#include "mail/message.h"

struct parts;

/* The message must outlive it; it is parsed when first asked. More than `most` parts are
 * FAULT_TOO_BIG. */
struct parts *parts_new(const struct message *message, guint most);
void parts_free(struct parts *parts);
typedef struct parts parts_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(parts_auto, parts_free)

const struct message *parts_message(const struct parts *parts);
/* The message as GMime has it; NULL with `fault` filled. Belongs to `parts`. */
GMimeObject *parts_root(struct parts *parts, struct fault *fault);
/* To be asked after anything was read from it: a read that failed looks like an end
 * (mime_stream.h). */
bool parts_are_good(const struct parts *parts, struct fault *fault);

/* Visits every part, also multiparts, and those of attached messages, with transfer encoding or
 * without, and of what is signed within a CMS structure. Where `visit` returns false, the rest is
 * not visited. */
typedef bool parts_visit(GMimeObject *part, void *data);
bool parts_each(struct parts *parts, parts_visit *visit, void *data, struct fault *fault);
/* Do all programs see the same fields in its header and those of its parts (header_shape.h)? */
bool parts_are_clear(struct parts *parts, bool *clear_r, struct fault *fault);
/* After it was visited: does the part hold a message that parts_each() could not look into, or
 * whose headers are not clear? */
bool parts_are_closed(const struct parts *parts, GMimeObject *part);

#endif
