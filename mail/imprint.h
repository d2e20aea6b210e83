/*
 * The imprint by which a mail is recognised when the MTA offers it once more: BLAKE2b over its
 * sender, its body, and the fields that say what it is and how to read the body. If any of these
 * differ, it is another mail, which has to be decided. The imprint does not depend on what an MTA
 * does on the way: line ends (LF or CRLF), folds and blanks in the header, fields that it adds or
 * removes, and addresses in fields, which it may rewrite.
 */
#ifndef POSTSEAL_MAIL_IMPRINT_H
#define POSTSEAL_MAIL_IMPRINT_H

#include "core/sink.h"
#include "mail/message.h"

enum { IMPRINT_BYTES = 32 };

/* Takes the imprint of a mail, header and body, while passing it on to `next` (NULL: to nobody). */
struct imprint_sink {
	struct sink sink;
	struct sink *next;
	GString *header;
	crypto_generichash_state state;
	bool in_body;
	bool in_line;	 /* of the body, with something in it */
	bool has_return; /* and ends in a CR, which may be part of the line end */
};
/* `sender` as in struct message; it is copied. */
void imprint_sink_init(struct imprint_sink *imprint, const char *sender, struct sink *next);
void imprint_sink_end(const struct imprint_sink *imprint, unsigned char imprint_r[IMPRINT_BYTES]);
void imprint_sink_clear(struct imprint_sink *imprint);

/* The imprint of a message as it is. */
bool imprint_of(const struct message *message, unsigned char imprint_r[IMPRINT_BYTES],
		struct fault *fault);

#endif
