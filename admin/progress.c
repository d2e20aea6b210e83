#include "admin/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_COLUMNS = 30 };

void
progress_show(unsigned done, unsigned total, const char *what)
{
	static const char clear_line[] = "\r\033[K"; /* ECMA-48 §8.3.41 */
	unsigned filled = total == 0 ? 0 : (unsigned)((unsigned long)done * BAR_COLUMNS / total);

	if (!isatty(STDERR_FILENO) || total < 2)
		return;
	fputs(clear_line, stderr);
	if (done < total) {
		fputc('[', stderr);
		for (unsigned i = 0; i < BAR_COLUMNS; i++)
			fputc(i < filled ? '#' : ' ', stderr);
		fprintf(stderr, "] %u of %u %s", done, total, what);
	}
	fflush(stderr);
}
