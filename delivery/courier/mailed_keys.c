/*
 * Keys that came with mail (keystore/mailed.h): postseal-keyreader reads them, and what is a key of
 * the author is kept.
 */
#include "core/log.h"
#include "delivery/courier/chore.h"
#include "keystore/answers.h"
#include "keystore/found_reader.h"
#include "keystore/mailed.h"

enum { AT_ONCE = 16, READING_SECONDS = 15 };

static void
tell_conflict(struct connection *connection, const struct mailed_key *mailed)
{
	struct key_asking asking = {
		.address = mailed->address, .source = &key_source_mail, .kind = mailed->kind};
	g_autofree char *conflict = NULL;
	struct fault fault;

	if (answers_conflict(connection, &asking, &conflict, &fault) && conflict != NULL)
		log_warning("a key that came with mail contradicts other %s keys of %s: %s",
			    key_kind_name(mailed->kind), mailed->address, conflict);
}

static bool
settle(const struct courier *courier, const struct mailed_key *mailed, const GPtrArray *found,
       struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);

	if (connection == NULL)
		return false;
	if (found == NULL)
		return mailed_put_off(connection, mailed, fault);
	if (!mailed_settle(connection, mailed, found, fault))
		return false;
	tell_conflict(connection, mailed);
	return true;
}

static bool
find_known(const struct courier *courier, const struct mailed_key *mailed, GPtrArray *known,
	   struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	if (mailed->kind != KEY_PGP)
		return true;
	connection = database_take(courier->database, fault);
	return connection != NULL && answers_known(connection, mailed->address, known, fault);
}

/* A key that cannot be read holds up no other. */
static bool
take(const struct courier *courier, struct found_reader *reader, const struct mailed_key *mailed,
     struct fault *fault)
{
	g_autoptr(GPtrArray) items =
		g_ptr_array_new_with_free_func((GDestroyNotify)found_item_free);
	g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GPtrArray) found = NULL;
	g_autofree char *why = NULL;
	struct found_files files = {
		.kind = mailed->kind, .address = mailed->address, .items = items, .known = known};
	struct found_item *item = g_new0(struct found_item, 1);
	struct fault reading;

	item->bytes = g_bytes_ref(mailed->content);
	g_ptr_array_add(items, item);
	if (!find_known(courier, mailed, known, fault))
		return false;
	found = found_read(reader, &files,
			   g_get_monotonic_time() + READING_SECONDS * G_USEC_PER_SEC, &why,
			   &reading);
	if (found == NULL)
		log_warning("a key that came with mail of %s: %s", mailed->address, reading.text);
	return settle(courier, mailed, found, fault);
}

static bool
claim(const struct courier *courier, GPtrArray *keys, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(courier->database, fault);

	return connection != NULL && mailed_claim(connection, AT_ONCE, keys, fault);
}

static bool
run(const struct courier *courier, bool *more_r, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)mailed_key_free);
	struct found_reader *reader;
	bool done;

	done = claim(courier, keys, fault);
	*more_r = keys->len == AT_ONCE;
	if (!done || keys->len == 0)
		return done;
	reader = found_reader_new(courier->settings->gpg_program);
	for (guint i = 0; i < keys->len && done; i++)
		done = take(courier, reader, g_ptr_array_index(keys, i), fault);
	found_reader_free(reader);
	return done;
}

const struct chore chore_mailed_keys = {
	.name = "reading keys that came with mail", .seconds = 2, .run = run};
