#include "portal/published.h"

#include <string.h>

#include "core/address.h"
#include "core/identifier.h"
#include "keystore/openpgp.h"
#include "portal/answer.h"

enum {
	KEPT_SECONDS = 300, /* a revocation is to be heard of soon */
	KEPT_LONG_SECONDS = 86400,
	HASH_CHARACTERS = 32,
	SUFFIX_CHARACTERS = 4, /* ".crl" */
};

static const struct statement published_certificate = {
	"published_certificate", "select postseal.ca_certificate_find($1)", .binary = true};
static const struct statement published_crl = {"published_crl", "select postseal.ca_crl_find($1)",
					       .binary = true};
static const struct statement published_certificate_of = {
	"published_certificate_of", "select postseal.ca_certificate_of($1)", .binary = true};
static const struct statement published_keys = {
	"published_keys", "select address, content from postseal.ca_directory_find($1, $2)"};

/* Takes ownership of the bytes, which everybody may have from a cache for so long. */
static enum MHD_Result
answer_bytes(struct request *request, GBytes *bytes, const char *type, int seconds)
{
	g_autofree char *kept = g_strdup_printf("public, max-age=%d", seconds);
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_MUST_COPY);

	g_bytes_unref(bytes);
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", kept);
	MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "cross-origin");
	return answer_response(request, MHD_HTTP_OK, response);
}

/* --- the authority --- */

/* What `statement` has of this name, if anything. */
static enum MHD_Result
answer_named(struct request *request, const struct statement *statement, const char *name,
	     const char *type, int seconds)
{
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!request_ask(request, statement, name, &result, &fault))
		return answer_fault(request, &fault);
	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
		return answer_not_found(request);
	return answer_bytes(request,
			    g_bytes_new(PQgetvalue(result, 0, 0), (gsize)PQgetlength(result, 0, 0)),
			    type, seconds);
}

/* RFC 4387 */
static enum MHD_Result
answer_certificate_of(struct request *request)
{
	const char *asked = request_query(request, "email");
	g_autofree char *address = NULL;

	if (asked == NULL || !address_is_valid(asked))
		return answer_not_found(request);
	address = address_fold(asked);
	return answer_named(request, &published_certificate_of, address, "application/pkix-cert",
			    KEPT_SECONDS);
}

enum MHD_Result
published_authority(struct request *request)
{
	const char *name = request->web.tail;
	struct identifier id;
	g_autofree char *stem = g_strndup(name, IDENTIFIER_LENGTH);
	bool is_crl = g_str_has_suffix(name, ".crl");

	request->cookie_is_new = false;
	if (strcmp(name, "certificates") == 0)
		return answer_certificate_of(request);
	if (strlen(name) != IDENTIFIER_LENGTH + SUFFIX_CHARACTERS ||
	    (!is_crl && !g_str_has_suffix(name, ".crt")) || !identifier_parse(&id, stem))
		return answer_not_found(request);
	/* RFC 2585 §4 */
	return is_crl ? answer_named(request, &published_crl, stem, "application/pkix-crl",
				     KEPT_SECONDS)
		      : answer_named(request, &published_certificate, stem, "application/pkix-cert",
				     KEPT_LONG_SECONDS);
}

/* --- the directory --- */

/* The domain that is asked, if it is one of ours: from the path, or else from Host without its
 * port. Borrowed from the settings. */
static const char *
domain_of(const struct request *request, const char *in_path)
{
	const char *host = web_header(&request->web, "Host");
	g_autofree char *asked = g_ascii_strdown(in_path != NULL ? in_path
						 : host == NULL	 ? ""
								 : host,
						 -1);

	if (in_path == NULL)
		asked[strcspn(asked, ":")] = '\0';
	for (char *const *domain = request->portal->settings->domains; *domain != NULL; domain++)
		if (strcmp(*domain, asked) == 0)
			return *domain;
	return NULL;
}

static bool
find_keys(struct request *request, const char *domain, const char *hash, PGresult **result_r,
	  struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, domain);
	parameters_text(&parameters, hash);
	return connection_execute(request->connection, &published_keys, &parameters, result_r,
				  fault);
}

/* One after the other, each with the user IDs of this address alone. */
static enum MHD_Result
answer_keys(struct request *request, const char *domain, const char *hash)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!find_keys(request, domain, hash, &result, &fault))
		return answer_fault(request, &fault);
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		unsigned char *content = result_bytes(result, row, 1, &length);
		g_autoptr(GBytes) key = g_bytes_new_take(content, length);
		g_autoptr(GBytes) public_part = openpgp_only_for(key, PQgetvalue(result, row, 0));
		gsize part;
		const void *bytes = g_bytes_get_data(public_part, &part);

		g_byte_array_append(all, bytes, (guint)part);
	}
	if (all->len == 0)
		return answer_not_found(request);
	return answer_bytes(request, g_byte_array_free_to_bytes(g_steal_pointer(&all)),
			    "application/octet-stream", KEPT_SECONDS);
}

enum MHD_Result
published_directory(struct request *request)
{
	g_auto(GStrv) parts = g_strsplit(request->web.tail, "/", 4);
	guint count = g_strv_length(parts);
	/* "hu/HASH" and "policy", each perhaps after a domain */
	bool is_policy = count >= 1 && count <= 2 && strcmp(parts[count - 1], "policy") == 0;
	bool is_key = !is_policy && count >= 2 && count <= 3 &&
		      strcmp(parts[count - 2], "hu") == 0 &&
		      strlen(parts[count - 1]) == HASH_CHARACTERS;
	guint names = is_policy ? 1 : 2;
	const char *domain;

	request->cookie_is_new = false;
	if (!is_policy && !is_key)
		return answer_not_found(request);
	domain = domain_of(request, count > names ? parts[0] : NULL);
	if (domain == NULL)
		return answer_not_found(request);
	if (is_policy)
		return answer_bytes(request, g_bytes_new_static("", 0), "text/plain; charset=utf-8",
				    KEPT_LONG_SECONDS);
	return answer_keys(request, domain, parts[count - 1]);
}
