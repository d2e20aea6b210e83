/* The names of attached files, as they are shown and offered for download. */
#ifndef POSTSEAL_MAIL_LAYOUT_NAMES_H
#define POSTSEAL_MAIL_LAYOUT_NAMES_H

#include <glib.h>

/* `name` as the message has it, or NULL; `type` in lower case; `number` counts the parts from 0.
 * The result has no folders, no invisible characters, none that change the direction of text, and
 * an ending by which a phone finds a program that opens the file. Caller frees. */
char *layout_name(const char *name, const char *type, guint number);

#endif
