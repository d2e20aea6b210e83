/*
 * The events of a calendar file: what an invitation says (RFC 5545, RFC 5546). The file is parsed
 * by postseal-reader(8) (document/calendar.h), whose answer is not trusted either: all texts are
 * valid UTF-8 without characters that change the direction of text, and everything is bounded.
 */
#ifndef POSTSEAL_MAIL_INVITATION_H
#define POSTSEAL_MAIL_INVITATION_H

#include <glib.h>

#include "core/reader/reader.h"

enum { INVITATION_MAX = 256 * 1024 }; /* bytes of a file that is read */

struct invitation_time {
	bool is_given;
	bool is_day;  /* a whole day */
	gint64 clock; /* what the clock there shows: seconds since 1970 on that clock */
	char *zone;   /* as written, or "UTC"; NULL: wherever the reader is */
	bool has_offset;
	gint64 offset; /* seconds east of UTC, at that time */
};

struct invitation_person {
	char *name, *address; /* either may be NULL */
	char *answer;	      /* "ACCEPTED" (RFC 5545 §3.2.12), or NULL */
	char *role;	      /* "OPT-PARTICIPANT" (§3.2.16), or NULL */
};

enum invitation_frequency {
	INVITATION_ONCE,
	INVITATION_DAILY,
	INVITATION_WEEKLY,
	INVITATION_MONTHLY, /* on the same day of the month */
	INVITATION_YEARLY,  /* on the same day of the year */
	INVITATION_OTHERWISE,
};

struct invitation_recurrence {
	enum invitation_frequency frequency;
	gint64 interval; /* "every 2 weeks" */
	gint64 days;	 /* of the week, as bits from Monday; 0: as it begins */
	gint64 count;	 /* how often; 0: not said */
	gint64 until;	 /* as a clock shows it */
	bool has_until, has_exceptions;
};

struct invitation_event {
	char *summary, *location, *notes; /* or NULL */
	char *status;			  /* "CANCELLED" (§3.8.1.11), or NULL */
	gint64 sequence;		  /* 0, and more for each change */
	struct invitation_time start;
	struct invitation_time end;	 /* of whole days: the day after the last one */
	struct invitation_time instance; /* the one of a series that it is about */
	struct invitation_recurrence recurrence;
	struct invitation_person *organizer; /* or NULL */
	GPtrArray *attendees;		     /* struct invitation_person */
	gint64 attendees_count;		     /* there may be more than are listed */
};

struct invitation {
	char *method;	   /* "REQUEST" (RFC 5546 §1.4), or NULL */
	GPtrArray *events; /* struct invitation_event */
	gint64 events_count;
};

/* `text` is UTF-8. NULL with `fault` filled: FAULT_INPUT if the file is at fault; a file without
 * events has none. */
struct invitation *invitation_read(struct reader *reader, const char *text, struct fault *fault);
/* Of the reader's answer. */
struct invitation *invitation_parse(const char *answer, size_t length);
void invitation_free(struct invitation *invitation);
typedef struct invitation invitation_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(invitation_auto, invitation_free)

#endif
