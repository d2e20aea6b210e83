#include "keystore/upload_judge.h"

#include <string.h>

#include "core/catalogue.h"
#include "keystore/key_wire.h"
#include "keystore/reading.h"

static bool
names(const struct key_facts *key, const char *address)
{
	return g_ptr_array_find_with_equal_func(key->addresses, address, g_str_equal, NULL);
}

/* A sentence for its owner, or NULL if mail can be encrypted to it now. */
static const char *
complaint(const struct key_facts *key, const char *address)
{
	time_t now = time(NULL);

	if (key->secret != NULL)
		return N_("This file contains a private key. Keep it to yourself, and upload only "
			  "the public key.");
	if (key->is_authority)
		return N_("This is the certificate of a certificate authority, not yours.");
	if (!names(key, address))
		return key->kind == KEY_PGP ? N_("This key does not contain your email address.")
					    : N_("This certificate does not contain your email "
						 "address.");
	if (key->cannot_encrypt != NULL)
		return N_("This key or certificate cannot be used for encryption.");
	if (key->not_after != 0 && key->not_after <= now)
		return N_("This key or certificate has expired.");
	return key->not_before > now ? N_("This key or certificate is not valid yet.") : NULL;
}

/* Picks the key that is meant: bundles and signed mails include the certificates of their
 * authorities, and people often have one certificate for signing and another for encryption. */
static guint
choose(const GPtrArray *keys, const char *address)
{
	for (guint i = 0; i < keys->len; i++)
		if (complaint(g_ptr_array_index(keys, i), address) == NULL)
			return i;
	for (guint i = 0; i < keys->len; i++)
		if (!((const struct key_facts *)g_ptr_array_index(keys, i))->is_authority)
			return i;
	return 0;
}

struct key_facts *
upload_judge(const struct upload_file *file, struct fault *fault)
{
	const struct reading_settings settings = {.gpg_program = file->gpg_program,
						  .is_foreign = true};
	struct reading reading = {0};
	struct key_facts *key = NULL;
	const char *why = NULL;

	if (memmem(file->bytes, file->length, "PRIVATE KEY", 11) != NULL)
		why = N_("This file contains a private key. Keep it to yourself, and upload only "
			 "the public key.");
	else if (!reading_take(&reading, &settings, "the file", file->bytes, file->length, fault))
		why = N_("This file contains neither a certificate nor an OpenPGP public key.");
	if (why == NULL) {
		key = g_ptr_array_steal_index(reading.keys, choose(reading.keys, file->address));
		why = complaint(key, file->address);
	}
	reading_clear(&reading);
	if (why == NULL)
		return key;
	fault_set(fault, FAULT_INPUT, "%s", why);
	g_clear_pointer(&key, key_facts_free);
	return NULL;
}

/* --- as bytes --- */

#define FILE_TYPE    "(sssay)"
#define VERDICT_TYPE "(us(ussayxxbb))"

GBytes *
upload_file_pack(const struct upload_file *file)
{
	return key_wire_pack(g_variant_new("(sss@ay)", file->address, file->gpg_program,
					   file->folder,
					   key_wire_bytes(file->bytes, file->length)));
}

bool
upload_file_unpack(GBytes *bytes, struct upload_file *file_r)
{
	g_autoptr(GVariant) value = key_wire_unpack(FILE_TYPE, bytes);
	g_autoptr(GVariant) content = NULL;

	if (value == NULL)
		return false;
	g_variant_get(value, "(&s&s&s@ay)", &file_r->address, &file_r->gpg_program, &file_r->folder,
		      &content);
	file_r->bytes = g_variant_get_fixed_array(content, &file_r->length, 1);
	return true;
}

static GVariant *
key_value(const struct key_facts *key)
{
	gsize length = 0;
	const void *content = key->content == NULL ? "" : g_bytes_get_data(key->content, &length);

	return g_variant_new("(uss@ayxxbb)", (guint32)key->kind, key->fingerprint, key->owner,
			     key_wire_bytes(content, length), (gint64)key->not_before,
			     (gint64)key->not_after, key->gcm, key->oaep);
}

GBytes *
upload_verdict_pack(const struct key_facts *key, const struct fault *fault)
{
	char nothing[] = "";
	const struct key_facts none = {.fingerprint = nothing, .owner = nothing};
	g_autofree char *text = key == NULL ? g_utf8_make_valid(fault->text, -1) : g_strdup("");

	return key_wire_pack(g_variant_new("(us@(ussayxxbb))",
					   (guint32)(key == NULL ? fault->cause : FAULT_NONE), text,
					   key_value(key == NULL ? &none : key)));
}

static struct key_facts *
key_in(GVariant *value)
{
	struct key_facts *key = g_new0(struct key_facts, 1);
	g_autoptr(GVariant) content = NULL;
	guint32 kind;
	gint64 not_before, not_after;
	gboolean gcm, oaep;

	g_variant_get(value, "(uss@ayxxbb)", &kind, &key->fingerprint, &key->owner, &content,
		      &not_before, &not_after, &gcm, &oaep);
	key->kind = kind == KEY_PGP ? KEY_PGP : KEY_SMIME;
	key->content = g_variant_get_data_as_bytes(content);
	key->not_before = (time_t)not_before;
	key->not_after = (time_t)not_after;
	key->gcm = gcm;
	key->oaep = oaep;
	key->addresses = g_ptr_array_new_with_free_func(g_free);
	return key;
}

struct key_facts *
upload_verdict_unpack(GBytes *bytes, struct fault *fault)
{
	g_autoptr(GVariant) value = key_wire_unpack(VERDICT_TYPE, bytes);
	g_autoptr(GVariant) key = NULL;
	const char *text;
	guint32 cause;

	if (value == NULL) {
		fault_set(fault, FAULT_CRYPTO, "reading an uploaded key: the answer is none");
		return NULL;
	}
	g_variant_get(value, "(u&s@(ussayxxbb))", &cause, &text, &key);
	if (cause == FAULT_NONE)
		return key_in(key);
	fault_set(fault, cause == FAULT_INPUT ? FAULT_INPUT : FAULT_CRYPTO, "%s", text);
	return NULL;
}
