/*
 * The legacy display element (RFC 9788 §5.2): a hidden subject is repeated at the beginning of the
 * text, and of the HTML beside it, for mail clients that do not look for it in the protected
 * header. Those which do are told where it stands, and leave it out.
 *
 * It is put in as the text is encoded, so that no other byte changes. Where it cannot stand it is
 * left out: in text whose character set lacks its letters or is none that ASCII is part of
 * (UTF-16), in a line that would be too long for a mail, in HTML in base64, in what is signed, and
 * behind the first 256 kB. In HTML it stands where the body begins, never in a comment, an
 * attribute, the title, a script or a style.
 */
#ifndef POSTSEAL_MAIL_LEGACY_DISPLAY_H
#define POSTSEAL_MAIL_LEGACY_DISPLAY_H

#include "mail/message.h"

/* The parameter of the Content-Type of an entity whose text has the element (content_type.h). */
#define LEGACY_DISPLAY_PARAMETER "hp-legacy-display=\"1\""

struct legacy_display {
	bool is_in_root;    /* the root's own text has it */
	GString *beginning; /* stands in the place of the body's first bytes */
	uint64_t replaced;  /* how many */
};

/* `subject` is decoded, UTF-8. */
void legacy_display_make(struct legacy_display *display, const struct message *message,
			 const char *subject);
void legacy_display_clear(struct legacy_display *display);

#endif
