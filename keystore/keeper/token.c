#define OPENSSL_SUPPRESS_DEPRECATED
#include "keystore/keeper/token.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <sodium.h>
#include <string.h>

/* The engine, loaded once; NULL: it is not installed. */
static ENGINE *
engine(void)
{
	static gsize loaded;
	static ENGINE *pkcs11;

	if (g_once_init_enter(&loaded)) {
		ENGINE_load_builtin_engines();
		pkcs11 = ENGINE_by_id("pkcs11");
		if (pkcs11 != NULL && ENGINE_init(pkcs11) != 1)
			g_clear_pointer(&pkcs11, ENGINE_free);
		g_once_init_leave(&loaded, 1);
	}
	return pkcs11;
}

/* The first line of the file; wipe and free it. */
static char *
read_pin(const char *path, struct fault *fault)
{
	g_autoptr(GError) error = NULL;
	char *pin;

	if (!g_file_get_contents(path, &pin, NULL, &error)) {
		fault_set(fault, FAULT_CONFIG, "reading the PIN of the token: %s", error->message);
		return NULL;
	}
	pin[strcspn(pin, "\r\n")] = '\0';
	return pin;
}

static bool
log_in(ENGINE *pkcs11, const char *path, struct fault *fault)
{
	char *pin;
	bool given;

	if (*path == '\0')
		return true;
	pin = read_pin(path, fault);
	if (pin == NULL)
		return false;
	given = ENGINE_ctrl_cmd_string(pkcs11, "PIN", pin, 0) == 1;
	sodium_memzero(pin, strlen(pin));
	g_free(pin);
	return given ||
	       fault_set(fault, FAULT_CRYPTO, "giving the PIN to the token: OpenSSL refuses it");
}

EVP_PKEY *
token_key(const char *uri, const char *pin, struct fault *fault)
{
	ENGINE *pkcs11;
	EVP_PKEY *key;

	if (*uri == '\0') {
		fault_set(fault, FAULT_CONFIG,
			  "looking for its key in a token: the setting `ca token` is empty");
		return NULL;
	}
	pkcs11 = engine();
	if (pkcs11 == NULL) {
		fault_set(fault, FAULT_CONFIG,
			  "looking for its key in the token %s: OpenSSL has no engine pkcs11; "
			  "install libengine-pkcs11-openssl",
			  uri);
		return NULL;
	}
	if (!log_in(pkcs11, pin, fault))
		return NULL;
	key = ENGINE_load_private_key(pkcs11, uri, NULL, NULL);
	if (key == NULL)
		fault_set(fault, FAULT_CRYPTO,
			  "looking for its key in the token %s: there is none, or the PIN is wrong",
			  uri);
	ERR_clear_error();
	return key;
}
