/*
 * Which parts of a message are shown as its text, which are pictures that the HTML may show, and
 * which are listed as attachments. Every part is one of these; of the same text in several forms
 * (multipart/alternative), the plain form is shown as text and the other as HTML (RFC 2046 §5.1).
 */
#ifndef POSTSEAL_MAIL_LAYOUT_PARTS_H
#define POSTSEAL_MAIL_LAYOUT_PARTS_H

#include <gmime/gmime.h>

#include "mail/layout.h"

/* `message` was parsed from `raw`. */
void layout_take_parts(struct layout *layout, const struct spool *raw, GMimeMessage *message);

#endif
