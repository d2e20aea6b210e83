/*
 * The MIME parts of a message (RFC 2045, RFC 2046), as GMime finds them. They are only for reading:
 * nothing that GMime parsed is ever printed again.
 */
#ifndef POSTSEAL_MAIL_PARTS_H
#define POSTSEAL_MAIL_PARTS_H

#include <gmime/gmime.h>

#include "mail/documents.h"
#include "mail/message.h"
#include "mail/reading_limit.h"

struct parts;

/* The message must outlive the result, and is parsed on first use. More than `most` parts are
 * FAULT_TOO_BIG. */
struct parts *parts_new(const struct message *message, uint64_t most);
void parts_free(struct parts *parts);
typedef struct parts parts_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(parts_auto, parts_free)

/* From now on, documents among the parts are read (documents.h). */
void parts_read_documents(struct parts *parts, const struct documents_settings *settings);
/* NULL: they are not. */
struct documents *parts_documents(const struct parts *parts);

const struct message *parts_message(const struct parts *parts);
/* The message as GMime has it; NULL with `fault` filled. Owned by `parts`. */
GMimeObject *parts_root(struct parts *parts, struct fault *fault);
/* Call after reading anything from the parts: a failed read looks like an end (mime_stream.h), and
 * so do names that are too many. */
bool parts_are_good(const struct parts *parts, struct fault *fault);

/* Visits every part: also multiparts, the parts of attached messages (with a transfer encoding or
 * without), and the signed content of a CMS structure. Stops when `visit` returns false. */
typedef bool parts_visit(GMimeObject *part, void *data);
bool parts_each(struct parts *parts, parts_visit *visit, void *data, struct fault *fault);
/* Do all programs see the same fields in the message's header and in those of its parts
 * (header_shape.h), and the same parts (boundary_lines.h)? `*why_r` says why not, worded to follow
 * "The message cannot be inspected: "; NULL: they do. */
bool parts_are_clear(struct parts *parts, const char **why_r, struct fault *fault);
/* All forms of all names of a part (file_names.h), owned by `parts`; some are missing if there are
 * too many to be looked at (reading_limit.h), which parts_each() and parts_are_good() tell. */
const GPtrArray *parts_file_names(struct parts *parts, GMimeObject *part);
/* The limit of that, for those who find names in what the parts hold. */
struct reading_limit *parts_reading_limit(struct parts *parts);
/* Which part is visited just now, such as "part 2, text/csv", counted without multiparts. Caller
 * frees. */
char *parts_place(const struct parts *parts);
/* Says what parts_place() says from now on: documents are read after all parts, but what is found
 * in one was in its part. Must outlive that; NULL: the part that is visited, again. */
void parts_be_at(struct parts *parts, const char *place);
/* After the visit: does the part hold a message that parts_each() could not parse, or whose headers
 * are not clear? */
bool parts_are_closed(struct parts *parts, GMimeObject *part);

#endif
