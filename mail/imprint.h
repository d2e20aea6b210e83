/*
 * The imprint by which a mail is recognised when the MTA offers it once more: BLAKE2b over its body
 * and its Message-ID. It does not depend on line ends, or on what an MTA adds to the header or
 * removes from it.
 */
#ifndef POSTSEAL_MAIL_IMPRINT_H
#define POSTSEAL_MAIL_IMPRINT_H

#include "core/sink.h"
#include "mail/message.h"

enum { IMPRINT_BYTES = 32 };

/* Takes the imprint of a mail, header and body, while passing it on to `next`. */
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

/* The imprint of a message with `body` in place of its own body; NULL: its own. */
bool imprint_of(const struct message *message, const struct spool *body,
		unsigned char imprint_r[IMPRINT_BYTES], struct fault *fault);

#endif
