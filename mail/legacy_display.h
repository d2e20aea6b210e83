/*
 * The legacy display element (RFC 9788 §5.2): a hidden subject is repeated at the beginning of the
 * text, and of the HTML beside it, for mail clients that do not look for it in the protected
 * header. Those which do are told where it stands, and leave it out.
 *
 * It is put in as the text is encoded, so that no other byte changes. Where it cannot stand it is
 * left out: in text whose character set lacks its letters, in HTML in base64, in what is signed,
 * and behind the first 256 kB.
 */
#ifndef POSTSEAL_MAIL_LEGACY_DISPLAY_H
#define POSTSEAL_MAIL_LEGACY_DISPLAY_H

#include "mail/message.h"

/* What to put at the end of the Content-Type of an entity whose text has the element. */
#define LEGACY_DISPLAY_PARAMETER ";\r\n hp-legacy-display=\"1\""

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
