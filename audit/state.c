#include "audit/state.h"

#include <glib.h>
#include <string.h>

#include "core/catalogue.h"

static const struct {
	const char *word, *shown;
} states[COPY_STATES] = {
	[COPY_QUEUED] = {"queued", N_("is on its way")},
	[COPY_HANDED] = {"handed", N_("is on its way")},
	[COPY_SENT] = {"sent", N_("was delivered")},
	[COPY_FAILED] = {"failed", N_("could not be delivered")},
	[COPY_REPEATED] = {"repeated", N_("was replaced by a later copy")},
	[COPY_PARKED] = {"parked", N_("waits, not yet read")},
	[COPY_OPENED] = {"opened", N_("was read")},
	[COPY_DELETED] = {"deleted", N_("was deleted without being opened")},
	[COPY_LOCKED] = {"locked", N_("is locked: too many wrong codes")},
	[COPY_EXPIRED] = {"expired", N_("has expired unread")},
	[COPY_REFUSED] = {"refused", N_("was refused")},
	[COPY_RECALLED] = {"recalled", N_("was recalled")},
	[COPY_LOST] = {"lost",
		       N_("is lost: the reader's account was opened again without its password")},
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
