/* Certificates and keys of the organisation that have expired, or will within a month. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "admin/as_user.h"
#include "admin/check/check.h"
#include "keystore/key.h"

enum { SHOWN_MAX = 5, SOON_DAYS = 30, PORTAL_SECONDS = 10 };

/* --- in the key store --- */

/* An expiring key that has a longer-lived successor is no problem: a root of the same name, or keys
 * for all its addresses. One of our own keys needs a successor that signs. */
static const struct statement ending = {
	"check_ending",
	"with k as (select id, kind, role, owner, fingerprint, cannot_sign is null as signs,"
	"  case when role = 'own' and cannot_sign is null then signs_until else not_after end as until"
	"  from postseal.key where role in ('root', 'own')), "
	"lasting as (select * from k where coalesce(until, 'infinity') >= now() + $1 * interval '1 day') "
	"select k.role, left(k.fingerprint, 16), k.owner, to_char(k.until, 'YYYY-MM-DD'), k.until <= now(),"
	" ceil(extract(epoch from k.until - now()) / 86400)::int "
	"from k where k.until < now() + $1 * interval '1 day'"
	" and not (k.role = 'root' and exists (select from lasting l where l.role = 'root' and l.owner = k.owner))"
	" and not (k.role = 'own' and exists (select from postseal.key_address a where a.key = k.id)"
	"  and not exists (select from postseal.key_address a where a.key = k.id"
	"   and not exists (select from postseal.key_address b join lasting l on l.id = b.key"
	"    where b.address = a.address and l.role = 'own' and l.kind = k.kind and l.signs >= k.signs)))"
	"order by k.until, k.fingerprint"};
enum { ROLE, FINGERPRINT, OWNER, DATE, IS_OVER, DAYS };

static const char *
told(const PGresult *result, int row)
{
	return strcmp(PQgetvalue(result, row, ROLE), "root") == 0 ? "the certificate authority"
								  : "our own key";
}

/* What that means, and what to do about it. */
static const char *
remedy(const PGresult *result, int row)
{
	return strcmp(PQgetvalue(result, row, ROLE), "root") == 0
		       ? "keys that rest on it are not used then: import its successor (postseal key import "
			 "--root), or delete it (postseal key delete)"
		       : "mail of its owner is not signed then: import its successor (postseal key import), or "
			 "delete it (postseal key delete)";
}

static void
warn_of(const struct check *check, const PGresult *result, int row)
{
	check_warn(check, "%s %s (%s) expires in %s days, on %s; %s", told(result, row),
		   PQgetvalue(result, row, FINGERPRINT), PQgetvalue(result, row, OWNER),
		   PQgetvalue(result, row, DAYS), PQgetvalue(result, row, DATE),
		   remedy(result, row));
}

static bool
tell_over(const PGresult *result, int row, int count, struct fault *fault)
{
	return fault_set(fault, FAULT_CONFIG, "%s %s (%s) expired on %s%s; %s", told(result, row),
			 PQgetvalue(result, row, FINGERPRINT), PQgetvalue(result, row, OWNER),
			 PQgetvalue(result, row, DATE), count > 1 ? ", as others did" : "",
			 remedy(result, row));
}

bool
check_certificates(const struct check *check, char **note_r, struct fault *fault)
{
	g_autofree char *days = g_strdup_printf("%d", SOON_DAYS);
	const char *const texts[] = {days, NULL};
	g_autoptr(PGresult) result = NULL;
	int over = 0, rows;

	if (!command_ask(check->admin, &ending, texts, &result, fault))
		return false;
	rows = PQntuples(result);
	while (over < rows && result_flag(result, over, IS_OVER))
		over++;
	for (int row = over; row < rows && row < over + SHOWN_MAX; row++)
		warn_of(check, result, row);
	if (rows - over > SHOWN_MAX)
		check_warn(check, "%d more expire within %d days", rows - over - SHOWN_MAX,
			   SOON_DAYS);
	if (over > 0)
		return tell_over(result, 0, over, fault);
	*note_r = g_strdup_printf("%s of our roots and own keys %s within %d days",
				  rows == 0 ? "none" : "some", rows == 0 ? "expires" : "expire",
				  SOON_DAYS);
	return true;
}

/* --- the portal's --- */

struct portal {
	const char *host, *port;
};

struct portal_answer {
	long verified; /* X509_V_… */
	int days;      /* seconds until it expires; negative: since it expired */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

static bool
note_certificate(SSL *ssl, struct portal_answer *answer, struct fault *fault)
{
	g_autoptr(X509) certificate = SSL_get1_peer_certificate(ssl);
	int seconds;

	answer->verified = SSL_get_verify_result(ssl);
	return (certificate != NULL && ASN1_TIME_diff(&answer->days, &seconds, NULL,
						      X509_get0_notAfter(certificate)) == 1) ||
	       fault_set(fault, FAULT_PEER, "it shows no certificate");
}

struct portal_visit {
	const struct portal *portal;
	struct portal_answer *answer;
};

/* What openssl says of a name that is not known, or of a closed port, is "system lib". */
static const char *
why_unreachable(void)
{
	const unsigned long code = ERR_peek_error(), last = ERR_peek_last_error();

	if (ERR_SYSTEM_ERROR(code))
		return g_strerror((int)ERR_GET_REASON(code));
	return ERR_reason_error_string(last) == NULL || ERR_GET_LIB(last) == ERR_LIB_BIO
		       ? "its name is not known here, or nobody answers there"
		       : ERR_reason_error_string(last);
}

static bool
shake_hands(void *context, struct fault *fault)
{
	const struct portal_visit *visit = context;
	const struct portal *portal = visit->portal;
	g_autofree char *where = g_strdup_printf("%s:%s", portal->host, portal->port);
	g_autoptr(SSL_CTX) tls = SSL_CTX_new(TLS_client_method());
	g_autoptr(BIO) bio = NULL;
	SSL *ssl = NULL;

	if (tls == NULL || SSL_CTX_set_default_verify_paths(tls) != 1 ||
	    (bio = BIO_new_ssl_connect(tls)) == NULL || BIO_get_ssl(bio, &ssl) != 1)
		return fault_set(fault, FAULT_CRYPTO, "TLS cannot be started");
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (SSL_set1_host(ssl, portal->host) != 1 ||
	    SSL_set_tlsext_host_name(ssl, portal->host) != 1 ||
	    BIO_set_conn_hostname(bio, where) != 1 || BIO_do_connect(bio) != 1)
		return fault_set(fault, FAULT_PEER, "%s", why_unreachable());
	return note_certificate(ssl, visit->answer, fault);
}

static bool
judge(const struct check *check, const struct portal_answer *answer, struct fault *fault)
{
	const char *url = check->settings->portal_url;

	if (answer->days < 0 || answer->verified == X509_V_ERR_CERT_HAS_EXPIRED)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the certificate of %s: it has expired, and browsers turn readers "
			"away; renew it at the web server",
			url);
	if (answer->verified == X509_V_ERR_HOSTNAME_MISMATCH)
		return fault_set(
			fault, FAULT_CONFIG,
			"checking the certificate of %s: it is for another name, and browsers turn "
			"readers away; give the web server one for this name",
			url);
	if (answer->verified != X509_V_OK)
		check_warn(check, "the certificate of %s is not trusted here: %s", url,
			   X509_verify_cert_error_string(answer->verified));
	if (answer->days < SOON_DAYS)
		check_warn(
			check,
			"the certificate of %s expires in %d days; does the web server renew it?",
			url, answer->days);
	return true;
}

/* If there is no reply in time, nothing is reported: the web server may be on the other side of a
 * firewall. */
bool
check_portal_certificate(const struct check *check, char **note_r, struct fault *fault)
{
	const struct as_user who = {.user = check->settings->portal_user,
				    .seconds = PORTAL_SECONDS};
	g_autoptr(GUri) uri = g_uri_parse(check->settings->portal_url, G_URI_FLAGS_NONE, NULL);
	g_autofree char *port = NULL;
	struct portal_answer answer = {0};
	struct portal portal;
	struct portal_visit visit = {&portal, &answer};
	struct fault unknown;

	if (uri == NULL || strcmp(g_uri_get_scheme(uri), "https") != 0) {
		*note_r = g_strdup("not needed: there is no https");
		return true;
	}
	port = g_strdup_printf("%d", g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : 443);
	portal = (struct portal){g_uri_get_host(uri), port};
	if (as_user(&who, shake_hands, &visit, &answer, sizeof answer, &unknown))
		return judge(check, &answer, fault);
	*note_r = g_strdup_printf("not checked, as %s cannot be reached from here: %s",
				  check->settings->portal_url, unknown.text);
	return true;
}
