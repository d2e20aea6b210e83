/*
 * Times of the week, such as "Mon-Fri 08:00-18:00", in local time.
 */
#ifndef POSTSEAL_POLICY_SCHEDULE_H
#define POSTSEAL_POLICY_SCHEDULE_H

#include <glib.h>
#include <stdbool.h>
#include <time.h>

/* A part of each of some days. One that ends before it begins ends on the next day. */
struct schedule_span {
	unsigned days;	     /* bits, from 1 for Monday to 64 for Sunday, on which it begins */
	unsigned begin, end; /* minutes after midnight; the end is no longer part of it */
};

/* Days, a time of day, or both: "Mon-Fri 08:00-18:00", "Sat,Sun", "22:00-06:00". False if it is
 * none of these; *why_r then says what is wrong, a constant. */
bool schedule_parse(struct schedule_span *span_r, const char *text, const char **why_r);
/* Is this time in the span? */
bool schedule_has(const struct schedule_span *span, time_t at);

#endif
