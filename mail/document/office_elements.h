/*
 * The elements of office documents that matter to their text, and what each does to it: Office Open
 * XML (ECMA-376, ISO/IEC 29500), in both of its sets of namespaces, what Visio and markup
 * compatibility add to it, and OpenDocument (OASIS ODF 1.3).
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_OFFICE_ELEMENTS_H
#define POSTSEAL_MAIL_DOCUMENT_OFFICE_ELEMENTS_H

#include <glib.h>
#include <stdbool.h>

enum office_effect {
	OFFICE_ASIDE,	  /* its text stands aside: that of every element that is not named here */
	OFFICE_NOTHING,	  /* has no text */
	OFFICE_PARAGRAPH, /* a line, of the texts of elements within */
	OFFICE_FLOW,	  /* the same, with text of its own */
	OFFICE_SPAN,	  /* the text within is shown, in its paragraph */
	OFFICE_DELETED,	  /* the same, but not in each view */
	OFFICE_RUN,
	OFFICE_HIDES_RUN,
	OFFICE_DELETION, /* all runs within are deleted */
	OFFICE_TAB,
	OFFICE_BREAK,
	OFFICE_HYPHEN,
	OFFICE_SOFT_HYPHEN,
	OFFICE_SPACES,
	OFFICE_SYMBOL,
	OFFICE_CELL,
	OFFICE_CELL_VALUE,
	OFFICE_CELL_STRING,
	OFFICE_ROW,
	OFFICE_STRING,
	OFFICE_PHONETIC,  /* how a text is pronounced, above it; or what some show in place of
			     another */
	OFFICE_PAGE_EDGE, /* the head or foot of a page, with codes in its text */
	OFFICE_NAMED,	  /* has a name that is shown */
	OFFICE_VARIABLE,  /* has a value that fields show */
	OFFICE_ITEM,	  /* has a value that a pivot table keeps of its source */
	OFFICE_SAME_ROWS, /* stands for as many rows as it says */
	OFFICE_SAME_CELLS,
	OFFICE_CHANGE,	/* recorded, with a name */
	OFFICE_REMOVAL, /* what was deleted by it */
	OFFICE_REMOVED, /* where it was */
	OFFICE_CIPHER,
};

/* Remembers the last namespace: most elements of a file are of one. */
struct office_names;

struct office_names *office_names_new(void);
void office_names_free(struct office_names *names);

/* `name`: "namespace name", as expat gives it; `around`: the effect of the element around it. */
enum office_effect office_names_effect(struct office_names *names, const char *name,
				       enum office_effect around);

/* Has the attribute a text, or what may be the number of somebody? */
bool office_attribute_tells(const char *name, const char *value);

#endif
