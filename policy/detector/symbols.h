/*
 * Text in ASCII, one byte a character, to look for numbers in: with common digits, blanks, dashes
 * and dots, whichever of Unicode's are in the text, and without the characters that nobody sees.
 * Tabs stay: they are also between the cells of a table, as are ASCII's separators of information.
 */
#ifndef POSTSEAL_POLICY_DETECTOR_SYMBOLS_H
#define POSTSEAL_POLICY_DETECTOR_SYMBOLS_H

#include <glib.h>
#include <stdbool.h>

enum {
	SYMBOL_LETTER = 1,  /* a letter other than A to Z */
	SYMBOL_OTHER = '#', /* any other character beyond ASCII */
};

/* Replaces `symbols` by those of the text, which is valid UTF-8. Line ends are '\n'. */
void symbols_read(GString *symbols, const char *text, size_t length);

bool symbol_is_letter(char symbol);

/* May what begins here be a number of its own, rather than a piece of an identifier such as 7f41?
 * Letters may precede it directly, as in "No4111", if there is no other digit beyond them, or if
 * they are a word. */
bool symbols_are_free_before(const char *begin, const char *at);
/* Are the digits a piece of an identifier, such as 7f4111ab: with letters on both sides, and other
 * digits beyond them, on either? */
bool symbols_are_piece(const char *begin, const char *from, const char *to, const char *end);

/* What is between the groups of a number: blanks, a separator, the end of a line. */
struct symbol_gap {
	char separator; /* "-./_'"; '\t': of cells, or tabs in a line; '\0': only blanks and line
			   ends, with tabs beside these */
	bool has_line_end;
	const char *next; /* what follows the gap */
};

/* False if what begins at `at`, such as an empty line, does not separate groups of one number. */
bool symbols_gap(const char *at, const char *end, struct symbol_gap *gap_r);

#endif
