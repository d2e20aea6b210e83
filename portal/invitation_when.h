/* When an event takes place, in words of the reader's language. Caller frees all results. */
#ifndef POSTSEAL_PORTAL_INVITATION_WHEN_H
#define POSTSEAL_PORTAL_INVITATION_WHEN_H

#include "mail/invitation.h"

/* "Tuesday, 24 Nov 2026, 15:00 – 16:00 (Europe/Berlin, UTC+01:00)". What is written in UTC is shown
 * in local time, with its offset. NULL: the event does not say when. */
char *invitation_when(const char *language, const struct invitation_event *event);
/* The one of a series that the event is about; NULL: it is about all of it. */
char *invitation_instance(const char *language, const struct invitation_event *event);
/* "every 2 weeks: Monday, Thursday; until 24 Dec 2026"; NULL: it takes place once. */
char *invitation_repeats(const char *language, const struct invitation_event *event);

#endif
