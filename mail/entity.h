/*
 * What is sealed: the MIME entity of the message as it is, or, if the rule hides the subject, that
 * entity with the message's header inside (header protection, RFC 9788, with the policy
 * hcp_baseline). The recipient's mail client then takes subject and addresses from inside; an older
 * one shows the subject at the beginning of the text (legacy_display.h).
 */
#ifndef POSTSEAL_MAIL_ENTITY_H
#define POSTSEAL_MAIL_ENTITY_H

#include "mail/message.h"

/* Replaces a hidden subject outside (RFC 9788 §3.2.1). */
#define ENTITY_OUTER_SUBJECT " [...]"

struct entity {
	GString *head; /* with its empty line, and the body's first bytes if they are changed */
	const struct spool *body;
	uint64_t body_from; /* from this offset on, the body is unchanged */
	uint64_t at;	    /* how much entity_read() has read so far */
};

/* `tags`, a list that ends with NULL, are removed from a subject that travels inside
 * (subject_tags.h). `added`, struct field, stand outside in place of the message's fields of these
 * names, so in a header inside as well. The message must outlive the entity. */
void entity_init(struct entity *entity, const struct message *message, const char *const *tags,
		 const GPtrArray *added, bool hides_subject);
void entity_clear(struct entity *entity);
/* Writes all of it. */
bool entity_write(const struct entity *entity, struct sink *sink, struct fault *fault);
/* For libraries that pull their input: reads the next bytes; *got_r is 0 at the end. */
bool entity_read(struct entity *entity, void *data, size_t length, size_t *got_r,
		 struct fault *fault);

#endif
