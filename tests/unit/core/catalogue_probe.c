/*
 * The plural forms of texts: for test_catalogue_oracle.py.
 *
 * Usage: catalogue_probe DIRECTORY < QUESTIONS, each of them a line "language count one|many".
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/catalogue.h"

int
main(int argc, char **argv)
{
	struct fault fault = {0};
	char line[1000], language[8];
	unsigned long count;
	int texts;

	if (!catalogue_start(argc > 1 ? argv[1] : "", &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		g_auto(GStrv) both = NULL;

		if (sscanf(line, "%7s %lu %n", language, &count, &texts) != 2)
			return EXIT_FAILURE;
		both = g_strsplit(g_strchomp(line + texts), "|", 2);
		puts(translate_plural(language, both[0], both[1], count));
	}
	return EXIT_SUCCESS;
}
