#include "milter/reading.h"

#include <string.h>

/* Does it mean what the one before meant, although it is another one? Two spellings of one address
 * do, too; but libmilter frees the macros of the command before only when it has new ones, which
 * are therefore in another place. */
static bool
is_of_last(const struct reading *last, const struct envelope_argument *argument)
{
	return argument->reading != NULL && last->place == argument->reading &&
	       g_strcmp0(last->said, argument->reading) == 0 &&
	       g_strcmp0(last->path, argument->path) != 0;
}

bool
reading_is_new(struct reading *last, const struct envelope_argument *argument, struct fault *fault)
{
	bool is_new = !is_of_last(last, argument);

	reading_clear(last);
	last->path = g_strdup(argument->path);
	last->said = g_strdup(argument->reading);
	last->place = argument->reading;
	return is_new ||
	       fault_set(fault, FAULT_BUSY,
			 "reading the address %s: what the MTA says about it, %s, is what it said "
			 "about the one before",
			 last->path, last->said);
}

void
reading_clear(struct reading *last)
{
	g_clear_pointer(&last->path, g_free);
	g_clear_pointer(&last->said, g_free);
	last->place = NULL;
}
