/*
 * A message written by a member: its fields, text and files, as MIME (RFC 5322, RFC 2046).
 */
#ifndef POSTSEAL_PORTAL_COMPOSITION_H
#define POSTSEAL_PORTAL_COMPOSITION_H

#include "portal/content.h"
#include "portal/large_file.h"

struct enclosure {
	const char *name;		 /* UTF-8 */
	const char *type;		 /* according to the browser or the other message */
	const struct spool_part *upload; /* or NULL, and then: */
	const struct large_file *large;	 /* in this database, or NULL, and then: */
	struct database *database;
	const struct content_source *source; /* a part of a message that is already stored */
	const struct layout_part *part;
};

struct composition {
	struct identifier id; /* of the message */
	const char *domain;   /* the part of its Message-ID after "@" */
	const char *to;	      /* as they are shown */
	const char *subject;
	const char *text;		      /* UTF-8; with line ends as browsers send them */
	const char *mail_text;		      /* the same in mail to the company; or NULL */
	const char *in_reply_to, *references; /* with brackets, or "" */
	GArray *enclosures;		      /* struct enclosure */
};

/* Whom the message is from: in the portal, its author; in mail to the company, an address of the
 * company, so that DMARC passes, with the author in Reply-To. */
struct composition_author {
	const char *name, *address;
	const char *reply_to; /* or NULL */
	bool is_mail;	      /* it leaves the portal */
};

/* "<ID.portal@example.com>": identifies the conversation when the message is answered (policy). */
char *composition_message_id(const struct composition *composition);
bool composition_write(const struct composition *composition,
		       const struct composition_author *author, struct sink *sink,
		       struct fault *fault);

#endif
