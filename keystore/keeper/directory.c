#include "keystore/keeper/directory.h"

#include <openssl/evp.h>
#include <string.h>

#include "core/address.h"

static const struct statement directory_missing = {"directory_missing",
						   "select postseal.ca_directory_missing()"};
static const struct statement directory_put = {"directory_put",
					       "select postseal.ca_directory_put($1, $2, $3)"};

enum { DIGEST_BYTES = 20, BITS_A_CHARACTER = 5 };

char *
directory_hash(const char *address)
{
	static const char alphabet[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	unsigned char digest[EVP_MAX_MD_SIZE];
	const char *at = strrchr(address, '@');
	size_t length = at == NULL ? strlen(address) : (size_t)(at - address);
	GString *text = g_string_new(NULL);
	unsigned bits = 0, count = 0;

	EVP_Digest(address, length, digest, NULL, EVP_sha1(), NULL);
	for (int i = 0; i < DIGEST_BYTES; i++) {
		bits = (bits << 8 | digest[i]) & 0xffff;
		for (count += 8; count >= BITS_A_CHARACTER; count -= BITS_A_CHARACTER)
			g_string_append_c(text,
					  alphabet[bits >> (count - BITS_A_CHARACTER) & 0x1f]);
	}
	return g_string_free(text, FALSE);
}

static bool
put(struct connection *connection, const char *address, struct fault *fault)
{
	g_autofree char *hash = directory_hash(address);
	struct parameters parameters = {0};

	parameters_text(&parameters, address);
	parameters_text(&parameters, address_domain(address));
	parameters_text(&parameters, hash);
	return connection_execute(connection, &directory_put, &parameters, NULL, fault);
}

bool
directory_fill(const struct issuing *issuing, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(issuing->database, fault);
	g_autoptr(PGresult) result = NULL;
	bool filled = connection != NULL &&
		      connection_execute(connection, &directory_missing, NULL, &result, fault);

	for (int row = 0; filled && row < PQntuples(result); row++)
		filled = put(connection, PQgetvalue(result, row, 0), fault);
	return filled || fault_within(fault, "publishing OpenPGP keys");
}
