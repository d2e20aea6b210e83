#include "keystore/finder/directory.h"

#include <ldap.h>
#include <string.h>
#include <strings.h>

/* Where Debian keeps the authorities that the system trusts. */
#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static void
unbind(LDAP **connection)
{
	if (*connection != NULL)
		ldap_unbind_ext(*connection, NULL, NULL);
}
#define AUTO_UNBIND __attribute__((cleanup(unbind)))

static void
free_message(LDAPMessage **message)
{
	if (*message != NULL)
		ldap_msgfree(*message);
}
#define AUTO_MESSAGE __attribute__((cleanup(free_message)))

/* --- filters --- */

static void
append_escaped(GString *text, const char *address)
{
	for (const char *at = address; *at != '\0'; at++)
		if (g_ascii_isalnum(*at) || strchr("@.-_+=", *at) != NULL)
			g_string_append_c(text, *at);
		else
			g_string_append_printf(text, "\\%02x", (unsigned char)*at);
}

char *
directory_filter(const char *filter, const char *address)
{
	GString *text = g_string_new(NULL);
	const char *at = filter, *next;

	for (; (next = strstr(at, "%s")) != NULL; at = next + strlen("%s")) {
		g_string_append_len(text, at, next - at);
		append_escaped(text, address);
	}
	g_string_append(text, at);
	return g_string_free(text, FALSE);
}

/* --- what went wrong --- */

static bool
complain(const struct directory *directory, struct fault *fault, const char *doing, const char *why)
{
	return fault_set(fault, FAULT_PEER, "directory %s (%s): %s: %s", directory->name,
			 directory->url, doing, why);
}

/* A connection that failed. The library does not tell a server that is down from one whose
 * certificate it does not accept. */
static bool
complain_of(const struct directory *directory, struct fault *fault, const char *doing,
	    LDAP *connection, int error)
{
	g_autofree char *why = NULL;
	char *more = NULL;

	ldap_get_option(connection, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	why = g_strdup_printf(
		"%s%s%s%s", ldap_err2string(error),
		error == LDAP_SERVER_DOWN || error == LDAP_CONNECT_ERROR
			? ", or its certificate is for another name or of an unknown authority"
			: "",
		more != NULL ? ": " : "", more != NULL ? more : "");
	ldap_memfree(more);
	return complain(directory, fault, doing, why);
}

/* --- the connection --- */

static struct timeval
time_left(gint64 until)
{
	gint64 left = MAX(until - g_get_monotonic_time(), 1000);

	return (struct timeval){.tv_sec = left / G_USEC_PER_SEC, .tv_usec = left % G_USEC_PER_SEC};
}

static bool
set(LDAP *connection, int option, const void *value)
{
	return ldap_set_option(connection, option, value) == LDAP_OPT_SUCCESS;
}

static bool
set_limits(LDAP *connection, gint64 until)
{
	struct timeval left = time_left(until);
	int version = LDAP_VERSION3, entries = DIRECTORY_ENTRIES_MAX, deref = LDAP_DEREF_NEVER;
	ber_len_t most = DIRECTORY_MESSAGE_MAX;
	Sockbuf *socket = NULL;

	return set(connection, LDAP_OPT_PROTOCOL_VERSION, &version) &&
	       set(connection, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
	       set(connection, LDAP_OPT_RESTART, LDAP_OPT_OFF) &&
	       set(connection, LDAP_OPT_DEREF, &deref) &&
	       set(connection, LDAP_OPT_SIZELIMIT, &entries) &&
	       set(connection, LDAP_OPT_NETWORK_TIMEOUT, &left) &&
	       set(connection, LDAP_OPT_TIMEOUT, &left) &&
	       ldap_get_option(connection, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS &&
	       ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1;
}

static bool
set_tls(LDAP *connection, const struct directory *directory)
{
	int demand = LDAP_OPT_X_TLS_DEMAND, oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
	const char *authorities =
		*directory->authorities == '\0' ? SYSTEM_AUTHORITIES : directory->authorities;

	return set(connection, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
	       set(connection, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) &&
	       set(connection, LDAP_OPT_X_TLS_CACERTFILE, authorities) &&
	       set(connection, LDAP_OPT_X_TLS_NEWCTX, &client);
}

static bool
start_tls(LDAP *connection, const struct directory *directory, struct fault *fault)
{
	int error;

	if (g_str_has_prefix(directory->url, "ldaps:"))
		return true; /* from the first byte on */
	error = ldap_start_tls_s(connection, NULL, NULL);
	return error == LDAP_SUCCESS ||
	       complain_of(directory, fault, "StartTLS", connection, error);
}

/* The password is the file's first line. One that is empty would turn the login into an anonymous
 * one (RFC 4513 §5.1.2). */
static char *
read_password(const struct directory *directory, struct fault *fault)
{
	g_autoptr(GError) error = NULL;
	char *password = NULL;

	if (!g_file_get_contents(directory->password, &password, NULL, &error)) {
		complain(directory, fault, "reading its password", error->message);
		return NULL;
	}
	password[strcspn(password, "\r\n")] = '\0';
	if (*password != '\0')
		return password;
	complain(directory, fault, "reading its password", "the file's first line is empty");
	g_free(password);
	return NULL;
}

/* Waits for the answer to a request and returns its result code; -1: `fault` is filled. */
static int
wait_for(LDAP *connection, const struct directory *directory, const char *doing, int id,
	 gint64 until, struct fault *fault)
{
	AUTO_MESSAGE LDAPMessage *message = NULL;
	struct timeval left = time_left(until);
	int type = ldap_result(connection, id, LDAP_MSG_ALL, &left, &message);
	int code = LDAP_OTHER;

	if (type == 0)
		complain(directory, fault, doing, "there was no answer in time");
	else if (type < 0 || ldap_parse_result(connection, message, &code, NULL, NULL, NULL, NULL,
					       0) != LDAP_SUCCESS)
		complain_of(directory, fault, doing, connection, LDAP_SERVER_DOWN);
	else
		return code;
	return -1;
}

static bool
log_in(LDAP *connection, const struct directory *directory, gint64 until, struct fault *fault)
{
	char *password;
	struct berval secret;
	int error, id;

	if (*directory->bind == '\0')
		return true;
	password = read_password(directory, fault);
	if (password == NULL)
		return false;
	secret = (struct berval){.bv_val = password, .bv_len = strlen(password)};
	error = ldap_sasl_bind(connection, directory->bind, LDAP_SASL_SIMPLE, &secret, NULL, NULL,
			       &id);
	explicit_bzero(password, secret.bv_len);
	g_free(password);
	if (error != LDAP_SUCCESS)
		return complain_of(directory, fault, "connecting", connection, error);
	error = wait_for(connection, directory, "login", id, until, fault);
	return error == LDAP_SUCCESS ||
	       (error > 0 && complain(directory, fault, "login", ldap_err2string(error)));
}

/* --- the search --- */

/* False: no more values are wanted. */
static bool
read_values(LDAP *connection, LDAPMessage *entry, const char *name, const char *attribute,
	    const struct directory_search *search)
{
	struct berval **values = ldap_get_values_len(connection, entry, attribute);
	bool good = true;

	for (int i = 0; values != NULL && good && values[i] != NULL; i++) {
		g_autoptr(GBytes) value = g_bytes_new(values[i]->bv_val, values[i]->bv_len);

		good = search->found(search->context, name, attribute, value);
	}
	ldap_value_free_len(values);
	return good;
}

static bool
read_entry(LDAP *connection, LDAPMessage *entry, const struct directory_search *search)
{
	char *name = ldap_get_dn(connection, entry);
	bool good = true;

	if (search->attributes[0] == NULL)
		search->found(search->context, name == NULL ? "" : name, NULL, NULL);
	for (size_t i = 0; good && search->attributes[i] != NULL; i++)
		good = read_values(connection, entry, name == NULL ? "" : name,
				   search->attributes[i], search);
	ldap_memfree(name);
	return good;
}

/* The end of the search. What is not complete counts as not asked. */
static bool
read_end(LDAP *connection, LDAPMessage *message, const struct directory *directory,
	 struct fault *fault)
{
	int code = LDAP_OTHER;

	if (ldap_parse_result(connection, message, &code, NULL, NULL, NULL, NULL, 0) !=
	    LDAP_SUCCESS)
		return complain(directory, fault, "search", "the answer is malformed");
	if (code == LDAP_SIZELIMIT_EXCEEDED)
		return complain(directory, fault, "search", "too many entries have this address");
	if (code == LDAP_REFERRAL)
		return complain(directory, fault, "search",
				"it refers to another server, which is not asked");
	return code == LDAP_SUCCESS || complain(directory, fault, "search", ldap_err2string(code));
}

/* Reads one message. False: the search is over, and *good_r says how. */
static bool
read_message(LDAP *connection, int id, const struct directory *directory,
	     const struct directory_search *search, unsigned *entries, bool *good_r,
	     struct fault *fault)
{
	AUTO_MESSAGE LDAPMessage *message = NULL;
	struct timeval left = time_left(search->until);
	bool late = g_get_monotonic_time() >= search->until;
	int type = late ? 0 : ldap_result(connection, id, LDAP_MSG_ONE, &left, &message);

	*good_r = false;
	if (type == 0) {
		complain(directory, fault, "search", "there was no complete answer in time");
	} else if (type < 0) {
		complain_of(directory, fault, "search", connection, LDAP_SERVER_DOWN);
	} else if (type == LDAP_RES_SEARCH_RESULT) {
		*good_r = read_end(connection, message, directory, fault);
	} else if (type != LDAP_RES_SEARCH_ENTRY) {
		return true; /* a reference to another server */
	} else if (search->attributes[0] == NULL) {
		*good_r = read_entry(connection, message, search);
	} else if (++*entries > DIRECTORY_ENTRIES_MAX) {
		complain(directory, fault, "search", "too many entries have this address");
	} else if (!read_entry(connection, message, search)) {
		complain(directory, fault, "search", "this address has too many values");
	} else {
		return true;
	}
	return false;
}

static bool
search_below_base(LDAP *connection, const struct directory *directory,
		  const struct directory_search *search, struct fault *fault)
{
	static const char *const no_attributes[] = {LDAP_NO_ATTRS, NULL};
	const bool any = search->attributes[0] == NULL;
	struct timeval left = time_left(search->until);
	unsigned entries = 0;
	bool good;
	int id, error = ldap_search_ext(connection, directory->base, LDAP_SCOPE_SUBTREE,
					search->filter,
					(char **)(any ? no_attributes : search->attributes), 0,
					NULL, NULL, &left, any ? 1 : DIRECTORY_ENTRIES_MAX, &id);

	if (error != LDAP_SUCCESS)
		return complain_of(directory, fault, "search", connection, error);
	while (read_message(connection, id, directory, search, &entries, &good, fault))
		;
	return good;
}

bool
directory_search(const struct directory *directory, const struct directory_search *search,
		 struct fault *fault)
{
	AUTO_UNBIND LDAP *connection = NULL;

	if (ldap_initialize(&connection, directory->url) != LDAP_SUCCESS ||
	    !set_limits(connection, search->until) || !set_tls(connection, directory))
		return complain(directory, fault, "setting up the connection",
				"libldap does not accept its settings, or cannot read the file "
				"with its authorities");
	return start_tls(connection, directory, fault) &&
	       log_in(connection, directory, search->until, fault) &&
	       search_below_base(connection, directory, search, fault);
}

/* --- settings --- */

void
directory_begin(void)
{
	int ignored;

	g_setenv("LDAPNOINIT", "1", TRUE);
	ldap_get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &ignored); /* sets up the library */
}

bool
directory_check(const struct directory *directory, struct fault *fault)
{
	LDAPURLDesc *url = NULL;
	bool good = ldap_url_parse(directory->url, &url) == LDAP_URL_SUCCESS &&
		    (strcasecmp(url->lud_scheme, "ldap") == 0 ||
		     strcasecmp(url->lud_scheme, "ldaps") == 0) &&
		    url->lud_host != NULL && *url->lud_host != '\0' &&
		    (url->lud_dn == NULL || *url->lud_dn == '\0');

	ldap_free_urldesc(url);
	if (!good)
		return fault_set(fault, FAULT_CONFIG,
				 "directory %s: the url must be like \"ldaps://host\" or "
				 "\"ldap://host:389\", and nothing more",
				 directory->name);
	if (*directory->filter != '\0' && strstr(directory->filter, "%s") == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "directory %s: the filter has no \"%%s\" in place of the address",
				 directory->name);
	return true;
}
