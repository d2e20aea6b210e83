/*
 * What the company publishes of its own keys: the authority's certificates and revocation lists
 * (RFC 5280 §4.2.1.13, §4.2.2.1), employees' certificates (RFC 4387), and their OpenPGP keys in a
 * Web Key Directory (draft-koch-openpgp-webkey-service §3.1). Public, the same for everybody, and
 * nothing is listed: who does not know the exact name gets nothing.
 */
#ifndef POSTSEAL_PORTAL_PUBLISHED_H
#define POSTSEAL_PORTAL_PUBLISHED_H

#include "portal/request.h"

/* IDENTIFIER.crt, IDENTIFIER.crl; certificates?email=ADDRESS */
enum MHD_Result published_authority(struct request *request);
/* hu/HASH, for the domain in Host; DOMAIN/hu/HASH; policy; DOMAIN/policy */
enum MHD_Result published_directory(struct request *request);

#endif
