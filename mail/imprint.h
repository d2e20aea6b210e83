/*
 * By what a mail is known again when the MTA offers it once more: BLAKE2b over its sender, its body
 * and the fields that say what it is and how the body is read. Anything else is another mail, which
 * has to be decided on. What does not count is what an MTA does on the way: ends of line (LF or
 * CRLF), folds and blanks in the header, fields that it adds or removes, and addresses in fields,
 * which it may rewrite.
 */
#ifndef POSTSEAL_MAIL_IMPRINT_H
#define POSTSEAL_MAIL_IMPRINT_H

#include "core/sink.h"
#include "mail/message.h"

enum { IMPRINT_BYTES = 32 };

/* Takes the imprint of the mail, header and body, that passes on to `next`, or to nobody (NULL). */
struct imprint_sink {
	struct sink sink;
	struct sink *next;
	GString *header;
	crypto_generichash_state state;
	bool in_body;
	bool in_line;	 /* of the body, with something in it */
	bool has_return; /* and a CR behind that, which may be part of its end */
};
/* `sender` as in struct message; it is copied. */
void imprint_sink_init(struct imprint_sink *imprint, const char *sender, struct sink *next);
void imprint_sink_end(const struct imprint_sink *imprint, unsigned char imprint_r[IMPRINT_BYTES]);
void imprint_sink_clear(struct imprint_sink *imprint);

/* Of a message as it is. */
bool imprint_of(const struct message *message, unsigned char imprint_r[IMPRINT_BYTES],
		struct fault *fault);

#endif
