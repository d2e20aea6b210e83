/* What a message's header tells a reader, as struct layout has it. */
#ifndef POSTSEAL_MAIL_LAYOUT_HEADER_H
#define POSTSEAL_MAIL_LAYOUT_HEADER_H

#include <gmime/gmime.h>

#include "mail/layout.h"

void layout_read_header(struct layout *layout, GMimeMessage *message);

#endif
