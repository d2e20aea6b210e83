/* Do `networks` and Postfix's mynetworks name the same clients? */
#include <string.h>

#include "admin/check/check.h"
#include "core/network.h"
#include "policy/policy.h"

/* As Postfix writes it: IPv6 addresses stand in brackets. False for a table, a name or an
 * exception. */
static bool
parse_theirs(struct network *network_r, const char *text)
{
	g_auto(GStrv) parts = g_strsplit_set(text, "[]", -1);
	g_autofree char *plain = g_strjoinv("", parts);

	return network_parse(network_r, plain);
}

static bool
contains(const struct network *outer, const struct network *inner)
{
	return outer->bits <= inner->bits && network_has(outer, &inner->first);
}

/* Is it this host, or in `networks`? */
static bool
is_ours(const struct settings *settings, const struct network *theirs)
{
	static const char *const here[] = {"127.0.0.0/8", "::1", NULL};
	const char *const *const lists[] = {here, (const char *const *)settings->networks};
	struct network network;

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		for (const char *const *each = lists[i]; *each != NULL; each++)
			if (network_parse(&network, *each) && contains(&network, theirs))
				return true;
	return false;
}

static bool
is_theirs(char *const *mynetworks, const struct network *ours)
{
	struct network network;

	for (char *const *each = mynetworks; *each != NULL; each++)
		if (parse_theirs(&network, *each) && contains(&network, ours))
			return true;
	return false;
}

/* A single host is taken for a relay that hands over mail from outside, which is rightly left out.
 */
static void
compare_theirs(const struct check *check, char *const *mynetworks)
{
	struct network network;

	for (char *const *each = mynetworks; *each != NULL; each++)
		if (parse_theirs(&network, *each) && network.bits < 8 * NETWORK_ADDRESS_BYTES &&
		    !is_ours(check->settings, &network))
			check_warn(
				check,
				"Postfix has %s in mynetworks, and networks has not: mail from there counts as from "
				"outside unless its sender authenticated; add it to networks, unless only relays that "
				"hand over mail from outside are there",
				*each);
}

static void
compare_ours(const struct check *check, char *const *mynetworks)
{
	struct network network;

	for (char *const *each = check->settings->networks; *each != NULL; each++)
		if (network_parse(&network, *each) && !is_theirs(mynetworks, &network))
			check_warn(
				check,
				"networks has %s, and mynetworks of Postfix has not: who is there and writes as a "
				"colleague is taken for one without authenticating; remove it, or add it to mynetworks",
				*each);
}

static bool
are_all_known(char *const *mynetworks)
{
	struct network network;

	for (char *const *each = mynetworks; *each != NULL; each++)
		if (!parse_theirs(&network, *each))
			return false;
	return true;
}

bool
check_networks(const struct check *check, char **note_r, struct fault *fault)
{
	g_auto(GStrv) mynetworks = postfix_list(postfix_value(check->postfix, NULL, "mynetworks"));

	(void)fault;
	if (!policy_receives(check->admin->policy))
		*note_r = g_strdup("not needed: no rule is about mail that comes in");
	else if (!are_all_known(mynetworks))
		*note_r =
			g_strdup("not compared: mynetworks of Postfix names tables or exceptions");
	else {
		compare_ours(check, mynetworks);
		compare_theirs(check, mynetworks);
	}
	return true;
}
