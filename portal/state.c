#include "portal/state.h"

#include <glib.h>
#include <string.h>

#include "core/catalogue.h"

const char *
state_shown(const char *state)
{
	static const struct {
		const char *state, *text;
	} texts[] = {
		{"queued", N_("is on its way")},
		{"handed", N_("was handed to the mail server")},
		{"repeated", N_("was handed to the mail server before")},
		{"sent", N_("was delivered")},
		{"failed", N_("could not be delivered")},
		{"parked", N_("waits, not yet read")},
		{"opened", N_("was read")},
		{"locked", N_("is locked: too many wrong codes")},
		{"expired", N_("has expired unread")},
		{"recalled", N_("was recalled")},
		{"lost", N_("is lost: the reader's account was opened again without its password")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strcmp(texts[i].state, state) == 0)
			return texts[i].text;
	return state;
}
