/*
 * The unlock code that a sender tells a recipient by phone: ten symbols of Crockford's base32 in
 * two groups of five, and a check symbol: 7KQ2M-9XW3P-T.
 *
 * The check symbol is the number modulo 37, as Crockford defines it, so that a single wrong symbol,
 * or two exchanged ones, can be distinguished from a wrong code. Only codes whose check symbol is
 * one of the 32 that can be read out are made: 49.8 bits.
 */
#ifndef POSTSEAL_DELIVERY_PARCEL_UNLOCK_CODE_H
#define POSTSEAL_DELIVERY_PARCEL_UNLOCK_CODE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	CODE_SYMBOLS = 10,
	CODE_SHOWN_BYTES = CODE_SYMBOLS + 4, /* two dashes, check symbol, NUL */
};

struct code {
	char symbols[CODE_SYMBOLS + 1]; /* what keys are derived from */
	char shown[CODE_SHOWN_BYTES];	/* what people read */
};

/* The alphabet, also for other modules that let people type codes: a random symbol; the symbol that
 * a typed character stands for, or 0; and the typed text without what may stand between symbols:
 * blanks, dashes and full stops of every kind, as autocorrection makes them. Caller frees. */
char code_symbol_make(void);
char code_symbol_meant(char typed);
char *code_without_marks(const char *typed);

void code_make(struct code *code);
/* Reads what a person typed: lower case, marks between symbols, O for 0, I and L for 1. False
 * if it is mistyped: wrong length, symbol or check symbol. */
bool code_read(struct code *code, const char *typed);

#endif
