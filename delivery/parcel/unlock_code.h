/*
 * The unlock code that a sender tells a recipient over the telephone: ten symbols of
 * Crockford's base32 in two groups of five, and a check symbol: 7KQ2M-9XW3P-T.
 *
 * The check symbol is the number modulo 37, as Crockford has it, so that any one wrong symbol
 * and any two exchanged ones are told from a wrong code. Only codes are made whose check
 * symbol is one of the 32 that can be read out: 49.8 bits.
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

/* The alphabet is for others who let people type codes, too: a symbol of it by chance; the one that
 * was meant by what was typed, or 0; and what may stand between symbols. */
#define CODE_BLANKS " -\t\r\n"
char code_symbol_make(void);
char code_symbol_meant(char typed);

void code_make(struct code *code);
/* Reads what a person typed: small letters, blanks and dashes anywhere, O for 0, I and L for
 * 1. False where it is mistyped: wrong length, symbol or check symbol. */
bool code_read(struct code *code, const char *typed);

#endif
