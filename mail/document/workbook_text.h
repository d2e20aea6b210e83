/*
 * How workbooks write texts and numbers (ECMA-376 Part 1, SpreadsheetML).
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_WORKBOOK_TEXT_H
#define POSTSEAL_MAIL_DOCUMENT_WORKBOOK_TEXT_H

#include <glib.h>
#include <stdbool.h>

enum { WORKBOOK_NUMBER_MAX = 64 }; /* characters of a cell's number, with a NUL */

/* The head or foot of a page, without codes such as "&L", "&12", "&\"Arial\"" and "&K00FF00"
 * (§18.3.1.46); what begins another section begins a line. */
void workbook_clear_page_edge(GString *text);
/* "_x0041_" in a string stands for A (§22.9.2.19). Returns the new length, which is no larger; the
 * text is not ended by a NUL. */
size_t workbook_unescape(char *text, size_t length);
/* Whole numbers as they are shown, whichever way they are written: "7.561234567897E12". False: it
 * is shown as it is written. */
bool workbook_whole_number(const char *number, char whole_r[WORKBOOK_NUMBER_MAX]);

#endif
