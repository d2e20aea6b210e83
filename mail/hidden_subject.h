/*
 * Fields that repeat the subject and so have to be hidden with it: mail programs copy it, whole or
 * without its "Re:", into Thread-Topic and fields of their own.
 */
#ifndef POSTSEAL_MAIL_HIDDEN_SUBJECT_H
#define POSTSEAL_MAIL_HIDDEN_SUBJECT_H

#include "mail/message.h"

struct hidden_subject {
	GPtrArray *subjects; /* char *, folded, without "Re:" */
};

void hidden_subject_init(struct hidden_subject *hidden, const struct message *message);
void hidden_subject_clear(struct hidden_subject *hidden);
/* Does the field reveal anything about the subject? Not to be called for Subject itself. */
bool hidden_subject_is_told(const struct hidden_subject *hidden, const struct field *field);

#endif
