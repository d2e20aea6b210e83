/* Mail programs: is postseal-pop running, can it read its certificate, and will they accept that?
 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "admin/check/check.h"
#include "admin/check/tried.h"
#include "core/listening.h"
#include "portal/pop/certificate.h"

enum { SOON_DAYS = 30 };

struct pop_visit {
	const struct settings *settings;
	const char *host; /* by which the settings of the portal tell members to reach it */
};

struct pop_answer {
	int days; /* until it expires; negative: since it expired */
	bool has_name;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)

static bool
read_certificate(void *context, struct fault *fault)
{
	const struct pop_visit *visit = context;
	g_autoptr(SSL_CTX) read = pop_certificate_read(visit->settings, fault);

	return read != NULL;
}

/* What is in it need not be read as another user. */
static bool
look_into(const struct pop_visit *visit, struct pop_answer *answer_r, struct fault *fault)
{
	g_autoptr(SSL_CTX) read = pop_certificate_read(visit->settings, fault);
	X509 *certificate = read == NULL ? NULL : SSL_CTX_get0_certificate(read);
	int seconds;

	if (read == NULL)
		return false;
	answer_r->has_name = X509_check_host(certificate, visit->host, 0,
					     X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	if (ASN1_TIME_diff(&answer_r->days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
		return fault_set(fault, FAULT_CONFIG, "reading pop certificate, %s: it has no date",
				 visit->settings->pop_certificate);
	if (answer_r->days == 0 && seconds < 0)
		answer_r->days = -1;
	return true;
}

static bool
judge(const struct check *check, const struct pop_visit *visit, const struct pop_answer *answer,
      struct fault *fault)
{
	const char *path = visit->settings->pop_certificate;

	if (answer->days < 0)
		return fault_set(fault, FAULT_CONFIG,
				 "checking pop certificate: %s has expired, and mail programs "
				 "refuse it; renew it, and systemctl reload postseal-pop",
				 path);
	if (answer->days < SOON_DAYS)
		check_warn(check,
			   "pop certificate, %s, expires in %d days; is it renewed, and "
			   "postseal-pop reloaded then?",
			   path, answer->days);
	if (!answer->has_name)
		check_warn(check,
			   "pop certificate, %s, is not for %s, the name by which the portal's "
			   "settings tell members to reach it",
			   path, visit->host);
	return true;
}

static bool
listens(const char *place, struct fault *fault)
{
	return *place == '\0' || listening_check(place, "postseal-pop", fault);
}

bool
check_pop(const struct check *check, char **note_r, struct fault *fault)
{
	const struct settings *settings = check->settings;
	g_autoptr(GUri) uri = g_uri_parse(settings->portal_url, G_URI_FLAGS_NONE, NULL);
	struct pop_visit visit = {settings, uri == NULL ? "" : g_uri_get_host(uri)};
	struct pop_answer answer = {0};

	if (*settings->pop_listen == '\0' && *settings->pop_stls == '\0') {
		*note_r = g_strdup("not needed: mail programs are not served (pop listen)");
		return true;
	}
	if (!tried_work(settings->portal_user, read_certificate, &visit, NULL, 0, fault))
		return fault_within(fault, "checking postseal-pop as its user, %s",
				    settings->portal_user);
	return look_into(&visit, &answer, fault) && judge(check, &visit, &answer, fault) &&
	       listens(settings->pop_listen, fault) && listens(settings->pop_stls, fault);
}
