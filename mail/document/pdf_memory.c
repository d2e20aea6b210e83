/*
 * Where memory is short, poppler says so on the standard error output and ends the process, which
 * the filter of system calls takes for an attack: the document was read a second time, and its
 * parser was said to have crashed. In the place of the functions of the C library.
 */
#include <stdlib.h>

#include "core/reader/serve.h"

/* A sanitizer has its own, and no limit to be short of. */
#ifndef POSTSEAL_SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static void *
refuse_nothing(void *memory, size_t size)
{
	if (memory == NULL && size > 0)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	return memory;
}

void *
malloc(size_t size)
{
	return refuse_nothing(__libc_malloc(size), size);
}

void *
calloc(size_t count, size_t size)
{
	return refuse_nothing(__libc_calloc(count, size), count > 0 ? size : 0);
}

void *
realloc(void *memory, size_t size)
{
	return refuse_nothing(__libc_realloc(memory, size), size);
}

#endif
