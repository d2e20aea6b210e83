#include "portal/invitation_when.h"

#include <string.h>

#include "core/catalogue.h"

enum { DAY_SECONDS = 86400 };

/* --- times --- */

/* What is written in UTC is meant for clocks everywhere: those of this place. */
static struct invitation_time
as_shown(const struct invitation_time *time)
{
	struct invitation_time shown = *time;
	g_autoptr(GDateTime) local = NULL;

	if (time->is_day || time->zone == NULL || strcmp(time->zone, "UTC") != 0)
		return shown;
	local = g_date_time_new_from_unix_local(time->clock);
	shown.zone = NULL;
	shown.has_offset = true;
	shown.offset = local == NULL ? 0 : g_date_time_get_utc_offset(local) / G_USEC_PER_SEC;
	shown.clock += shown.offset;
	return shown;
}

static gint64
day_of(gint64 clock)
{
	return (clock - (clock < 0 ? DAY_SECONDS - 1 : 0)) / DAY_SECONDS;
}

static char *
with_weekday(const char *language, gint64 clock, const char *date)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(clock);

	return when == NULL ? g_strdup(date)
			    : g_strdup_printf("%s, %s",
					      translate_weekday(language,
								g_date_time_get_day_of_week(when)),
					      date);
}

static char *
day_text(const char *language, gint64 clock)
{
	g_autofree char *date = translate_day(language, clock);

	return with_weekday(language, clock, date);
}

static char *
clock_text(const char *language, const struct invitation_time *time)
{
	g_autofree char *date = translate_clock(language, time->clock);

	return time->is_day ? day_text(language, time->clock)
			    : with_weekday(language, time->clock, date);
}

/* " (Europe/Berlin, UTC+01:00)", or "" for a time wherever the reader is. */
static char *
zone_text(const struct invitation_time *time)
{
	const gint64 minutes = ABS(time->offset) / 60;
	g_autofree char *offset = g_strdup_printf("UTC%c%02d:%02d", time->offset < 0 ? '-' : '+',
						  (int)(minutes / 60), (int)(minutes % 60));

	if (time->is_day || (time->zone == NULL && !time->has_offset))
		return g_strdup("");
	if (!time->has_offset)
		return g_strdup_printf(" (%s)", time->zone);
	return time->zone == NULL ? g_strdup_printf(" (%s)", offset)
				  : g_strdup_printf(" (%s, %s)", time->zone, offset);
}

static char *
whole_days(const char *language, const struct invitation_time *start,
	   const struct invitation_time *end)
{
	const gint64 last = end->is_given ? end->clock - DAY_SECONDS : start->clock;
	g_autofree char *first_day = day_text(language, start->clock);
	g_autofree char *last_day = day_text(language, last);
	const char *all_day = translate(language, "all day");

	return last <= start->clock ? g_strdup_printf("%s, %s", first_day, all_day)
				    : g_strdup_printf("%s – %s, %s", first_day, last_day, all_day);
}

/* Of the end, what differs from the beginning. */
static char *
end_text(const char *language, const struct invitation_time *start,
	 const struct invitation_time *end)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(end->clock);

	return when != NULL && day_of(start->clock) == day_of(end->clock)
		       ? g_date_time_format(when, "%H:%M")
		       : clock_text(language, end);
}

char *
invitation_when(const char *language, const struct invitation_event *event)
{
	const struct invitation_time start = as_shown(&event->start), end = as_shown(&event->end);
	g_autofree char *begins = NULL, *ends = NULL, *zone = NULL, *end_zone = NULL;
	bool is_same;

	if (!start.is_given)
		return NULL;
	if (start.is_day)
		return whole_days(language, &start, &end);
	begins = clock_text(language, &start);
	zone = zone_text(&start);
	if (!end.is_given || (end.clock == start.clock && g_strcmp0(end.zone, start.zone) == 0))
		return g_strconcat(begins, zone, NULL);
	ends = end_text(language, &start, &end);
	end_zone = zone_text(&end);
	is_same = strcmp(zone, end_zone) == 0;
	return g_strconcat(begins, is_same ? "" : zone, " – ", ends, end_zone, NULL);
}

char *
invitation_instance(const char *language, const struct invitation_event *event)
{
	const struct invitation_time instance = as_shown(&event->instance);
	g_autofree char *clock = NULL, *zone = NULL;

	if (!instance.is_given)
		return NULL;
	clock = clock_text(language, &instance);
	zone = zone_text(&instance);
	return g_strconcat(clock, zone, NULL);
}

/* --- recurrence --- */

static char *
every(const char *language, const struct invitation_recurrence *recurrence)
{
	const unsigned n = (unsigned)recurrence->interval;

	switch (recurrence->frequency) {
	case INVITATION_DAILY:
		return g_strdup_printf(translate_plural(language, "every day", "every %u days", n),
				       n);
	case INVITATION_WEEKLY:
		return g_strdup_printf(
			translate_plural(language, "every week", "every %u weeks", n), n);
	case INVITATION_MONTHLY:
		return g_strdup_printf(
			translate_plural(language, "every month", "every %u months", n), n);
	case INVITATION_YEARLY:
		return g_strdup_printf(
			translate_plural(language, "every year", "every %u years", n), n);
	default:
		return g_strdup(translate(language, "repeats"));
	}
}

static void
append_days(GString *text, const char *language, gint64 days)
{
	const char *before = ": ";

	for (int i = 0; i < 7; i++) {
		if ((days >> i & 1) == 0)
			continue;
		g_string_append_printf(text, "%s%s", before, translate_weekday(language, i + 1));
		before = ", ";
	}
}

char *
invitation_repeats(const char *language, const struct invitation_event *event)
{
	const struct invitation_recurrence *recurrence = &event->recurrence;
	g_autofree char *how = every(language, recurrence);
	g_autoptr(GString) text = g_string_new(how);

	if (recurrence->frequency == INVITATION_ONCE)
		return NULL;
	if (recurrence->frequency == INVITATION_WEEKLY)
		append_days(text, language, recurrence->days);
	if (recurrence->count > 0) {
		const unsigned count = (unsigned)recurrence->count;

		g_string_append(text, "; ");
		g_string_append_printf(
			text, translate_plural(language, "%u time", "%u times", count), count);
	}
	if (recurrence->has_until) {
		g_autofree char *day = translate_day(language, recurrence->until);

		g_string_append(text, "; ");
		g_string_append_printf(text, translate(language, "until %s"), day);
	}
	if (recurrence->has_exceptions)
		g_string_append_printf(text, "; %s", translate(language, "with exceptions"));
	return g_strdup(text->str);
}
