/*
 * Identification numbers in running text, in the ways in which people write them: in one piece or
 * in groups, separated by blanks, dashes, dots or line ends.
 *
 * The time is linear in the length of the text, whatever is in it: the groups are visited once, and
 * from each only as many more as one number can have.
 */
#ifndef POSTSEAL_POLICY_DETECTOR_NUMBERS_H
#define POSTSEAL_POLICY_DETECTOR_NUMBERS_H

#include <glib.h>
#include <stdbool.h>

enum number { NUMBER_CARD, NUMBER_IBAN, NUMBER_AHV, NUMBER_SSN, NUMBER_KINDS };

enum { NUMBER_LENGTH_MAX = 34 }; /* an IBAN */

/* A number that was found. */
struct number_found {
	enum number kind;
	const char *compact; /* digits and capital letters only */
	size_t length;
	const char *from, *to; /* as it is written, in symbols */
};
typedef void number_report(void *context, const struct number_found *found);

/* Reports every number of the kinds wanted, a bit each; the same one more than once if it stands
 * there more than once; of those of a kind that share digits, as many as have room beside each
 * other. `symbols`: of the text (symbols.h).
 */
void numbers_each(const GString *symbols, unsigned wanted, number_report *report, void *context);

/* --- for the kinds --- */

/* How far a text has been searched for words beside numbers. */
struct number_words {
	const char *next, *last; /* what is searched next; where the last word began */
};

/* Consecutive groups of digits that may be one number. */
struct number_window {
	const char *begin, *end; /* of all symbols */
	const char *from, *to;	 /* of the groups */
	char digits[NUMBER_LENGTH_MAX + 1];
	size_t length;
	size_t lengths[NUMBER_LENGTH_MAX]; /* of the groups */
	size_t groups;
	char separator;		   /* between the first two groups, as in struct symbol_gap */
	bool ends_behind_line_end; /* is the last group on a line of its own? */
	bool ends_in_other_cell;   /* is it behind a tab, and not each group? */
	bool has_one_separator;	   /* the same between all groups */
	/* The same separators lead to it from another group, or on to one. */
	bool is_behind, goes_on;
	struct number_words *words;
};

/* A kind of number that has digits only. */
struct number_kind {
	size_t least, most;		    /* digits */
	bool (*begins)(const char *digits); /* at least three */
	bool (*is_valid)(const char *digits, size_t length);
	/* Are these the groups in which the number is written? */
	bool (*is_grouped)(const struct number_window *window);
	bool any_even_groups; /* also in groups of equal length, if no other digits are near */
};

extern const struct number_kind number_card, number_ahv, number_ssn;

/* Is it in one piece, and behind a decimal point, 0.4111111111111111, rather than a cell of a list
 * that commas or dots separate? */
bool number_is_fraction(const struct number_window *window);
/* Do words nearby say that the number is a social security number? Windows come in the order of
 * the text. */
bool number_has_words(const struct number_window *window);

struct number_iban {
	char compact[NUMBER_LENGTH_MAX + 1];
	size_t length;
	const char *from, *to; /* as it is written */
};

/* Is there an IBAN whose check digits begin at `digits`? */
bool number_iban_at(const char *begin, const char *digits, const char *end,
		    struct number_iban *iban_r);
/* Does the number begin within an IBAN? What only looks like one hides nothing. */
bool number_is_in_iban(const char *begin, const struct number_window *window, const char *end);

#endif
