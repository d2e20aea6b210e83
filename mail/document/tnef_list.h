/*
 * Formats of postseal-reader for those who read a message that Outlook packed into winmail.dat
 * (MS-OXTNEF), by libytnef.
 *
 * "tnef list" tells where in the document each attached file is, so that it is given to its reader
 * from there. The answer is read by mail/layout_unpack.c: fields "name=value", each followed by a
 * NUL. "subject", "text" (UTF-8), "html" (its place) and "rtf" (there is such a body) are of the
 * message. "file" with its name begins a file, and its "type" and "place" follow; a place is an
 * offset and a length, in bytes, separated by a blank. If the file is a message within the message,
 * its own fields follow between "message" and "end". "cut" says that there are more files.
 *
 * "tnef body" tells the text of the compressed body, as the format "rtf" does.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_TNEF_LIST_H
#define POSTSEAL_MAIL_DOCUMENT_TNEF_LIST_H

#include <glib.h>

void tnef_list_read(const char *document, size_t length, GString *answer);
void tnef_list_read_body(const char *document, size_t length, GString *answer);

#endif
