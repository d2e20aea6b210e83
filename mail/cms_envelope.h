/*
 * Is a CMS structure nothing but an envelope: recipients' keys and content that is encrypted
 * (RFC 5652 §6.1, RFC 5083 §2.1)? Its optional fields, unknown kinds of recipients and anything
 * that it must not contain can carry text that anybody can read. What it does contain is bounded:
 * the names of issuers to 4 kB altogether, parameters to what algorithms need; and keys and content
 * must be plausible as ciphertext (ciphertext.h).
 */
#ifndef POSTSEAL_MAIL_CMS_ENVELOPE_H
#define POSTSEAL_MAIL_CMS_ENVELOPE_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "core/sink.h"

/* True if the stream is one EnvelopedData or AuthEnvelopedData to its end, has recipients, all with
 * certificates (key transport, key agreement), has no originator information or attributes, and
 * uses a cipher that is known and not broken. A failed read looks like an end, so ask the stream
 * afterwards (mime_stream.h). */
bool cms_is_envelope(GMimeStream *der);

enum { CMS_RECIPIENTS_MAX = 2000 };

/* What such a structure consists of, beside its ciphertext. Each piece is in BER, with its tag and
 * length. */
struct cms_envelope {
	GPtrArray *recipients; /* GBytes: RecipientInfo */
	GBytes *type;	       /* object identifier: EnvelopedData, AuthEnvelopedData */
	GBytes *cipher;	       /* AlgorithmIdentifier */
	GBytes *tag;	       /* octet string, of AuthEnvelopedData; or NULL */
};

/* Reads to the end, without the ciphertext. False if the stream is not exactly one envelope, as
 * above. Call cms_envelope_clear() in either case. */
bool cms_envelope_read(struct cms_envelope *envelope_r, GMimeStream *der);
void cms_envelope_clear(struct cms_envelope *envelope);
/* Writes the ciphertext to the sink, and does not finish the sink. */
bool cms_envelope_copy(GMimeStream *der, struct sink *sink, struct fault *fault);

#endif
