/*
 * By what a mail is known again when the MTA offers it once more: BLAKE2b over its body and its
 * Message-ID. Line ends do not count, nor does what an MTA adds to the header or removes from it.
 */
#ifndef POSTSEAL_MAIL_IMPRINT_H
#define POSTSEAL_MAIL_IMPRINT_H

#include "core/sink.h"
#include "mail/message.h"

enum { IMPRINT_BYTES = 32 };

/* Takes the imprint of the mail, header and body, that passes on to `next`. */
struct imprint_sink {
	struct sink sink;
	struct sink *next;
	GString *header;
	crypto_generichash_state body;
	bool in_body;
};
void imprint_sink_init(struct imprint_sink *imprint, struct sink *next);
void imprint_sink_end(const struct imprint_sink *imprint, unsigned char imprint_r[IMPRINT_BYTES]);
void imprint_sink_clear(struct imprint_sink *imprint);

/* Of a message with this body in place of its own; NULL: its own. */
bool imprint_of(const struct message *message, const struct spool *body,
		unsigned char imprint_r[IMPRINT_BYTES], struct fault *fault);

#endif
