/*
 * Fields that tell the subject again, and so have to be hidden with it: mail programs repeat it, as
 * a whole or without its "Re:", in Thread-Topic and in fields of their own.
 */
#ifndef POSTSEAL_MAIL_HIDDEN_SUBJECT_H
#define POSTSEAL_MAIL_HIDDEN_SUBJECT_H

#include "mail/message.h"

struct hidden_subject {
	GPtrArray *subjects; /* char *, folded, without "Re:" */
};

void hidden_subject_init(struct hidden_subject *hidden, const struct message *message);
void hidden_subject_clear(struct hidden_subject *hidden);
/* Does the field say something of the subject? Not asked of Subject itself. */
bool hidden_subject_is_told(const struct hidden_subject *hidden, const struct field *field);

#endif
