/*
 * A mail domain, read as the MTA reads it. One canonical form: a host name in ASCII (RFC 5321
 * §2.3.5, and "_", as Postfix and the DNS allow it), lower case, A-labels for other scripts (RFC
 * 5890), two labels or more, the last not all digits. Names in other scripts are mapped by ICU's
 * UTS 46, as Postfix does it (util/midna_domain.c, RFC 6531 §3.2).
 *
 * What another MTA, another ICU or another setting could take for another domain is refused: no dot
 * (append_dot_mydomain), a dot at the end, an address literal, names that the mapping changes in
 * more than case (full-width letters, ideographic full stops, U+1E9E), and those with ß, ς, ZWJ or
 * ZWNJ, which enable_idna2003_compatibility maps otherwise. Their A-label form is accepted.
 */
#ifndef POSTSEAL_CORE_DOMAIN_H
#define POSTSEAL_CORE_DOMAIN_H

#include <stdbool.h>

#include "core/fault.h"

/* *ascii_r: the canonical form; caller frees. Where there is none: false, FAULT_ADDRESS, and a
 * phrase that says why, such as "the domain ends with a dot". */
bool domain_parse(const char *text, char **ascii_r, struct fault *fault);

/* A canonical form as people write it, in its own script. Caller frees. */
char *domain_shown(const char *ascii);

/* The canonical form, or, of what has none, a text that is no domain's canonical form: a key that
 * finds nothing. Caller frees. */
char *domain_key(const char *text);

#endif
