/*
 * What is sealed: the MIME entity of the message as it stands, or, where the rule hides the
 * subject, that entity with the header of the message inside (RFC 9788: header protection, with
 * the policy hcp_baseline). Then the reader's mail client takes subject and addresses from
 * within; an older one shows the subject at the beginning of the text (legacy_display.h).
 */
#ifndef POSTSEAL_MAIL_ENTITY_H
#define POSTSEAL_MAIL_ENTITY_H

#include "mail/message.h"

/* What stands outside in the place of a subject that is hidden (RFC 9788 §3.2.1). */
#define ENTITY_OUTER_SUBJECT " [...]"

struct entity {
	GString *head; /* with its empty line and, where they are changed, the first bytes of the
			  body */
	const struct spool *body;
	uint64_t body_from; /* the body as it is, from here on */
	uint64_t at;	    /* how much entity_read() has read */
};

/* `tags` are taken out of a subject that travels within (subject_tags.h); end with NULL. The
 * message must outlive it. */
void entity_init(struct entity *entity, const struct message *message, const char *const *tags,
		 bool hides_subject);
void entity_clear(struct entity *entity);
/* All of it. */
bool entity_write(const struct entity *entity, struct sink *sink, struct fault *fault);
/* For libraries that read by themselves: what follows; *got_r is 0 at the end. */
bool entity_read(struct entity *entity, void *data, size_t length, size_t *got_r,
		 struct fault *fault);

#endif
