/*
 * Is a CMS structure nothing but an envelope: recipients' keys and content that is encrypted
 * (RFC 5652 §6.1, RFC 5083 §2.1)? Its optional fields, unknown kinds of recipients and anything
 * that it must not contain can carry text that anybody can read.
 */
#ifndef POSTSEAL_MAIL_CMS_ENVELOPE_H
#define POSTSEAL_MAIL_CMS_ENVELOPE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* True if the stream is one EnvelopedData or AuthEnvelopedData to its end, has recipients, all with
 * certificates (key transport, key agreement), has no originator information or attributes, and
 * uses a cipher that is known and not broken. A failed read looks like an end, so ask the stream
 * afterwards (mime_stream.h). */
bool cms_is_envelope(GMimeStream *der);

#endif
