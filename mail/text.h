/*
 * The text of a message as its reader sees it, decoded to UTF-8, for rules that search it.
 *
 * Anything that looks like text is text, whatever its type says: including attached files, files in
 * archives and documents (documents.h), what precedes and follows the parts of a multipart, HTML
 * pages (html_text.h), and the fields of attached messages that readers are shown (shown_fields.h).
 * If readers may see a text in two ways, both are shown, one after the other: text in the character
 * set that is guessed where none is declared, or a wrong one, and as it is said (charset.h); HTML
 * with and without hidden content; flowed lines (flowed.h) as they are and joined; calendar entries
 * and business cards (unfold.h) as they are and unfolded; and once more with invisible characters
 * (such as soft hyphens) removed, letters composed, and every blank replaced by a common one; and
 * where the direction of characters is overridden, in the order in which they are seen
 * (visual_order.h).
 */
#ifndef POSTSEAL_MAIL_TEXT_H
#define POSTSEAL_MAIL_TEXT_H

#include "mail/parts.h"

/* A piece of text: valid UTF-8. The pieces of a part overlap by 64 kB. Returns false to stop. */
typedef bool text_visit(void *visitor, const char *text, size_t length);

/* Visits all text, in pieces of up to 1 MB. */
bool text_each(struct parts *parts, text_visit *visit, void *visitor, struct fault *fault);

/* The text as a reader sees it (see above). NULL if it is the same. Caller frees. */
char *text_as_seen(const char *text, size_t length);

#endif
