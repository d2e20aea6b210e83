#include "core/memory.h"

#include <glib.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <unicode/uclean.h>

/* OpenSSL also passes the caller's file and line, which are not needed. */
static void *
allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return g_malloc(size);
}

static void *
reallocate(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return g_realloc(old, size);
}

static void
release(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	g_free(memory);
}

static void *
allocate_for_icu(const void *context, size_t size)
{
	(void)context;
	return g_malloc(size);
}

static void *
reallocate_for_icu(const void *context, void *old, size_t size)
{
	(void)context;
	return g_realloc(old, size);
}

static void
release_for_icu(const void *context, void *memory)
{
	(void)context;
	g_free(memory);
}

void
memory_start(void)
{
	UErrorCode status = U_ZERO_ERROR;

	CRYPTO_set_mem_functions(allocate, reallocate, release);
	json_set_alloc_funcs(g_malloc, g_free);
	u_setMemoryFunctions(NULL, allocate_for_icu, reallocate_for_icu, release_for_icu, &status);
}
