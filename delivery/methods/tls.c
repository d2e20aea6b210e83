/* The plain message over a verified connection: the MTA has to refuse any other (contrib/postfix).
 * Never in place: a copy that stays with the MTA would leave by whatever transport the MTA picks.
 * Only a service that cannot do otherwise may have this one. */
#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/method.h"
#include "keystore/domain_tls.h"

static bool
ask_table(const struct delivery_context *delivery, const char *domain, bool *has_r, char **why_r,
	  struct fault *fault)
{
	const char *table = delivery->settings->tls_domains;

	*has_r = false;
	if (*table == '\0')
		return true;
	if (!policy_table_has(delivery->policy, delivery->database, table, domain, has_r, fault))
		return false;
	*why_r = g_strdup_printf("%s is %sin <%s>", domain, *has_r ? "" : "not ", table);
	return true;
}

/* What DANE and MTA-STS say of the domain. `why_r` holds what the table says, or NULL. */
static bool
ask_domain(const struct delivery_context *delivery, struct copy *copy, const char *domain,
	   bool *possible_r, char **why_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(delivery->database, fault);
	g_auto(domain_tls_auto) tls = {0};
	g_autofree char *table = *why_r;

	*why_r = NULL;
	if (connection == NULL ||
	    !domain_tls_find(connection, delivery->settings, domain, &tls, fault))
		return false;
	*possible_r = tls.state == TLS_AVAILABLE;
	copy->tls_awaited = tls.state == TLS_UNKNOWN && delivery->asks_for_tls;
	*why_r = table == NULL || *possible_r ? g_steal_pointer(&tls.because)
					      : g_strconcat(table, "; ", tls.because, NULL);
	return true;
}

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	const char *domain = address_domain(copy->recipient->folded);

	*possible_r = false;
	if (delivery->settings->mta == MTA_SENDMAIL) {
		*why_r = g_strdup("Sendmail cannot be made to insist on verified TLS");
		return true;
	}
	if (!ask_table(delivery, domain, possible_r, why_r, fault))
		return false;
	if (!*possible_r && domain_tls_is_asked(delivery->settings))
		return ask_domain(delivery, copy, domain, possible_r, why_r, fault);
	if (*why_r == NULL)
		*why_r = g_strdup("no table of domains with verified TLS (tls domains) is set");
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
	.can_be_signed = true,
	.is_possible = is_possible,
};
