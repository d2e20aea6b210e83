#include "mail/document/calendar.h"

#include <libical/ical.h>
#include <stdbool.h>
#include <string.h>

enum {
	EVENTS_MAX = 20,
	ATTENDEES_MAX = 100,
	LINE_MAX_BYTES = 1000,
	NOTES_MAX_BYTES = 20000,
	OBSERVANCES_MAX = 100, /* of a time zone */
	ONSETS_MAX = 500,      /* dates that an observance names one by one */
	DAY_SECONDS = 86400,
	WEEKDAYS = 7,
	JULIAN_1970 = 719163, /* GDate's number of 1 January 1970 */
	YEAR_MAX = 9999,
};

void
calendar_start(void)
{
	icalerror_set_errors_are_fatal(0);
	/* Only zones that the calendar itself describes are of use: the table need not exist. */
	icaltimezone_set_builtin_tzdata(1);
	set_zone_directory("/nonexistent");
	(void)icaltimezone_get_utc_timezone();
}

/* --- fields of the answer --- */

static void
put(GString *answer, const char *name, const char *value, gsize max)
{
	if (value == NULL || *value == '\0')
		return;
	g_string_append_printf(answer, "%s=", name);
	g_string_append_len(answer, value, (gssize)strnlen(value, max));
	g_string_append_c(answer, '\0');
}

static void
put_number(GString *answer, const char *name, gint64 number)
{
	g_string_append_printf(answer, "%s=%" G_GINT64_FORMAT, name, number);
	g_string_append_c(answer, '\0');
}

/* --- values --- */

static icalvalue_kind
kind_of(icalproperty *property)
{
	icalvalue *value = property == NULL ? NULL : icalproperty_get_value(property);

	return value == NULL ? ICAL_NO_VALUE : icalvalue_isa(value);
}

/* Without the escapes of the format; NULL: it is of another kind, or there is none. */
static const char *
text_of(icalcomponent *component, icalproperty_kind kind)
{
	icalproperty *property = icalcomponent_get_first_property(component, kind);

	return kind_of(property) == ICAL_TEXT_VALUE
		       ? icalvalue_get_text(icalproperty_get_value(property))
		       : NULL;
}

static const char *
word_of(icalcomponent *component, icalproperty_kind kind)
{
	icalproperty *property = icalcomponent_get_first_property(component, kind);

	return property == NULL ? NULL : icalproperty_get_value_as_string(property);
}

/* --- times --- */

static struct icaltimetype
time_of(icalproperty *property)
{
	const icalvalue_kind kind = kind_of(property);

	if (kind == ICAL_DATE_VALUE)
		return icalvalue_get_date(icalproperty_get_value(property));
	if (kind == ICAL_DATETIME_VALUE)
		return icalvalue_get_datetime(icalproperty_get_value(property));
	return icaltime_null_time();
}

/* What the clock shows, as seconds since 1970 on that clock. False: there is no such time. */
static bool
clock_of(struct icaltimetype time, gint64 *clock_r)
{
	GDate day;

	if (time.year < 1 || time.year > YEAR_MAX || time.month < 1 || time.month > 12 ||
	    time.day < 1 || time.day > 31 ||
	    !g_date_valid_dmy((GDateDay)time.day, time.month, (GDateYear)time.year))
		return false;
	g_date_set_dmy(memset(&day, 0, sizeof day), (GDateDay)time.day, time.month,
		       (GDateYear)time.year);
	*clock_r = ((gint64)g_date_get_julian(&day) - JULIAN_1970) * DAY_SECONDS;
	if (!time.is_date)
		*clock_r += CLAMP(time.hour, 0, 23) * 3600 + CLAMP(time.minute, 0, 59) * 60 +
			    CLAMP(time.second, 0, 59);
	return true;
}

static int
year_of(gint64 clock)
{
	GDate day;

	memset(&day, 0, sizeof day);
	g_date_set_julian(&day, (guint32)(clock / DAY_SECONDS + JULIAN_1970));
	return g_date_get_year(&day);
}

static gint64
time_of_day(gint64 clock)
{
	return ((clock % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
}

/* --- recurrence rules --- */

static bool
is_empty(const short *list)
{
	return *list == ICAL_RECURRENCE_ARRAY_MAX;
}

static bool
has_one(const short *list)
{
	return !is_empty(list) && list[1] == ICAL_RECURRENCE_ARRAY_MAX;
}

static bool
has_no_odd_parts(const struct icalrecurrencetype *rule)
{
	return is_empty(rule->by_second) && is_empty(rule->by_minute) && is_empty(rule->by_hour) &&
	       is_empty(rule->by_year_day) && is_empty(rule->by_week_no) &&
	       is_empty(rule->by_set_pos) && rule->rscale == NULL;
}

/* False: there is none, or more than one. */
static bool
rule_of(icalcomponent *component, struct icalrecurrencetype *rule_r)
{
	icalproperty *property = icalcomponent_get_first_property(component, ICAL_RRULE_PROPERTY);

	if (kind_of(property) != ICAL_RECUR_VALUE)
		return false;
	*rule_r = icalvalue_get_recur(icalproperty_get_value(property));
	return icalcomponent_get_next_property(component, ICAL_RRULE_PROPERTY) == NULL;
}

/* --- offsets of time zones --- */

/* When an observance last began, at the latest at `clock`. */
struct onset {
	gint64 clock, at;
	bool is_found;
};

static void
note_onset(struct onset *onset, gint64 at)
{
	if (at > onset->clock || (onset->is_found && at <= onset->at))
		return;
	onset->at = at;
	onset->is_found = true;
}

/* "The last Sunday in March". False: the month has no such day. */
static bool
nth_weekday(int year, int month, int nth, int weekday, gint64 *day_r)
{
	const int days = g_date_get_days_in_month(month, (GDateYear)year);
	GDate first;
	int day;

	memset(&first, 0, sizeof first);
	g_date_set_dmy(&first, 1, month, (GDateYear)year);
	day = 1 + (weekday - g_date_get_weekday(&first) + WEEKDAYS) % WEEKDAYS;
	if (nth > 0)
		day += (nth - 1) * WEEKDAYS;
	else
		day += ((days - day) / WEEKDAYS + nth + 1) * WEEKDAYS;
	*day_r = (gint64)g_date_get_julian(&first) - JULIAN_1970 + day - 1;
	return day >= 1 && day <= days;
}

/* GDate's number, from 1 for Monday. 0: none. */
static int
weekday_of(short by_day)
{
	const int day = (int)icalrecurrencetype_day_day_of_week(by_day);

	return day < ICAL_SUNDAY_WEEKDAY || day > ICAL_SATURDAY_WEEKDAY ? 0
	       : day == ICAL_SUNDAY_WEEKDAY				? WEEKDAYS
									: day - 1;
}

/* One weekday of one month in each year: what the rules of time zones are like. */
static bool
is_zone_rule(const struct icalrecurrencetype *rule)
{
	return rule->freq == ICAL_YEARLY_RECURRENCE && rule->interval <= 1 && rule->count == 0 &&
	       has_no_odd_parts(rule) && has_one(rule->by_month) && rule->by_month[0] >= 1 &&
	       rule->by_month[0] <= 12 && is_empty(rule->by_month_day) && has_one(rule->by_day) &&
	       weekday_of(rule->by_day[0]) != 0 &&
	       icalrecurrencetype_day_position(rule->by_day[0]) != 0;
}

static void
note_yearly_onsets(struct onset *onset, const struct icalrecurrencetype *rule, gint64 start)
{
	gint64 last = onset->clock, until, day;
	int year;

	if (!icaltime_is_null_time(rule->until) && clock_of(rule->until, &until))
		last = MIN(last, until + DAY_SECONDS); /* it is in UTC */
	year = year_of(last);
	for (int i = MAX(year - 1, 1); i <= year; i++)
		if (nth_weekday(i, rule->by_month[0],
				icalrecurrencetype_day_position(rule->by_day[0]),
				weekday_of(rule->by_day[0]), &day) &&
		    day * DAY_SECONDS + time_of_day(start) <= last &&
		    day * DAY_SECONDS + time_of_day(start) >= start)
			note_onset(onset, day * DAY_SECONDS + time_of_day(start));
}

static void
note_named_onsets(struct onset *onset, icalcomponent *observance)
{
	icalproperty *property = icalcomponent_get_first_property(observance, ICAL_RDATE_PROPERTY);

	for (int i = 0; property != NULL && i < ONSETS_MAX; i++) {
		const icalvalue_kind kind = kind_of(property);
		gint64 at;

		if ((kind == ICAL_DATETIMEPERIOD_VALUE || kind == ICAL_DATETIME_VALUE ||
		     kind == ICAL_DATE_VALUE) &&
		    clock_of(icalproperty_get_rdate(property).time, &at))
			note_onset(onset, at);
		property = icalcomponent_get_next_property(observance, ICAL_RDATE_PROPERTY);
	}
}

/* False: it cannot be told. */
static bool
last_onset(icalcomponent *observance, gint64 clock, struct onset *onset_r)
{
	icalproperty *begin = icalcomponent_get_first_property(observance, ICAL_DTSTART_PROPERTY);
	struct icalrecurrencetype rule;
	gint64 start;

	*onset_r = (struct onset){.clock = clock};
	if (!clock_of(time_of(begin), &start))
		return false;
	note_onset(onset_r, start);
	note_named_onsets(onset_r, observance);
	if (icalcomponent_get_first_property(observance, ICAL_RRULE_PROPERTY) == NULL)
		return true;
	if (!rule_of(observance, &rule) || !is_zone_rule(&rule))
		return false;
	if (start <= clock)
		note_yearly_onsets(onset_r, &rule, start);
	return true;
}

static bool
utc_offset(icalcomponent *observance, int *offset_r)
{
	icalproperty *property =
		icalcomponent_get_first_property(observance, ICAL_TZOFFSETTO_PROPERTY);

	if (kind_of(property) != ICAL_UTCOFFSET_VALUE)
		return false;
	*offset_r = icalvalue_get_utcoffset(icalproperty_get_value(property));
	return true;
}

/* The observance that began last (RFC 5545 §3.6.5). False: it cannot be told. */
static bool
offset_in(icalcomponent *zone, gint64 clock, int *offset_r)
{
	struct onset best = {0};
	icalcomponent *observance = icalcomponent_get_first_component(zone, ICAL_ANY_COMPONENT);

	for (int i = 0; observance != NULL; i++) {
		struct onset onset;
		int offset;

		if (i >= OBSERVANCES_MAX || !last_onset(observance, clock, &onset) ||
		    !utc_offset(observance, &offset))
			return false;
		if (onset.is_found && (!best.is_found || onset.at > best.at)) {
			best = onset;
			*offset_r = offset;
		}
		observance = icalcomponent_get_next_component(zone, ICAL_ANY_COMPONENT);
	}
	return best.is_found;
}

static icalcomponent *
find_zone(icalcomponent *calendar, const char *name)
{
	icalcomponent *zone = icalcomponent_get_first_component(calendar, ICAL_VTIMEZONE_COMPONENT);

	for (int i = 0; zone != NULL && i < OBSERVANCES_MAX; i++) {
		const char *own = text_of(zone, ICAL_TZID_PROPERTY);

		if (own != NULL && strcmp(own, name) == 0)
			return zone;
		zone = icalcomponent_get_next_component(calendar, ICAL_VTIMEZONE_COMPONENT);
	}
	return NULL;
}

/* --- events --- */

static void
put_zone(GString *answer, const char *prefix, icalcomponent *calendar, icalproperty *property,
	 gint64 clock)
{
	g_autofree char *name = g_strconcat(prefix, "-zone", NULL);
	g_autofree char *offset_name = g_strconcat(prefix, "-offset", NULL);
	const char *said = icalproperty_get_parameter_as_string(property, "TZID");
	g_autofree char *zone_name = g_strdup(said); /* what the library returns is soon reused */
	icalcomponent *zone;
	int offset = 0;

	if (zone_name == NULL)
		return;
	put(answer, name, zone_name, LINE_MAX_BYTES);
	zone = find_zone(calendar, zone_name);
	if (zone != NULL && offset_in(zone, clock, &offset))
		put_number(answer, offset_name, offset);
}

/* "start" is a time and "start-day" a whole day. */
static void
put_clock(GString *answer, const char *prefix, struct icaltimetype time, gint64 clock)
{
	g_autofree char *day = g_strconcat(prefix, "-day", NULL);
	g_autofree char *zone = g_strconcat(prefix, "-zone", NULL);

	put_number(answer, time.is_date ? day : prefix, clock);
	if (!time.is_date && icaltime_is_utc(time))
		put(answer, zone, "UTC", LINE_MAX_BYTES);
}

static bool
put_time(GString *answer, const char *prefix, icalcomponent *calendar, icalproperty *property)
{
	const struct icaltimetype time = time_of(property);
	gint64 clock;

	if (!clock_of(time, &clock))
		return false;
	put_clock(answer, prefix, time, clock);
	if (!time.is_date && !icaltime_is_utc(time))
		put_zone(answer, prefix, calendar, property, clock);
	return true;
}

/* An event without an end may have a length (RFC 5545 §3.6.1). */
static void
put_end(GString *answer, icalcomponent *calendar, icalcomponent *event)
{
	icalproperty *begin = icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY),
		     *length = icalcomponent_get_first_property(event, ICAL_DURATION_PROPERTY);
	struct icaltimetype start = time_of(begin);
	gint64 clock, seconds;

	if (put_time(answer, "end", calendar,
		     icalcomponent_get_first_property(event, ICAL_DTEND_PROPERTY)) ||
	    kind_of(length) != ICAL_DURATION_VALUE || !clock_of(start, &clock))
		return;
	seconds = icaldurationtype_as_int(icalvalue_get_duration(icalproperty_get_value(length)));
	put_clock(answer, "end", start, clock + seconds);
	if (!start.is_date && !icaltime_is_utc(start))
		put_zone(answer, "end", calendar, begin, clock + seconds);
}

/* The days from Monday, as bits. */
static guint
days_of(const struct icalrecurrencetype *rule)
{
	guint days = 0;

	for (int i = 0; i < WEEKDAYS && rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++)
		if (weekday_of(rule->by_day[i]) != 0)
			days |= 1U << (weekday_of(rule->by_day[i]) - 1);
	return days;
}

static bool
has_positions(const struct icalrecurrencetype *rule)
{
	for (int i = 0; i < ICAL_BY_DAY_SIZE && rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++)
		if (i >= WEEKDAYS || icalrecurrencetype_day_position(rule->by_day[i]) != 0)
			return true;
	return false;
}

static bool
is_none_or(const short *list, int number)
{
	return is_empty(list) || (has_one(list) && *list == number);
}

/* NULL: there is more to it than can be said in a few words. */
static const char *
plain_frequency(const struct icalrecurrencetype *rule, struct icaltimetype start)
{
	const bool has_months = !is_empty(rule->by_month),
		   has_dates = !is_empty(rule->by_month_day);

	if (!has_no_odd_parts(rule) || has_positions(rule) || rule->interval < 1 || rule->count < 0)
		return NULL;
	if (rule->freq == ICAL_WEEKLY_RECURRENCE && !has_months && !has_dates)
		return "weekly";
	if (!is_empty(rule->by_day))
		return NULL;
	if (rule->freq == ICAL_DAILY_RECURRENCE && !has_months && !has_dates)
		return "daily";
	if (!is_none_or(rule->by_month_day, start.day))
		return NULL;
	if (rule->freq == ICAL_MONTHLY_RECURRENCE && !has_months)
		return "monthly";
	return rule->freq == ICAL_YEARLY_RECURRENCE && is_none_or(rule->by_month, start.month) &&
			       (has_months || !has_dates)
		       ? "yearly"
		       : NULL;
}

static void
put_rule(GString *answer, const char *frequency, const struct icalrecurrencetype *rule)
{
	gint64 until;

	put(answer, "repeats", frequency, LINE_MAX_BYTES);
	put_number(answer, "repeats-interval", rule->interval);
	put_number(answer, "repeats-days", days_of(rule));
	put_number(answer, "repeats-count", rule->count);
	if (!icaltime_is_null_time(rule->until) && clock_of(rule->until, &until))
		put_number(answer, "repeats-until", until);
}

/* The library leaves a note in the place of what it cannot read. */
static bool
was_dropped(icalcomponent *event, const char *name)
{
	g_autofree char *words = g_strconcat(" ", name, " property", NULL);
	icalproperty *note = icalcomponent_get_first_property(event, ICAL_XLICERROR_PROPERTY);

	for (; note != NULL;
	     note = icalcomponent_get_next_property(event, ICAL_XLICERROR_PROPERTY)) {
		const char *said = icalproperty_get_xlicerror(note);

		if (said != NULL && strstr(said, words) != NULL)
			return true;
	}
	return false;
}

/* It repeats, in a way that cannot be told. */
static bool
repeats_somehow(icalcomponent *event)
{
	return icalcomponent_get_first_property(event, ICAL_RDATE_PROPERTY) != NULL ||
	       was_dropped(event, "RRULE") || was_dropped(event, "RDATE");
}

static void
put_recurrence(GString *answer, icalcomponent *event)
{
	const bool has_dates = repeats_somehow(event);
	const bool has_rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY) != NULL;
	struct icalrecurrencetype rule;
	const char *frequency = NULL;

	if (!has_rule && !has_dates)
		return;
	if (!has_dates && rule_of(event, &rule))
		frequency = plain_frequency(&rule, time_of(icalcomponent_get_first_property(
							   event, ICAL_DTSTART_PROPERTY)));
	if (frequency != NULL)
		put_rule(answer, frequency, &rule);
	else
		put(answer, "repeats", "otherwise", LINE_MAX_BYTES);
	if (icalcomponent_get_first_property(event, ICAL_EXDATE_PROPERTY) != NULL ||
	    was_dropped(event, "EXDATE"))
		put_number(answer, "repeats-exceptions", 1);
}

static void
put_parameter(GString *answer, const char *name, icalproperty *property, const char *parameter)
{
	put(answer, name, icalproperty_get_parameter_as_string(property, parameter),
	    LINE_MAX_BYTES);
}

static void
put_attendees(GString *answer, icalcomponent *event)
{
	icalproperty *attendee = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY);
	gint64 count = 0;

	for (; attendee != NULL; count++) {
		if (count < ATTENDEES_MAX) {
			const char *address = icalproperty_get_value_as_string(attendee);

			put(answer, "attendee", address == NULL ? "-" : address, LINE_MAX_BYTES);
			put_parameter(answer, "attendee-name", attendee, "CN");
			put_parameter(answer, "attendee-answer", attendee, "PARTSTAT");
			put_parameter(answer, "attendee-role", attendee, "ROLE");
		}
		attendee = icalcomponent_get_next_property(event, ICAL_ATTENDEE_PROPERTY);
	}
	put_number(answer, "attendees", count);
}

static void
put_organizer(GString *answer, icalcomponent *event)
{
	icalproperty *organizer = icalcomponent_get_first_property(event, ICAL_ORGANIZER_PROPERTY);

	if (organizer == NULL)
		return;
	put(answer, "organizer", icalproperty_get_value_as_string(organizer), LINE_MAX_BYTES);
	put_parameter(answer, "organizer-name", organizer, "CN");
}

static void
put_event(GString *answer, icalcomponent *calendar, icalcomponent *event)
{
	put_number(answer, "event", 1);
	put(answer, "summary", text_of(event, ICAL_SUMMARY_PROPERTY), LINE_MAX_BYTES);
	put(answer, "location", text_of(event, ICAL_LOCATION_PROPERTY), LINE_MAX_BYTES);
	put(answer, "notes", text_of(event, ICAL_DESCRIPTION_PROPERTY), NOTES_MAX_BYTES);
	put(answer, "status", word_of(event, ICAL_STATUS_PROPERTY), LINE_MAX_BYTES);
	put(answer, "sequence", word_of(event, ICAL_SEQUENCE_PROPERTY), LINE_MAX_BYTES);
	put_time(answer, "start", calendar,
		 icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY));
	put_end(answer, calendar, event);
	put_time(answer, "instance", calendar,
		 icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY));
	put_recurrence(answer, event);
	put_organizer(answer, event);
	put_attendees(answer, event);
}

/* --- the document --- */

static icalcomponent *
calendar_in(icalcomponent *root)
{
	if (root == NULL || icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT)
		return root;
	return icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT);
}

static void
put_calendar(GString *answer, icalcomponent *calendar)
{
	icalcomponent *event;
	icalcompiter events; /* the calendar's own place is used to look for time zones */
	gint64 count = 0;

	put(answer, "method", word_of(calendar, ICAL_METHOD_PROPERTY), LINE_MAX_BYTES);
	events = icalcomponent_begin_component(calendar, ICAL_VEVENT_COMPONENT);
	for (event = icalcompiter_deref(&events); event != NULL; event = icalcompiter_next(&events))
		if (count++ < EVENTS_MAX)
			put_event(answer, calendar, event);
	put_number(answer, "events", count);
}

void
calendar_read(const char *document, size_t length, GString *answer)
{
	icalcomponent *root = icalparser_parse_string(document), *calendar = calendar_in(root);

	(void)length; /* nothing is read beyond a NUL */
	if (calendar != NULL)
		put_calendar(answer, calendar);
	if (root != NULL)
		icalcomponent_free(root);
	icalmemory_free_ring();
}
