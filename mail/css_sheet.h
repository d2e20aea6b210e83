/*
 * The style sheet of a mail, from an allow-list: rules for elements, classes, names, attributes and
 * states, within media queries; no imports, no fonts. Each rule holds only within the element of
 * one class, in which the mail is shown:
 *
 *	<div class="SCOPE"> <mail-body> …what the mail's body contains… </mail-body> </div>
 *
 * What a rule says of html holds for the outer element, and of body for the inner one.
 */
#ifndef POSTSEAL_MAIL_CSS_SHEET_H
#define POSTSEAL_MAIL_CSS_SHEET_H

#include <glib.h>
#include <stdbool.h>

enum { CSS_SHEET_MAX = 256 * 1024 }; /* bytes of style sheets; what is beyond is left out */

/* Appends what is allowed. `scope` is a class; `media` is the media attribute of the style element,
 * or NULL. Returns false if the sheet refers to a picture elsewhere. */
bool css_append_sheet(const char *sheet, const char *media, const char *scope, GString *out);

#endif
