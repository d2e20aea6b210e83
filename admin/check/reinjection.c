#include <openssl/x509_vfy.h>
#include <string.h>
#include <unistd.h>

#include "admin/as_user.h"
#include "admin/check/access.h"
#include "admin/check/check.h"
#include "admin/check/milters.h"
#include "admin/check/tls_table.h"
#include "core/listening.h"
#include "delivery/courier/smtp_connect.h"
#include "keystore/domain_tls.h"

enum { SMTP_SECONDS = 10, COURIER_SECONDS = 30 };

void
check_mark_returns(const struct check *check, struct postfix *postfix)
{
	const char *const urls[] = {check->settings->reinject, check->settings->reinject_verified,
				    check->settings->reinject_mapped};

	for (size_t i = 0; postfix != NULL && i < G_N_ELEMENTS(urls); i++) {
		struct postfix_service *service = postfix_service_at(postfix, urls[i]);

		if (service != NULL)
			service->takes_back = milters_is_local(service->name);
	}
}

/* Its name; "" if it is not in the Postfix we are looking at. */
static const char *
service_of(const struct check *check, const char *url)
{
	const struct postfix_service *service =
		check->postfix == NULL ? NULL : postfix_service_at(check->postfix, url);

	return service == NULL ? "" : service->name;
}

/* Mail that comes back would be decided on and sealed once more; nobody may refuse it any more, but
 * it may be signed. */
static bool
check_milters_of_decided(const struct check *check, const char *service, struct fault *fault)
{
	const char *milters = postfix_value(check->postfix, service, "smtpd_milters");
	const char *options = postfix_value(check->postfix, service, "receive_override_options");
	g_auto(GStrv) elements = postfix_list(milters);

	if (strstr(options, "no_milters") != NULL)
		return true;
	for (char **element = elements; *element != NULL; element++) {
		g_autofree char *address = milters_address(*element);

		if (milters_is_ours(check, address, service) || !milters_sign(check, address))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the Postfix service %s: it has milters (%s) other than those that sign, so "
				"mail from Postseal would be sealed twice, or refused; " POSTSEAL_WIRE
				" sets it "
				"up",
				service, milters);
	}
	return true;
}

struct greeting {
	const struct check *check;
	const char *url;
	struct {
		bool dsn, smtputf8;
	} offers;
};

static bool
greet(void *context, struct fault *fault)
{
	struct greeting *greeting = context;
	const struct check *check = greeting->check;
	const struct smtp_peer peer = {greeting->url, check->settings->reinject_user,
				       check->settings->hostname, SMTP_SECONDS};
	g_autoptr(smtp_auto) smtp = smtp_open(&peer, fault);

	if (smtp == NULL)
		return false;
	greeting->offers.dsn = smtp_offers(smtp, "DSN");
	greeting->offers.smtputf8 = smtp_offers(smtp, "SMTPUTF8");
	return true;
}

static bool
check_service(const struct check *check, const char *url, char **note_r, struct fault *fault)
{
	const struct as_user courier = {.user = check->settings->courier_user,
					.seconds = COURIER_SECONDS};
	struct greeting greeting = {check, url, {false, false}};
	const char *path = listening_path(url);
	const char *service = service_of(check, url);

	if (path != NULL && access(path, F_OK) == 0 &&
	    !access_of_user(check->settings->courier_user, path, W_OK, fault))
		return fault_within(
			fault,
			"checking whether the courier can hand over mail (usermod -a -G "
			"postdrop %s)",
			check->settings->courier_user);
	if (!as_user(&courier, greet, &greeting, &greeting.offers, sizeof greeting.offers, fault) ||
	    (*service != '\0' && !check_milters_of_decided(check, service, fault)))
		return false;
	if (*service == '\0' && check->postfix != NULL)
		check_warn(
			check,
			"%s is no service in master.cf of this Postfix: whether what is handed over there is "
			"sealed twice, or leaves without verified TLS, cannot be seen from here",
			url);
	*note_r = g_strdup_printf(
		"%s answers%s%s%s", url,
		smtp_is_local(url)
			? ""
			: "; anyone can bind a port while the MTA is down, and any process can "
			  "use it: a Unix socket is safer",
		greeting.offers.dsn ? ""
				    : "; it does not offer DSN: requests for delivery "
				      "reports are lost",
		greeting.offers.smtputf8 ? "" : "; it does not offer SMTPUTF8");
	return true;
}

/* Does the service lead mail on as the setting wants it? Somebody who writes the sockets down
 * confuses them easily, and each of them answers. A filter of somebody else is their affair. */
static bool
check_way_on(const struct check *check, const char *setting, const char *service,
	     const char *expected, struct fault *fault)
{
	const char *filter =
		*service == '\0' ? "" : postfix_value(check->postfix, service, "content_filter");
	const bool is_good = *expected == '\0' ? !g_str_has_prefix(filter, "postseal-")
					       : g_str_has_prefix(filter, expected);

	return *service == '\0' || is_good ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the Postfix service %s, which %s names: its content_filter is \"%s\", and expected is "
		       "\"%s\": is it another one that was meant? Mail would be led astray: " POSTSEAL_WIRE
		       " show has the services, and postseal.conf(5) which of them each setting means",
		       service, setting, filter, expected);
}

bool
check_reinject(const struct check *check, char **note_r, struct fault *fault)
{
	const char *url = check->settings->reinject;

	return check_service(check, url, note_r, fault) &&
	       check_way_on(check, "reinject", service_of(check, url), "", fault);
}

/* With two passes, an alias of an employee may lead outside, and the second one decides how. */
bool
check_reinject_mapped(const struct check *check, char **note_r, struct fault *fault)
{
	const char *url = check->settings->reinject_mapped, *service = service_of(check, url);
	const bool passes = check->postfix != NULL && milters_have_two_passes(check);

	return check_service(check, url, note_r, fault) &&
	       check_way_on(check, "reinject mapped", service, passes ? "postseal-edge:" : "",
			    fault);
}

/* A message that is bounced with its full text goes unencrypted to whoever was named as its sender.
 */
bool
check_bounces(const struct check *check, char **note_r, struct fault *fault)
{
	static const char *const services[] = {"bounce/unix", "defer/unix", "trace/unix"};

	*note_r = g_strdup("show the header alone");
	for (size_t i = 0; i < G_N_ELEMENTS(services); i++) {
		const char *limit = postfix_value(check->postfix, services[i], "bounce_size_limit");

		if (strcmp(limit, "1") != 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"checking the service %s of Postfix: bounce_size_limit = %s lets a message that could "
				"not be delivered return whole, in plain, to whoever was named as its sender; expected "
				"1, which " POSTSEAL_WIRE " sets",
				services[i], limit);
	}
	return true;
}

/* Settings that main.cf has for other mail: another security level, another peer, another
 * recipient. */
static bool
check_overrides(const struct check *check, const char *transport, struct fault *fault)
{
	static const struct {
		const char *name, *expected;
	} overrides[] = {
		{"smtp_tls_per_site", ""},
		{"smtp_fallback_relay", ""},
		{"smtp_generic_maps", ""},
		{"smtp_tls_trust_anchor_file", ""},
		{"smtp_tls_secure_cert_match", "nexthop, dot-nexthop"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(overrides); i++) {
		const char *value = postfix_value(check->postfix, transport, overrides[i].name);
		g_auto(GStrv) words = postfix_list(value);
		g_autofree char *shown = g_strjoinv(", ", words);

		if (strcmp(shown, overrides[i].expected) != 0)
			return fault_set(
				fault, FAULT_CONFIG,
				"looking at the transport %s of Postfix: %s = %s could let some mail leave without "
				"verified TLS, or to somebody else; " POSTSEAL_WIRE " sets it up",
				transport, overrides[i].name, value);
	}
	return true;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

/* --- whom it trusts --- */

static bool
loads(const char *file)
{
	g_autoptr(X509_STORE) store = X509_STORE_new();

	return store != NULL && X509_STORE_load_file(store, file) == 1;
}

/* Named as c_rehash(1) does, "5ed36f99.0". */
static bool
has_hashed(void *context, struct fault *fault)
{
	const char *path = context, *name;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) each = g_dir_open(path, 0, &error);

	while (each != NULL && (name = g_dir_read_name(each)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (g_regex_match_simple("^[0-9a-f]{8}\\.[0-9]+$", name, 0, 0) &&
		    access(file, R_OK) == 0)
			return true;
	}
	return fault_set(fault, FAULT_CONFIG, "%s",
			 error == NULL ? "it holds no certificate named by its hash (c_rehash)"
				       : error->message);
}

/* Postfix reads the file as root, but the directory only when it needs a certificate from it, as
 * its own user and inside the transport's chroot. */
static bool
check_trust(const struct check *check, const char *transport, struct fault *fault)
{
	const char *file = postfix_value(check->postfix, transport, "smtp_tls_CAfile");
	const char *path = postfix_value(check->postfix, transport, "smtp_tls_CApath");
	const struct as_user postfix = postfix_as_user(check->postfix, transport, COURIER_SECONDS);

	if (*file != '\0' && !loads(file))
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the transport %s of Postfix: smtp_tls_CAfile = %s holds no "
			"certificate that can be read, so no server can be verified",
			transport, file);
	return *file != '\0' || *path == '\0' ||
	       as_user(&postfix, has_hashed, (void *)path, NULL, 0, fault) ||
	       fault_within(fault,
			    "looking at the transport %s of Postfix: with smtp_tls_CApath = %s "
			    "no server can be verified%s",
			    transport, path, postfix.is_chroot ? ", from within its chroot" : "");
}

/* The transport behind it must reject every peer that is not verified. */
static bool
check_transport(const struct check *check, const char *service, struct fault *fault)
{
	static const char *const verified[] = {"secure", "dane-only", "verify", "fingerprint",
					       NULL};
	const char *filter = postfix_value(check->postfix, service, "content_filter");
	g_autofree char *transport =
		g_strdup_printf("%.*s/unix", (int)strcspn(filter, ":"), filter);
	const char *level;

	if (*filter == '\0' || postfix_service(check->postfix, transport) == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the Postfix service %s: its content_filter (%s) is not a "
			"transport in master.cf, so its mail would leave like any other; " POSTSEAL_WIRE
			" sets it up",
			service, filter);
	level = postfix_value(check->postfix, transport, "smtp_tls_security_level");
	if (!g_strv_contains(verified, level))
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the Postfix transport %s: smtp_tls_security_level = %s does "
			"not verify the server; expected secure or dane-only",
			transport, level);
	return check_overrides(check, transport, fault) &&
	       tls_table_check(check, transport, fault) && check_trust(check, transport, fault);
}

bool
check_reinject_verified(const struct check *check, char **note_r, struct fault *fault)
{
	const char *url = check->settings->reinject_verified;
	const char *service = service_of(check, url);

	if (*check->settings->tls_domains == '\0' && !domain_tls_is_asked(check->settings)) {
		*note_r = g_strdup("not needed: neither tls domains nor tls from is set");
		return true;
	}
	return check_service(check, url, note_r, fault) &&
	       (*service == '\0' || check_transport(check, service, fault));
}
