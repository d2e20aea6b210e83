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
 * a typed character stands for, or 0; and the characters allowed between symbols. */
#define CODE_BLANKS " -\t\r\n"
char code_symbol_make(void);
char code_symbol_meant(char typed);

void code_make(struct code *code);
/* Reads what a person typed: lower case, blanks and dashes anywhere, O for 0, I and L for 1. False
 * if it is mistyped: wrong length, symbol or check symbol. */
bool code_read(struct code *code, const char *typed);

#endif
