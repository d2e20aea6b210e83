/*
 * A signature without encryption: multipart/signed with S/MIME (RFC 8551 §3.5.3), which every mail
 * client can read. A rule asks for it (`sign`) with methods that change nothing else.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_CLEAR_SIGNATURE_H
#define POSTSEAL_DELIVERY_METHODS_CLEAR_SIGNATURE_H

#include "delivery/method.h"

/* Is this copy signed? Fills `is_signed` and `apart_by`, and adds to *why that it is, by which key,
 * or why not. A message that is not signed still goes. */
bool clear_signature_choose(const struct delivery_context *delivery, struct copy *copy, char **why,
			    struct fault *fault);
/* Like the functions of struct method. */
GPtrArray *clear_signature_fields(const struct group *group);
bool clear_signature_write(const struct delivery_context *delivery, const struct group *group,
			   struct sink *sink, struct fault *fault);

#endif
