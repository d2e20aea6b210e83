/*
 * Parts of a message that cannot be looked into: rules about content cannot know what is in them.
 */
#ifndef POSTSEAL_MAIL_OPAQUE_H
#define POSTSEAL_MAIL_OPAQUE_H

#include "mail/parts.h"

struct opacity {
	bool text;     /* there is content whose text cannot be read */
	bool names;    /* … and which may hold files whose names cannot be read */
	char why[160]; /* about the first such part: "the part “a.zip” is encrypted" */
};

/* A message that is encrypted as a whole (protection.h) is not opaque: that is a separate state. */
bool opaque_find(struct parts *parts, struct opacity *opaque_r, struct fault *fault);

#endif
