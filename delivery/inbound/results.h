/*
 * Authentication-Results (RFC 8601): what this gateway found out about a message, under the name in
 * the setting `authserv id`. Fields that come from outside under that name are removed, so that
 * whoever reads one can rely on it.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_RESULTS_H
#define POSTSEAL_DELIVERY_INBOUND_RESULTS_H

#include "core/settings.h"
#include "delivery/inbound/verify.h"
#include "mail/field.h"

#define RESULTS_FIELD "Authentication-Results"

/* The name under which we write. */
const char *results_authserv_id(const struct settings *settings);
/* Would a reader take the field for ours: folded, with comments, in quotes (RFC 8601 §2.2), in
 * another script, in encoded words, as forerunners of the standard have it? A field of this kind
 * that cannot be read counts as one. */
bool results_are_forged(const struct field *field, const struct settings *settings);
/* Does a verifier that the setting `keys authenticated` names say that the domain sent the message:
 * DKIM with the domain's own signature, or DMARC for it? Of each name, the first field counts: the
 * verifier wrote it above whatever had come in. */
bool results_authenticate(const struct message *message, const struct settings *settings,
			  const char *domain);
/* The same of one value of the field. */
bool results_name_domain(const char *value, const char *domain);
/* The value of our field; caller frees. `opened`: how the message was encrypted, if it was opened,
 * or NULL. NULL if there is nothing to say. */
char *results_text(const struct settings *settings, const char *opened,
		   const struct signature *signature);

#endif
