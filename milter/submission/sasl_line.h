/*
 * What the MTA says on our SASL socket: lines of Dovecot's protocol for authentication clients,
 * version 1, as Postfix sends them (src/xsasl/xsasl_dovecot_server.c). Fields are separated by
 * tabs.
 */
#ifndef POSTSEAL_MILTER_SUBMISSION_SASL_LINE_H
#define POSTSEAL_MILTER_SUBMISSION_SASL_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes. A line of SMTP has 2048 in Postfix, 12288 by RFC 4954 §4; answers of ours are shorter. */
enum { SASL_LINE_MAX = 4096 };

enum sasl_verb {
	SASL_OTHER, /* to be ignored, as the protocol wants it: CPID and what is yet to come */
	SASL_VERSION,
	SASL_AUTH,
	SASL_CONT,
	SASL_CANCEL,
	SASL_VERBS
};

/* All texts are within the line. */
struct sasl_line {
	enum sasl_verb verb;
	bool is_well_formed; /* it has the fields that this verb needs */
	uint32_t number;     /* VERSION: the major one; otherwise of the request */
	const char *mechanism;
	const char *client;   /* its address, numeric; "" */
	const char *response; /* base64; NULL: there is none yet */
	bool is_secured;      /* the MTA's client speaks TLS */
};

/* `line` has no end of line, and is taken apart in place. */
void sasl_line_read(struct sasl_line *line_r, char *line);

#endif
