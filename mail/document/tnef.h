/*
 * The format "tnef" of postseal-reader: what Outlook packs into winmail.dat (MS-OXTNEF), by
 * libytnef. Tells the texts of the message and its attachments, and the files: those that are
 * attached, its body in RTF or HTML, and messages within, which are TNEF again.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_TNEF_H
#define POSTSEAL_MAIL_DOCUMENT_TNEF_H

#include <glib.h>

/* The library writes to the standard output, which the process does not have. Call before it gives
 * up its files. */
void tnef_start(void);
void tnef_read(const char *document, size_t length, GString *answer);

#endif
