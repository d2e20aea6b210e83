/*
 * Named character references of HTML (HTML standard, 13.5). The table is made by
 * contrib/html-entities.
 */
#ifndef POSTSEAL_MAIL_HTML_ENTITIES_H
#define POSTSEAL_MAIL_HTML_ENTITIES_H

#include <stddef.h>

enum { HTML_ENTITY_MAX = 32 }; /* bytes of the longest name, with its semicolon */

/* The text, UTF-8, of the longest name that `name`, which follows the ampersand, begins with;
 * *used_r is how long that is. NULL: none. */
const char *html_entity(const char *name, size_t length, size_t *used_r);

#endif
