/*
 * Looks for what nobody writes, in a MIME entity that was encrypted with a cipher without
 * authentication (CBC). Whoever changes such a mail on its way (EFAIL) may choose blocks of 16
 * bytes, take blocks away, and let them change places, but only at the price of blocks of random
 * bytes beside them, except in front: there, what was encrypted can begin later, with a first block
 * of one's own.
 *
 * So all bytes have to be what the header of their part says, as closely as that can be told: ASCII
 * under a transfer encoding; otherwise UTF-8; or under "8bit" a named charset of single bytes, if
 * each block of it looks like text in that charset. And what is encrypted must begin as a whole
 * entity does, and end as one.
 *
 * One block of random bytes in some five million is printable ASCII; one in 160 000 is UTF-8, where
 * that may be; one in 300 000 looks like text in ISO 8859-1, one in 100 000 in Windows-1252, which
 * has quotation marks and dashes too (tests/unit/mail/test_disturbance_oracle.py). The blocks of
 * triple DES have half the bytes: one in two thousand is printable.
 */
#ifndef POSTSEAL_MAIL_DISTURBANCE_H
#define POSTSEAL_MAIL_DISTURBANCE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { DISTURBANCE_BLOCK = 16, DISTURBANCE_CHARSET = 24 };

/* What the header of the current part says. */
struct disturbed_part {
	bool is_coded; /* quoted-printable, base64: nothing but ASCII */
	bool is_eight_bit, is_message, is_multipart;
	bool may_escape;		   /* ISO-2022 switches by ESC */
	char charset[DISTURBANCE_CHARSET]; /* of single bytes, or "" */
	bool is_not_utf8, is_no_text;	   /* found in a part that names one */
};

struct disturbance {
	bool is_found;
	bool is_found_in_header; /* of the outermost entity */
	bool in_header;
	unsigned types;	    /* of the outermost entity */
	unsigned headers;   /* that have ended */
	unsigned continued; /* bytes of a UTF-8 character that are still to come */
	struct disturbed_part part;
	GString *line, *field; /* their beginning; the field is unfolded */
	GString *last;	       /* the last line that is not blank */
	GPtrArray *boundaries;
	uint64_t at;
	unsigned char block[DISTURBANCE_BLOCK];
	bool block_has_high;
	char table_of[DISTURBANCE_CHARSET];
	gunichar table[128]; /* of the bytes from 128 on; 0: none */
};

void disturbance_init(struct disturbance *disturbance);
void disturbance_clear(struct disturbance *disturbance);
/* The next bytes of the entity, from the first one of its header on. */
void disturbance_look(struct disturbance *disturbance, const void *data, size_t length);
/* After the last one: was there anything that nobody writes, in the header alone, or in all of it?
 */
bool disturbance_end(struct disturbance *disturbance, bool in_header_alone);

#endif
