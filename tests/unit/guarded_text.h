/* Text whose NUL is the last byte that may be read: who reads past it dies, in libraries without a
 * sanitizer too. */
#ifndef POSTSEAL_TESTS_GUARDED_TEXT_H
#define POSTSEAL_TESTS_GUARDED_TEXT_H

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* NULL: the system has no memory. Unmapped when the process ends. */
static inline char *
guarded_text(const char *text)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = strlen(text) + 1;
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || size > page || mprotect(pages + page, page, PROT_NONE) != 0)
		return NULL;
	return memcpy(pages + page - size, text, size);
}

#endif
