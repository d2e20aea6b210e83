#include "delivery/inbound/open.h"

#include <string.h>

#include "mail/protection.h"

/* Whoever has left, and leaves their mail to this address. */
static const struct statement open_for = {"open_for", "select postseal.leavers_of($1)"};

void
sealed_init(struct sealed *sealed, const struct message *message, const struct settings *settings)
{
	*sealed = (struct sealed){
		.message = message,
		.parts = parts_new(message, settings->limit_parts),
		.openings = g_ptr_array_new_with_free_func((GDestroyNotify)opening_free)};
}

void
sealed_clear(struct sealed *sealed)
{
	g_clear_pointer(&sealed->openings, g_ptr_array_unref);
	g_clear_pointer(&sealed->signed_within, g_ptr_array_unref);
	g_clear_pointer(&sealed->signatures, g_ptr_array_unref);
	g_clear_pointer(&sealed->parts, parts_free);
}

struct opening *
opening_new(const struct delivery_context *delivery)
{
	struct opening *opening = g_new0(struct opening, 1);

	/* What is compressed must not grow beyond what may come in. */
	opening->spool = *delivery->variants;
	opening->spool.size_max = delivery->settings->limit_message;
	opening->entity = message_new(&opening->spool);
	return opening;
}

void
opening_free(struct opening *opening)
{
	if (opening == NULL)
		return;
	sealed_clear(&opening->inner);
	message_free(opening->entity);
	sodium_memzero(opening->content_key, sizeof opening->content_key);
	g_free(opening->how);
	g_free(opening);
}

void
opening_keep(struct sealed *sealed, struct opening *opening,
	     const struct delivery_context *delivery)
{
	GPtrArray *signed_within = opening->inner.signed_within;

	sealed_init(&opening->inner, opening->entity, delivery->settings);
	opening->inner.signed_within = signed_within;
	g_ptr_array_add(sealed->openings, opening);
}

struct opening *
sealed_opening(const struct sealed *sealed, const void *content_key, size_t length)
{
	for (guint i = 0; i < sealed->openings->len; i++) {
		struct opening *opening = g_ptr_array_index(sealed->openings, i);

		if (opening->content_key_length == length &&
		    sodium_memcmp(opening->content_key, content_key, length) == 0)
			return opening;
	}
	return NULL;
}

static gpointer
copy_key(gconstpointer key, gpointer unused)
{
	(void)unused;
	return key_ref((struct key *)key);
}

bool
open_keys(const struct open_request *request, enum key_kind kind, GPtrArray **keys_r,
	  struct fault *fault)
{
	struct keystore *keystore = request->delivery->keystore;
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) leavers = NULL;
	struct parameters parameters = {0};
	bool found = keystore_own(keystore, kind, request->address, keys_r, fault);

	parameters_text(&parameters, request->address);
	if (found)
		connection = database_take(request->delivery->database, fault);
	found = connection != NULL &&
		connection_execute(connection, &open_for, &parameters, &leavers, fault);
	g_clear_pointer(&connection, connection_give);
	for (int row = 0; found && row < PQntuples(leavers); row++) {
		g_autoptr(GPtrArray) theirs = NULL;

		found = keystore_own(keystore, kind, PQgetvalue(leavers, row, 0), &theirs, fault);
		if (found)
			g_ptr_array_extend(*keys_r, theirs, copy_key, NULL);
	}
	if (!found)
		g_clear_pointer(keys_r, g_ptr_array_unref);
	return found;
}

static enum seal_kind
kind_of(GMimeObject *root)
{
	if (GMIME_IS_MULTIPART(root))
		return SEAL_PGP_MIME;
	return g_mime_content_type_is_type(g_mime_object_get_content_type(root), "text", "plain")
		       ? SEAL_PGP_INLINE
		       : SEAL_SMIME;
}

bool
sealed_find_kind(struct sealed *sealed, struct fault *fault)
{
	struct protection protection;
	GMimeObject *root;

	if (sealed->kind != SEAL_UNKNOWN)
		return true;
	if (!protection_find(sealed->parts, &protection, fault))
		return false;
	if (protection.encrypted) {
		root = parts_root(sealed->parts, fault);
		if (root == NULL)
			return false;
		sealed->kind = kind_of(root);
	} else {
		sealed->kind = SEAL_NONE;
	}
	return true;
}

static bool
open_layer(struct sealed *sealed, const struct open_request *request, struct opening **opening_r,
	   char **why_r, struct fault *fault)
{
	*opening_r = NULL;
	if (!sealed_find_kind(sealed, fault))
		return false;
	switch (sealed->kind) {
	case SEAL_SMIME:
		return open_smime(sealed, request, opening_r, why_r, fault);
	case SEAL_PGP_MIME:
	case SEAL_PGP_INLINE:
		return open_pgp(sealed, request, opening_r, why_r, fault);
	default:
		*why_r = g_strdup("it is not encrypted as a whole");
		return true;
	}
}

bool
open_sealed(struct sealed *sealed, const struct open_request *request, struct opening **opening_r,
	    char **how_r, struct fault *fault)
{
	g_autoptr(GString) how = g_string_new(NULL);
	struct opening *opening;

	*opening_r = NULL;
	for (int layer = 0; layer < OPEN_LAYERS_MAX; layer++) {
		g_autofree char *why = NULL;

		if (!open_layer(sealed, request, &opening, &why, fault))
			return false;
		if (opening == NULL && layer == 0)
			g_string_append(how, why);
		if (opening == NULL)
			break;
		g_string_append_printf(how, "%s%s", layer > 0 ? "; within it " : "", opening->how);
		*opening_r = opening;
		sealed = &opening->inner;
	}
	*how_r = g_strdup(how->str);
	return true;
}
