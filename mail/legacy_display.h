/*
 * The legacy display element (RFC 9788 §5.2): a hidden subject is repeated at the beginning of the
 * text, and of the HTML next to it, for mail clients that do not look for it in the protected
 * header. Clients that do are told that the element is there, and leave it out.
 *
 * It is inserted in the encoded text, so that no other byte changes. It is left out where it cannot
 * be inserted: in text whose character set lacks the subject's letters or does not contain ASCII
 * (UTF-16), in a line that would become too long for a mail, in HTML in base64, in signed content,
 * and after the first 256 kB. In HTML it is inserted where the body begins, never in a comment, an
 * attribute, the title, a script or a style.
 */
#ifndef POSTSEAL_MAIL_LEGACY_DISPLAY_H
#define POSTSEAL_MAIL_LEGACY_DISPLAY_H

#include "mail/message.h"

/* The parameter in the Content-Type of an entity whose text has the element (content_type.h). */
#define LEGACY_DISPLAY_PARAMETER "hp-legacy-display=\"1\""

struct legacy_display {
	bool is_in_root;    /* the root's own text has the element */
	GString *beginning; /* replaces the first bytes of the body */
	uint64_t replaced;  /* how many bytes it replaces */
};

/* `subject` is decoded, UTF-8. */
void legacy_display_make(struct legacy_display *display, const struct message *message,
			 const char *subject);
void legacy_display_clear(struct legacy_display *display);

#endif
