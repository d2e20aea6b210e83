#include "portal/pop/certificate.h"

#include <openssl/err.h>

#include "core/log.h"

struct pop_certificate {
	const struct settings *settings;
	GMutex lock;
	SSL_CTX *context;
};

/* The system's own error comes first, if there is one; otherwise the last says most. */
static const char *
why_not(void)
{
	const unsigned long code = ERR_peek_error();
	const char *why;

	if (ERR_SYSTEM_ERROR(code))
		return g_strerror((int)ERR_GET_REASON(code));
	why = ERR_reason_error_string(ERR_peek_last_error());
	return why == NULL ? "openssl does not say why" : why;
}

static bool
use_files(SSL_CTX *context, const struct settings *settings, struct fault *fault)
{
	if (*settings->pop_certificate == '\0' || *settings->pop_key == '\0')
		return fault_set(fault, FAULT_CONFIG,
				 "reading the certificate for mail clients: pop certificate and "
				 "pop key must both be set");
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, settings->pop_certificate) != 1)
		return fault_set(fault, FAULT_CONFIG, "reading pop certificate, %s: %s",
				 settings->pop_certificate, why_not());
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(context, settings->pop_key, SSL_FILETYPE_PEM) != 1)
		return fault_set(fault, FAULT_CONFIG, "reading pop key, %s: %s", settings->pop_key,
				 why_not());
	return SSL_CTX_check_private_key(context) == 1 ||
	       fault_set(fault, FAULT_CONFIG, "reading pop key, %s: it is not that of %s",
			 settings->pop_key, settings->pop_certificate);
}

/* No password is asked for on a terminal. */
static int
no_password(char *buffer, int size, int writes, void *context)
{
	(void)buffer, (void)size, (void)writes, (void)context;
	return -1;
}

/* The certificate may be the web server's too: nobody is to lead its clients here (RFC 9325, 3.7,
 * with the name of RFC 7301's registry). */
static int
select_protocol(SSL *connection, const unsigned char **name_r, unsigned char *length_r,
		const unsigned char *offered, unsigned offered_length, void *context)
{
	static const unsigned char ours[] = "\4pop3";
	unsigned char *name;

	(void)connection, (void)context;
	if (SSL_select_next_proto(&name, length_r, ours, sizeof ours - 1, offered,
				  offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*name_r = name;
	return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *
pop_certificate_read(const struct settings *settings, struct fault *fault)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL) {
		fault_set(fault, FAULT_CRYPTO, "starting TLS for mail clients failed");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_NO_TICKET);
	/* What is cached would be memory that strangers fill; and the key of tickets would open
	 * every connection until the next reload. */
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	if (use_files(context, settings, fault))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

struct pop_certificate *
pop_certificate_new(const struct settings *settings, struct fault *fault)
{
	SSL_CTX *context = pop_certificate_read(settings, fault);
	struct pop_certificate *certificate;

	if (context == NULL)
		return NULL;
	certificate = g_new0(struct pop_certificate, 1);
	certificate->settings = settings;
	certificate->context = context;
	g_mutex_init(&certificate->lock);
	return certificate;
}

void
pop_certificate_free(struct pop_certificate *certificate)
{
	if (certificate == NULL)
		return;
	SSL_CTX_free(certificate->context);
	g_mutex_clear(&certificate->lock);
	g_free(certificate);
}

void
pop_certificate_reload(struct pop_certificate *certificate)
{
	struct fault fault;
	SSL_CTX *context = pop_certificate_read(certificate->settings, &fault);

	if (context == NULL) {
		log_error("%s; the certificate that was read before stays in use", fault.text);
		return;
	}
	g_mutex_lock(&certificate->lock);
	SSL_CTX_free(certificate->context);
	certificate->context = context;
	g_mutex_unlock(&certificate->lock);
}

SSL_CTX *
pop_certificate_get(struct pop_certificate *certificate)
{
	SSL_CTX *context;

	g_mutex_lock(&certificate->lock);
	context = certificate->context;
	SSL_CTX_up_ref(context);
	g_mutex_unlock(&certificate->lock);
	return context;
}
