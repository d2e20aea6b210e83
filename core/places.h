/*
 * A number of places for work that must not be done by all at once. Who comes first enters first:
 * nobody waits longer because others came later.
 */
#ifndef POSTSEAL_CORE_PLACES_H
#define POSTSEAL_CORE_PLACES_H

#include <glib.h>
#include <stdbool.h>

struct places;

/* `count` of 0: as many as are asked for. */
struct places *places_new(unsigned count);
/* Nobody may be within, or wait. */
void places_free(struct places *places);
unsigned places_count(const struct places *places);
/* Waits until `until` (g_get_monotonic_time()) at most; then false. From any thread, as the next.
 */
bool places_enter(struct places *places, gint64 until);
void places_leave(struct places *places);
/* How many wait at the moment. */
unsigned places_waiting(struct places *places);

#endif
