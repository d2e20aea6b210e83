/*
 * The format "calendar" of postseal-reader: the events of an iCalendar object (RFC 5545, RFC 5546),
 * by libical. The answer is read by mail/invitation.c: fields "name=value", each followed by a NUL.
 * "event" begins an event and "attendee" a person; the fields up to the next one belong to it.
 *
 * Nothing is expanded: of a recurrence the rule is told, and the offset of a time zone is worked
 * out from the few rules that calendars write; if there are others, it is left out.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_CALENDAR_H
#define POSTSEAL_MAIL_DOCUMENT_CALENDAR_H

#include <glib.h>

/* The library looks for a table of time zones. Call before the process gives up its files. */
void calendar_start(void);
/* `document` is UTF-8. What is no calendar has an empty answer. */
void calendar_read(const char *document, size_t length, GString *answer);

#endif
