#include "keystore/found_wire.h"

#include "keystore/key_wire.h"

#define FILES_TYPE "(usssa(bay)aay)"
#define KEY_TYPE   "(ussayxxbbbs)"
#define KEYS_TYPE  "(usa" KEY_TYPE ")"

static GVariant *
bytes_of(GBytes *bytes)
{
	gsize length;
	const void *at = g_bytes_get_data(bytes, &length);

	return key_wire_bytes(at, length);
}

GBytes *
found_files_pack(const struct found_files *files)
{
	GVariantBuilder items, known;

	g_variant_builder_init(&items, G_VARIANT_TYPE("a(bay)"));
	for (guint i = 0; i < files->items->len; i++) {
		const struct found_item *item = g_ptr_array_index(files->items, i);

		g_variant_builder_add(&items, "(b@ay)", item->is_pinned, bytes_of(item->bytes));
	}
	g_variant_builder_init(&known, G_VARIANT_TYPE("aay"));
	for (guint i = 0; i < files->known->len; i++)
		g_variant_builder_add_value(&known, bytes_of(g_ptr_array_index(files->known, i)));
	return key_wire_pack(g_variant_new(FILES_TYPE, (guint32)files->kind, files->address,
					   files->gpg_program, files->folder, &items, &known));
}

static GPtrArray *
items_in(GVariant *list)
{
	GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)found_item_free);

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) bytes = NULL;
		struct found_item *item = g_new(struct found_item, 1);
		gboolean is_pinned;

		g_variant_get_child(list, i, "(b@ay)", &is_pinned, &bytes);
		*item = (struct found_item){.bytes = g_variant_get_data_as_bytes(bytes),
					    .is_pinned = is_pinned};
		g_ptr_array_add(items, item);
	}
	return items;
}

static GPtrArray *
known_in(GVariant *list)
{
	GPtrArray *known = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) bytes = g_variant_get_child_value(list, i);

		g_ptr_array_add(known, g_variant_get_data_as_bytes(bytes));
	}
	return known;
}

bool
found_files_unpack(GBytes *bytes, struct found_files *files_r, GVariant **value_r)
{
	g_autoptr(GVariant) value = key_wire_unpack(FILES_TYPE, bytes);
	g_autoptr(GVariant) items = NULL, known = NULL;
	guint32 kind;

	if (value == NULL)
		return false;
	g_variant_get(value, "(u&s&s&s@a(bay)@aay)", &kind, &files_r->address,
		      &files_r->gpg_program, &files_r->folder, &items, &known);
	files_r->kind = kind == KEY_PGP ? KEY_PGP : KEY_SMIME;
	files_r->items = items_in(items);
	files_r->known = known_in(known);
	*value_r = g_steal_pointer(&value);
	return true;
}

static void
add_key(GVariantBuilder *list, const struct found_key *key)
{
	const struct key_facts *facts = key->facts;
	g_autofree char *owner = g_utf8_make_valid(facts->owner, -1);
	g_autofree char *cannot =
		g_utf8_make_valid(facts->cannot_encrypt == NULL ? "" : facts->cannot_encrypt, -1);

	g_variant_builder_add(list, "(uss@ayxxbbbs)", (guint32)facts->kind, facts->fingerprint,
			      owner, bytes_of(facts->content), (gint64)facts->not_before,
			      (gint64)facts->not_after, facts->gcm, facts->oaep, key->is_pinned,
			      cannot);
}

GBytes *
found_keys_pack(const GPtrArray *keys, const char *why, const struct fault *fault)
{
	g_autofree char *text = NULL;
	GVariantBuilder list;

	g_variant_builder_init(&list, G_VARIANT_TYPE("a" KEY_TYPE));
	for (guint i = 0; keys != NULL && i < keys->len; i++)
		add_key(&list, g_ptr_array_index(keys, i));
	text = g_utf8_make_valid(keys == NULL ? fault->text : why == NULL ? "" : why, -1);
	return key_wire_pack(g_variant_new(
		KEYS_TYPE, (guint32)(keys == NULL ? fault->cause : FAULT_NONE), text, &list));
}

static struct found_key *
key_in(GVariant *list, gsize i)
{
	struct found_key *key = g_new0(struct found_key, 1);
	struct key_facts *facts = key->facts = g_new0(struct key_facts, 1);
	g_autoptr(GVariant) content = NULL;
	gint64 not_before, not_after;
	gboolean gcm, oaep, is_pinned;
	const char *cannot;
	guint32 kind;

	g_variant_get_child(list, i, "(uss@ayxxbbb&s)", &kind, &facts->fingerprint, &facts->owner,
			    &content, &not_before, &not_after, &gcm, &oaep, &is_pinned, &cannot);
	facts->kind = kind == KEY_PGP ? KEY_PGP : KEY_SMIME;
	facts->content = g_variant_get_data_as_bytes(content);
	facts->not_before = (time_t)not_before;
	facts->not_after = (time_t)not_after;
	facts->gcm = gcm;
	facts->oaep = oaep;
	facts->cannot_encrypt = *cannot == '\0' ? NULL : g_strdup(cannot);
	facts->addresses = g_ptr_array_new_with_free_func(g_free);
	key->is_pinned = is_pinned;
	return key;
}

GPtrArray *
found_keys_unpack(GBytes *bytes, char **why_r, struct fault *fault)
{
	g_autoptr(GVariant) value = key_wire_unpack(KEYS_TYPE, bytes);
	g_autoptr(GVariant) list = NULL;
	GPtrArray *keys;
	const char *text;
	guint32 cause;

	*why_r = NULL;
	if (value == NULL) {
		fault_set(fault, FAULT_CRYPTO, "reading a found key: the answer is none");
		return NULL;
	}
	g_variant_get(value, "(u&s@a" KEY_TYPE ")", &cause, &text, &list);
	if (cause != FAULT_NONE) {
		fault_set(fault, FAULT_CRYPTO, "%s", text);
		return NULL;
	}
	keys = g_ptr_array_new_with_free_func((GDestroyNotify)found_key_free);
	for (gsize i = 0; i < g_variant_n_children(list); i++)
		g_ptr_array_add(keys, key_in(list, i));
	if (keys->len == 0)
		*why_r = g_strdup(text);
	return keys;
}
