#include "delivery/courier/daily.h"

#include <glib.h>

int64_t
daily_last(int64_t now, unsigned minutes)
{
	g_autoptr(GDateTime) local = g_date_time_new_from_unix_local(now);
	int64_t last = now;

	/* Yesterday's has passed, if today's has not. */
	for (int days = 0; days < 2; days++) {
		g_autoptr(GDateTime) day = g_date_time_add_days(local, -days);
		g_autoptr(GDateTime) at = g_date_time_new_local(
			g_date_time_get_year(day), g_date_time_get_month(day),
			g_date_time_get_day_of_month(day), (int)minutes / 60, (int)minutes % 60, 0);

		last = g_date_time_to_unix(at);
		if (last <= now)
			break;
	}
	return last;
}
