#include "core/seal/derive.h"

#include <argon2.h>
#include <glib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 * 1024 * 1024, KEPT_BYTES = 2 * HUGE_PAGE, BLOCK = 1024 };

/* At most as many derivations run at once as there are processors. The memory of small ones is kept
 * for the next, which saves a sixth of the time. */
static struct {
	GMutex lock;
	GCond ended;
	guint running;
	GQueue kept; /* each of KEPT_BYTES, wiped by libargon2 */
} shared;

/* With small pages, mapping them one by one takes longer than the derivation. So more is mapped
 * than is needed, and what lies before and after the huge pages is unmapped again. */
static int
map_memory(uint8_t **memory_r, size_t length)
{
	uint8_t *mapped = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (mapped == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	before = HUGE_PAGE - (uintptr_t)mapped % HUGE_PAGE;
	munmap(mapped, before);
	if (before < HUGE_PAGE)
		munmap(mapped + before + length, HUGE_PAGE - before);
	*memory_r = mapped + before;
	madvise(*memory_r, length, MADV_HUGEPAGE);
	return ARGON2_OK;
}

static int
take_memory(uint8_t **memory_r, size_t length)
{
	if (length != KEPT_BYTES)
		return map_memory(memory_r, length);
	g_mutex_lock(&shared.lock);
	*memory_r = g_queue_pop_head(&shared.kept);
	g_mutex_unlock(&shared.lock);
	return *memory_r == NULL ? map_memory(memory_r, length) : ARGON2_OK;
}

static void
give_memory(uint8_t *memory, size_t length)
{
	if (length != KEPT_BYTES) {
		munmap(memory, length);
		return;
	}
	g_mutex_lock(&shared.lock);
	g_queue_push_head(&shared.kept, memory);
	g_mutex_unlock(&shared.lock);
}

static void
begin(void)
{
	static guint processors;

	g_mutex_lock(&shared.lock);
	if (processors == 0)
		processors = g_get_num_processors();
	while (shared.running >= processors)
		g_cond_wait(&shared.ended, &shared.lock);
	shared.running++;
	g_mutex_unlock(&shared.lock);
}

static void
end(void)
{
	g_mutex_lock(&shared.lock);
	shared.running--;
	g_cond_signal(&shared.ended);
	g_mutex_unlock(&shared.lock);
}

bool
derive_argon2id(unsigned char *key_r, size_t key_length, const void *secret, size_t length,
		const unsigned char salt[DERIVE_SALT_BYTES], unsigned passes, size_t memory)
{
	argon2_context context = {.out = key_r,
				  .outlen = (uint32_t)key_length,
				  .pwd = (uint8_t *)secret,
				  .pwdlen = (uint32_t)length,
				  .salt = (uint8_t *)salt,
				  .saltlen = DERIVE_SALT_BYTES,
				  .t_cost = passes,
				  .m_cost = (uint32_t)(memory / BLOCK),
				  .lanes = 1,
				  .threads = 1,
				  .version = ARGON2_VERSION_13,
				  .allocate_cbk = take_memory,
				  .free_cbk = give_memory};
	int done;

	begin();
	done = argon2_ctx(&context, Argon2_id);
	end();
	return done == ARGON2_OK;
}
