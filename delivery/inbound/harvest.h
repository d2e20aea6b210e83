/*
 * Keys that come in: whose signature was good, over the whole message and of the author in From, is
 * put on record as a statement of trust (keystore/trust.h) with the ground "signed mail"; and where
 * the setting `keys from` has `mail`, what the message brought is written down for the courier to
 * read (keystore/mailed.h).
 *
 * An OpenPGP key is taken if it signed the message; an Autocrypt header or an attached key that did
 * not, only if something that the organisation trusts says that the author's domain sent the
 * message. A field OpenPGP (draft-josefsson-openpgp-mailnews-header) announces a key that is
 * elsewhere: of such an author, the sources in the network that the setting names are asked at
 * once, and they say which key it is. What the field says is not used, least of all its URL: a
 * stranger's mail does not have us fetch what it likes. Nobody can be made to lose a key, or to
 * have one preferred, by writing mail.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_HARVEST_H
#define POSTSEAL_DELIVERY_INBOUND_HARVEST_H

#include "core/database.h"
#include "delivery/inbound/receive.h"
#include "delivery/inbound/verify.h"

/* Takes what the signature proves, and the OpenPGP keys that the message carries; once for each
 * entity. */
bool harvest_note(const struct delivery_context *delivery, struct sealed *sealed,
		  struct signature *signature, struct fault *fault);
/* Adds all of it to the open batch. `inbound` may be NULL; `message` is the record of the message.
 */
bool harvest(struct connection *connection, const struct inbound *inbound, const char *message,
	     struct fault *fault);

#endif
