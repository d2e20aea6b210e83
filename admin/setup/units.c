/* The programs are started by systemd; on other systems, setup says what has to be started. */
#include <unistd.h>

#include "admin/setup/program.h"
#include "admin/setup/step.h"
#include "core/listening.h"
#include "keystore/finder.h"
#include "keystore/keeper.h"

/* In order of dependency. */
static const char *const units[] = {"postseal-keeper", "postseal-finder", "postseal-milter",
				    "postseal-courier", "postseal-portal"};

bool
setup_has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0; /* sd_booted(3) */
}

static bool
is_started(const char *unit)
{
	return program_agrees(
		       (const char *const[]){"systemctl", "is-enabled", "--quiet", unit, NULL}) &&
	       program_agrees(
		       (const char *const[]){"systemctl", "is-active", "--quiet", unit, NULL});
}

static bool
start(struct setup *setup, const char *unit, struct fault *fault)
{
	if (is_started(unit) || !setup_says(setup, "enable and start %s", unit))
		return true;
	return program_run((const char *const[]){"systemctl", "enable", "--now", unit, NULL},
			   fault) ||
	       fault_within(fault, "starting %s (journalctl -u %s says more)", unit, unit);
}

static void
tell_to_start(struct setup *setup, const char *program, const char *user)
{
	setup_leaves(setup, "systemd is not running: start %s as %s (runuser -u %s -- %s)", program,
		     user, user, program);
}

/* Whether the courier is running cannot be seen from outside; it is reported with the milter. */
static void
tell_what_to_start(struct setup *setup)
{
	const struct settings *settings = setup->settings;
	struct fault fault;

	if (!keeper_ping(settings->keeper_socket, &fault))
		tell_to_start(setup, "postseal-keeper", settings->keeper_user);
	if (!finder_ping(settings->finder_socket, &fault))
		tell_to_start(setup, "postseal-finder", settings->finder_user);
	if (!listening_check(settings->milter_listen, "postseal-milter", &fault)) {
		tell_to_start(setup, "postseal-milter", settings->milter_user);
		tell_to_start(setup, "postseal-courier", settings->courier_user);
	}
	if (!listening_check(settings->portal_listen, "postseal-portal", &fault))
		tell_to_start(setup, "postseal-portal", settings->portal_user);
}

bool
setup_units(struct setup *setup, struct fault *fault)
{
	if (!setup_has_systemd()) {
		tell_what_to_start(setup);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (!start(setup, units[i], fault))
			return false;
	return true;
}
