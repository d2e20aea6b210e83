/* What happens once a day, at a time of day in the machine's time zone. */
#ifndef POSTSEAL_DELIVERY_COURIER_DAILY_H
#define POSTSEAL_DELIVERY_COURIER_DAILY_H

#include <stdint.h>

/* When it was last that time (minutes after midnight), up to `now`; both in seconds since 1970. A
 * time that a day does not have, as the clocks are set forward, counts as the next that it has. */
int64_t daily_last(int64_t now, unsigned minutes);

#endif
