/* The addresses of key servers, as `finder servers` names them. */
#ifndef POSTSEAL_KEYSTORE_FINDER_SERVERS_H
#define POSTSEAL_KEYSTORE_FINDER_SERVERS_H

#include "core/fault.h"

/* Where a server has the keys of an address: "https://host" is asked as keys.openpgp.org
 * (keys.openpgp.org/about/api: by-email), "hkps://host" as other key servers
 * (draft-gallagher-openpgp-hkp: get). NULL with `fault` filled if it is neither. Caller frees. */
char *servers_url(const char *server, const char *address, struct fault *fault);

#endif
