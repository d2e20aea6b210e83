#include "core/seal/ring.h"

#include <string.h>

#include "core/listener.h"
#include "core/log.h"
#include "core/seal/marked.h"
#include "core/seal/rotation.h"

struct ring {
	char *directory, *name, *program;
	struct database *database; /* NULL before ring_join() */
	struct listener *listener;
	GMutex lock;
	struct key_file file; /* as last read */
	struct key_file
		opening; /* all it has ever had; when there is no more room, the most recent ones */
	char **retired;	 /* marks of keys that the database lists as retired; NULL: none known */
	GPtrArray *sealing; /* struct seal_key: those that have sealed; the last one does now */
};

/* --- the file --- */

static bool
has_key(const struct key_file *file, const struct seal_key *key)
{
	for (unsigned i = 0; i < file->count; i++)
		if (sodium_memcmp(&file->keys[i], key, sizeof *key) == 0)
			return true;
	return false;
}

/* Call with the lock held. If the file has had more keys than fit, those that it lost longest ago
 * are dropped. */
static void
take_keys(struct ring *ring, const struct key_file *file)
{
	g_auto(key_file_auto) all = *file;

	for (unsigned i = 0; i < ring->opening.count && all.count < KEY_FILE_KEYS_MAX; i++)
		if (!has_key(&all, &ring->opening.keys[i]))
			all.keys[all.count++] = ring->opening.keys[i];
	ring->opening = all;
	ring->file = *file;
}

/* Sets what the marks are made from, and what seals. */
static void
sealing_keys(const struct ring *ring, struct key_file *keys_r)
{
	if (strcmp(ring->name, SECRET_COURIER) == 0)
		key_file_public(keys_r, &ring->file);
	else
		*keys_r = ring->file;
}

/* Call with the lock held. NULL: the first key in the file. False if the file does not have the
 * key. */
static bool
seal_with(struct ring *ring, const char *mark)
{
	g_auto(key_file_auto) keys = {0};
	unsigned at;

	sealing_keys(ring, &keys);
	if (!rotation_find(&keys, mark, &at))
		return false;
	if (ring->sealing->len == 0 || sodium_memcmp(ring->sealing->pdata[ring->sealing->len - 1],
						     &keys.keys[at], SEAL_KEY_BYTES) != 0)
		g_ptr_array_add(ring->sealing, g_memdup2(&keys.keys[at], sizeof keys.keys[at]));
	return true;
}

static void
wipe_key(gpointer key)
{
	sodium_memzero(key, SEAL_KEY_BYTES);
	g_free(key);
}

struct ring *
ring_new(const char *directory, const char *name, const struct key_file *file)
{
	struct ring *ring = g_new0(struct ring, 1);

	ring->directory = g_strdup(directory);
	ring->name = g_strdup(name);
	ring->sealing = g_ptr_array_new_with_free_func(wipe_key);
	g_mutex_init(&ring->lock);
	take_keys(ring, file);
	seal_with(ring, NULL);
	return ring;
}

struct ring *
ring_read(const char *directory, const char *name, struct fault *fault)
{
	g_auto(key_file_auto) file = {0};

	return key_file_read(&file, directory, name, fault) ? ring_new(directory, name, &file)
							    : NULL;
}

void
ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	if (ring->listener != NULL)
		listener_stop(ring->listener);
	key_file_clear(&ring->file);
	key_file_clear(&ring->opening);
	g_ptr_array_unref(ring->sealing);
	g_mutex_clear(&ring->lock);
	g_free(ring->directory);
	g_free(ring->name);
	g_free(ring->program);
	g_strfreev(ring->retired);
	g_free(ring);
}

/* --- following the database --- */

static bool
announce(struct ring *ring, struct rotation_news *news_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(ring->database, fault);
	g_auto(key_file_auto) keys = {0};

	g_mutex_lock(&ring->lock);
	sealing_keys(ring, &keys);
	g_mutex_unlock(&ring->lock);
	return connection != NULL && rotation_announce(connection, rotation_of(ring->name),
						       ring->program, &keys, news_r, fault);
}

static bool
follow(struct ring *ring, struct fault *fault)
{
	g_auto(rotation_news_auto) news = {0};
	bool found;

	if (!announce(ring, &news, fault))
		return false;
	g_mutex_lock(&ring->lock);
	found = seal_with(ring, news.sealing);
	g_strfreev(ring->retired);
	ring->retired = g_steal_pointer(&news.retired);
	g_mutex_unlock(&ring->lock);
	return found || rotation_lacks(ring->directory, ring->name, news.sealing, fault);
}

/* If the file cannot be read now, for example by a program that was root when it started, the ring
 * stays as it was. */
static bool
read_again(struct ring *ring, struct fault *fault)
{
	g_auto(key_file_auto) file = {0};

	if (!key_file_read(&file, ring->directory, ring->name, fault))
		return false;
	g_mutex_lock(&ring->lock);
	take_keys(ring, &file);
	g_mutex_unlock(&ring->lock);
	return true;
}

void
ring_reload(struct ring *ring)
{
	struct fault fault;

	if (!read_again(ring, &fault))
		log_error("%s; the keys read earlier are kept", fault.text);
	/* Without the database, nothing changes: the listener reports that, and calls when it is
	 * back. */
	if (!follow(ring, &fault) && fault.cause == FAULT_CONFIG)
		log_error("%s", fault.text);
}

static void
hear(void *context, const char *payload)
{
	(void)payload;
	ring_reload(context);
}

bool
ring_join(struct ring *ring, const char *program, struct database *database,
	  const struct database_settings *listen, struct fault *fault)
{
	ring->program = g_strdup(program);
	ring->database = database;
	if (!follow(ring, fault))
		return false;
	ring->listener = listener_start(listen, "postseal_secret", hear, ring);
	return true;
}

/* --- using the keys --- */

const struct seal_key *
ring_sealing(struct ring *ring)
{
	const struct seal_key *key;

	g_mutex_lock(&ring->lock);
	key = ring->sealing->pdata[ring->sealing->len - 1];
	g_mutex_unlock(&ring->lock);
	return key;
}

/* Call with the lock held. */
static bool
is_retired(const struct ring *ring, const struct seal_key *key)
{
	char mark[SEAL_MARK_CHARACTERS + 1];

	seal_mark_show(mark, key);
	return ring->retired != NULL && g_strv_contains((const char *const *)ring->retired, mark);
}

void
ring_current(struct ring *ring, struct key_file *keys_r)
{
	keys_r->count = 0;
	g_mutex_lock(&ring->lock);
	for (unsigned i = 0; i < ring->file.count; i++)
		if (!is_retired(ring, &ring->file.keys[i]))
			keys_r->keys[keys_r->count++] = ring->file.keys[i];
	g_mutex_unlock(&ring->lock);
}

static void
opening_keys(struct ring *ring, struct key_file *keys_r)
{
	g_mutex_lock(&ring->lock);
	*keys_r = ring->opening;
	g_mutex_unlock(&ring->lock);
}

bool
ring_unbox(struct ring *ring, struct seal_key *content_r, const unsigned char *boxed, size_t length)
{
	g_auto(key_file_auto) keys = {0};

	opening_keys(ring, &keys);
	return seal_marked_unbox(content_r, boxed, length, &keys);
}

unsigned char *
ring_open(struct ring *ring, const unsigned char *sealed, size_t length, const char *about,
	  size_t *length_r)
{
	g_auto(key_file_auto) keys = {0};

	opening_keys(ring, &keys);
	return seal_marked_open(sealed, length, &keys, about, length_r);
}
