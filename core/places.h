/*
 * A number of places, to limit how much work is done at once. First come, first served: nobody
 * waits longer because of later arrivals.
 */
#ifndef POSTSEAL_CORE_PLACES_H
#define POSTSEAL_CORE_PLACES_H

#include <glib.h>
#include <stdbool.h>

struct places;

/* `count` 0: no limit. */
struct places *places_new(unsigned count);
/* No place may be taken, and nobody may be waiting. */
void places_free(struct places *places);
unsigned places_count(const struct places *places);
/* Waits until `until` (g_get_monotonic_time()) at the latest, then returns false. This function and
 * the next may be called from any thread. */
bool places_enter(struct places *places, gint64 until);
void places_leave(struct places *places);
/* How many are waiting at the moment. */
unsigned places_waiting(struct places *places);

#endif
