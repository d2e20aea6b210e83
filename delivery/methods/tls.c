/* The plain message over a verified connection: the MTA has to refuse any other (contrib/postfix).
 * Never in place: a copy that stays with the MTA would leave by whatever transport the MTA picks.
 * Only a service that cannot do otherwise may have this one. */
#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/method.h"

static bool
is_possible(const struct surroundings *around, struct copy *copy, bool *possible_r, char **why_r,
	    struct fault *fault)
{
	const char *table = around->settings->tls_domains;
	const char *domain = address_domain(copy->recipient->folded);

	*possible_r = false;
	if (around->settings->mta == MTA_SENDMAIL) {
		*why_r = g_strdup("Sendmail cannot be made to insist on verified TLS");
		return true;
	}
	if (*table == '\0') {
		*why_r = g_strdup("no table of domains with verified TLS (tls domains) is set");
		return true;
	}
	if (!policy_table_has(around->policy, around->database, table, domain, possible_r, fault))
		return false;
	*why_r = g_strdup_printf("%s is %sin <%s>", domain, *possible_r ? "" : "not ", table);
	return true;
}

const struct method method_tls = {
	.name = "tls",
	.told = N_("over a verified encrypted connection"),
	.wish = N_("As ordinary email over a verified encrypted connection, if my mail server "
		   "supports it"),
	.carriage = CARRIED_AS_MAIL,
	.in_place_rank = 0,
	.verified_tls = true,
	.is_possible = is_possible,
};
