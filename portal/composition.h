/*
 * A message that a member writes: its fields, its text and its files, as MIME (RFC 5322, RFC 2046).
 */
#ifndef POSTSEAL_PORTAL_COMPOSITION_H
#define POSTSEAL_PORTAL_COMPOSITION_H

#include "portal/content.h"

struct enclosure {
	const char *name;		     /* UTF-8 */
	const char *type;		     /* as the browser or the other message says */
	const struct spool_part *upload;     /* or NULL: */
	const struct content_source *source; /* a part of a message that is there already */
	const struct layout_part *part;
};

struct composition {
	struct identifier id; /* of the message */
	const char *domain;   /* right side of its Message-ID */
	const char *to;	      /* as they are shown */
	const char *subject;
	const char *text;		      /* UTF-8; lines end as browsers send them */
	const char *in_reply_to, *references; /* with brackets, or "" */
	GArray *enclosures;		      /* struct enclosure */
};

/* Who it is from: in the portal its author, in mail to the company an address of the company, so
 * that DMARC passes, with the author as the one to answer. */
struct composition_author {
	const char *name, *address;
	const char *reply_to; /* or NULL */
};

/* "<ID.portal@example.com>": by it a conversation is recognised when it is answered (policy). */
char *composition_message_id(const struct composition *composition);
bool composition_write(const struct composition *composition,
		       const struct composition_author *author, struct sink *sink,
		       struct fault *fault);

#endif
