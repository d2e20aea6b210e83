#include "audit/state.h"

#include <glib.h>
#include <string.h>

#include "core/catalogue.h"

static const struct {
	const char *word, *shown;
} states[COPY_STATES] = {
	[COPY_QUEUED] = {"queued", N_("on its way")},
	[COPY_HANDED] = {"handed", N_("on its way")},
	[COPY_SENT] = {"sent", N_("delivered")},
	[COPY_FAILED] = {"failed", N_("could not be delivered")},
	[COPY_REPEATED] = {"repeated", N_("replaced by a newer copy")},
	[COPY_PARKED] = {"parked", N_("not read yet")},
	[COPY_OPENED] = {"opened", N_("read")},
	[COPY_DELETED] = {"deleted", N_("deleted without being opened")},
	[COPY_LOCKED] = {"locked", N_("locked: too many wrong codes")},
	[COPY_EXPIRED] = {"expired", N_("expired unread")},
	[COPY_HELD] = {"held", N_("waits for approval")},
	[COPY_REFUSED] = {"refused", N_("rejected")},
	[COPY_RECALLED] = {"recalled", N_("recalled")},
	[COPY_LOST] = {"lost",
		       N_("lost: the recipient's account was reset without its recovery code")},
};

const char *
copy_state_word(enum copy_state state)
{
	return states[state].word;
}

const char *
copy_state_shown(const char *word)
{
	for (size_t i = 0; i < COPY_STATES; i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].shown;
	return word;
}
