/*
 * A mail address, read as the MTA reads it: the one grammar for every address that comes from
 * outside, whether from the envelope, a header field, a form, a certificate or the admin's command.
 *
 * Accepted is the mailbox of RFC 5321 §4.1.2 and RFC 6531 §3.3, "local-part@domain", in every form
 * that any MTA delivers to that mailbox, whatever its settings are. Tests show that Postfix passes
 * these on unchanged (tests/system/test_addresses.py): plus and other sub-addresses, apostrophes,
 * "/", "=", dots anywhere in the local part, a quoted local part with blanks, any case, UTF-8,
 * domains in other scripts.
 *
 * Anything that could be rewritten, routed, completed or taken apart is refused, with a sentence
 * that names it:
 *
 * - source routes: @relay:joe@x;
 * - joe%x@y and x!joe, which allow_percent_hack and swap_bangpath turn into joe@x; because of
 *   resolve_dequoted_address, also the same in quotes, and "joe@x"@y;
 * - joe and joe@host, which append_at_myorigin and append_dot_mydomain complete;
 * - joe(x)@y, Joe <joe@x>, <<joe@x>>: what strict_rfc821_envelopes would refuse;
 * - jo\e@x and "jo\"e"@x: backslashes, and the specials of RFC 5322 within quotes;
 * - blanks and tabs outside quotes, control characters anywhere;
 * - UTF-8 that is not in Normal Form C (RFC 6532 §3.1), or has invisible, private or unassigned
 *   characters;
 * - more than 320 bytes;
 * - domains that have no canonical form (core/domain.h).
 */
#ifndef POSTSEAL_CORE_ADDRESS_H
#define POSTSEAL_CORE_ADDRESS_H

#include <glib.h>
#include <stdbool.h>

#include "core/fault.h"

struct address {
	/* As SMTP and header fields write it. The local part is quoted only if it must be, so that
	 * a mailbox is written in one way; case, and the script of the domain, are unchanged. */
	char *text;
	/* What the policy, keys and the log compare: the text in lower case, with the domain in
	 * canonical form. RFC 5321 §2.4 leaves the case of the local part to its owner; in practice
	 * nobody distinguishes it. */
	char *key;
	const char *domain; /* within the key */
	bool international; /* `text` is not all ASCII: SMTPUTF8 is needed (RFC 6531) */
};

/* On failure there is nothing to free, and the fault (FAULT_ADDRESS) names the address and what is
 * not accepted about it. */
bool address_parse(struct address *address, const char *text, struct fault *fault);
/* An argument of MAIL or RCPT, with angle brackets or, as Postfix allows, without. `reading` is how
 * the MTA itself reads it (its macros {mail_addr} and {rcpt_addr}), or NULL if the MTA does not
 * say. An address that the MTA reads as another mailbox is refused; an address without a domain is
 * completed as the MTA completes it. */
bool address_parse_path(struct address *address, const char *path, const char *reading,
			struct fault *fault);
void address_clear(struct address *address);
typedef struct address address_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(address_auto, address_clear)

bool address_is_valid(const char *text);
/* The key. If `text` is not an address, the result is a text that is not the key of any address,
 * and so finds nothing. For "" (the null sender): "". Caller frees. */
char *address_fold(const char *text);
/* What follows the "@" in a key, or "" if there is none; points into the key. */
const char *address_domain(const char *key);

#endif
