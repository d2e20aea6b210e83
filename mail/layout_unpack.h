/*
 * What Outlook packs into winmail.dat (MS-OXTNEF) is read as if it had been sent as it is: the
 * files within become attachments of the message, behind its own, and its text becomes that of a
 * message without any. postseal-reader says where they are; they are given to readers from there.
 * What it cannot read stays a file like others.
 */
#ifndef POSTSEAL_MAIL_LAYOUT_UNPACK_H
#define POSTSEAL_MAIL_LAYOUT_UNPACK_H

#include "core/reader/reader.h"
#include "mail/layout.h"

/* Also in attached messages. `raw` is the whole message; `directory` is for what is copied of it,
 * encrypted. False: there is such a part, and the reader could not be asked, or is NULL, so that it
 * is a file for now. */
bool layout_unpack(struct layout *layout, const struct spool *raw, struct reader *reader,
		   const char *directory);

#endif
