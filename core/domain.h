/*
 * A mail domain, read as the MTA reads it. There is one canonical form: a host name in ASCII (RFC
 * 5321 §2.3.5, and "_", which Postfix and the DNS allow), lower case, A-labels for other scripts
 * (RFC 5890), at least two labels, the last one not all digits. Names in other scripts are mapped
 * by ICU's UTS 46, as in Postfix (util/midna_domain.c, RFC 6531 §3.2).
 *
 * Anything that another MTA, another ICU or another setting could take for a different domain is
 * refused: a name without a dot (append_dot_mydomain) or with one at the end, an address literal,
 * names that the mapping changes in more than case (full-width letters, ideographic full stops,
 * U+1E9E), and names with ß, ς, ZWJ or ZWNJ, which enable_idna2003_compatibility maps differently.
 * Their A-label form is accepted.
 */
#ifndef POSTSEAL_CORE_DOMAIN_H
#define POSTSEAL_CORE_DOMAIN_H

#include <stdbool.h>

#include "core/fault.h"

/* *ascii_r is the canonical form; caller frees. If there is none: false, FAULT_ADDRESS, and a
 * phrase that says why, such as "the domain ends with a dot". */
bool domain_parse(const char *text, char **ascii_r, struct fault *fault);

/* The canonical form as people write it, in its own script. Caller frees. */
char *domain_shown(const char *ascii);

/* The canonical form. If `text` has none, the result is not the canonical form of any domain: a key
 * that finds nothing. Caller frees. */
char *domain_key(const char *text);

#endif
