/*
 * What of a message cannot be looked into: rules on its content cannot know what is in it.
 */
#ifndef POSTSEAL_MAIL_OPAQUE_H
#define POSTSEAL_MAIL_OPAQUE_H

#include "mail/parts.h"

struct opacity {
	bool text;     /* there is content whose text cannot be read */
	bool names;    /* … and which may hold files whose names cannot be read */
	char why[160]; /* of the first one: "the part “a.zip” is encrypted" */
};

/* A message that is encrypted as a whole (protection.h) is not opaque: that is a state of its own.
 */
bool opaque_find(struct parts *parts, struct opacity *opaque_r, struct fault *fault);

#endif
