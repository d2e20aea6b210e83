/*
 * What S/MIME signatures have in common, within an envelope and in the clear.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_SIGNATURE_H
#define POSTSEAL_DELIVERY_METHODS_SIGNATURE_H

#include "core/fault.h"
#include "keystore/key.h"
#include "mail/cms_sink.h"

/* A structure for the key's signature (RFC 5652 §5), to be streamed: `flags` as of CMS_sign(3),
 * beside CMS_STREAM and CMS_BINARY. Caller frees; NULL with `fault` filled. */
CMS_ContentInfo *signature_new(const struct key *key, unsigned flags, struct fault *fault);

#endif
