/*
 * The text of an XML file in an office document, as its reader sees it: Office Open XML (ECMA-376,
 * ISO/IEC 29500), in both of its sets of namespaces, and OpenDocument (OASIS ODF 1.3).
 *
 * Text that is in one paragraph is in one line, however it is cut into runs; cells are separated by
 * tabs. A paragraph with hidden or deleted text is shown twice, with that text and without. All
 * other text, such as properties, formulas, field instructions and the texts in attributes
 * (alternative text, the targets of links), follows on lines of its own: nothing in the file is
 * left out, whatever its element is called.
 *
 * No entity but those of XML itself is expanded (ECMA-376 Part 2 §8.1.2 forbids document type
 * declarations).
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_OFFICE_TEXT_H
#define POSTSEAL_MAIL_DOCUMENT_OFFICE_TEXT_H

#include <glib.h>
#include <stdbool.h>

struct office_text;

/* The strings that the cells of a workbook refer to (ECMA-376 Part 1 §18.4). */
struct office_strings {
	GString *text;
	GArray *ends; /* gsize: where each string ends in `text` */
	bool *shown;  /* for each string, whether a cell has it */
};

/* `strings`: the cells refer to them; or, if `fills_strings`, the file defines them. */
struct office_text *office_text_new(struct office_strings *strings, bool fills_strings);
/* Returns false if the file is no XML; the rest is not needed then. */
bool office_text_step(struct office_text *office, const char *bytes, size_t length);
/* Returns NULL, or what hides the text, worded to follow "the part". Frees. */
const char *office_text_end(struct office_text *office);

/* Those that no cell refers to. */
void office_strings_show_rest(struct office_strings *strings);

#endif
