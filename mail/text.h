/*
 * The text of a message as its reader sees it, decoded to UTF-8, for rules that search it.
 *
 * Text is what looks like text, whatever its type says: also an attached file, what stands before
 * and behind the parts of a multipart, a page of HTML (html_text.h), and the subject of an attached
 * message. Where readers may see it in two ways, both are shown, one after the other: HTML with
 * what is hidden and without; lines that flow (flowed.h) as they are and joined; calendar entries
 * and business cards (unfold.h) as they are and unfolded; and once more without what nobody sees
 * (soft hyphens and their like), with letters composed and with every blank as a common one.
 */
#ifndef POSTSEAL_MAIL_TEXT_H
#define POSTSEAL_MAIL_TEXT_H

#include "mail/parts.h"

/* A piece of text: valid UTF-8. Pieces of one part overlap by 64 kB. Returns false to see no more.
 */
typedef bool text_visit(void *visitor, const char *text, size_t length);

/* Shows all text, in pieces of up to 1 MB. */
bool text_each(struct parts *parts, text_visit *visit, void *visitor, struct fault *fault);

/* Text as it is seen: see above. NULL where it is the same. Caller frees. */
char *text_as_seen(const char *text, size_t length);

#endif
