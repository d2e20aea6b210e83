#include "policy/schedule.h"

#include <string.h>

enum { DAYS = 7, ALL_DAYS = (1 << DAYS) - 1, DAY_MINUTES = 24 * 60 };

/* --- reading --- */

static bool
read_day(const char **at, unsigned *day_r)
{
	static const char *const names[DAYS] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	for (unsigned day = 0; day < DAYS; day++)
		if (g_ascii_strncasecmp(*at, names[day], 3) == 0) {
			*at += 3;
			*day_r = day;
			return true;
		}
	return false;
}

/* "Mon-Fri,Sun"; a range may go past the end of the week. */
static bool
read_days(const char **at, unsigned *days_r)
{
	do {
		unsigned first, last;

		if (!read_day(at, &first))
			return false;
		last = first;
		if (**at == '-') {
			++*at;
			if (!read_day(at, &last))
				return false;
		}
		for (unsigned day = first; day != last; day = (day + 1) % DAYS)
			*days_r |= 1U << day;
		*days_r |= 1U << last;
	} while (**at == ',' && ++*at);
	return true;
}

/* "08:00", up to "24:00". */
static bool
read_minutes(const char **at, unsigned *minutes_r)
{
	const char *digits = *at;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? digits[i] != ':' : !g_ascii_isdigit(digits[i]))
			return false;
	*minutes_r = (unsigned)(digits[0] - '0') * 600 + (unsigned)(digits[1] - '0') * 60 +
		     (unsigned)(digits[3] - '0') * 10 + (unsigned)(digits[4] - '0');
	*at += 5;
	return digits[3] < '6' && *minutes_r <= DAY_MINUTES;
}

static bool
read_times(const char **at, struct schedule_span *span)
{
	if (!read_minutes(at, &span->begin) || **at != '-')
		return false;
	++*at;
	return read_minutes(at, &span->end);
}

bool
schedule_parse(struct schedule_span *span_r, const char *text, const char **why_r)
{
	const char *at = text;

	*span_r = (struct schedule_span){.end = DAY_MINUTES};
	*why_r = "expected days and times such as \"Mon-Fri 08:00-18:00\"";
	if (!g_ascii_isalpha(*at))
		span_r->days = ALL_DAYS;
	else if (!read_days(&at, &span_r->days) || (*at != '\0' && *at != ' '))
		return false;
	at += strspn(at, " ");
	if (*at != '\0' && !read_times(&at, span_r))
		return false;
	if (*text == '\0' || *text == ' ' || *at != '\0')
		return false;
	*why_r = "expected an end other than the beginning";
	return span_r->begin != span_r->end && span_r->begin < DAY_MINUTES;
}

/* --- asking --- */

bool
schedule_has(const struct schedule_span *span, time_t at)
{
	const bool overnight = span->end < span->begin;
	struct tm local;
	unsigned minute, today, yesterday;

	localtime_r(&at, &local);
	minute = (unsigned)(local.tm_hour * 60 + local.tm_min);
	today = (unsigned)(local.tm_wday + DAYS - 1) % DAYS;
	yesterday = (today + DAYS - 1) % DAYS;
	if (span->days >> today & 1 && minute >= span->begin && (overnight || minute < span->end))
		return true;
	return overnight && span->days >> yesterday & 1 && minute < span->end;
}
