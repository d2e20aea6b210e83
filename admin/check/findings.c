#include "admin/check/findings.h"

#include <stdio.h>

#include "admin/command.h"

void
findings_add(struct findings *findings, const char *look, enum verdict verdict, const char *text)
{
	static const char *const printed[] = {"good", "WARNING", "WRONG"};
	static const char *const words[] = {"good", "warning", "wrong"};
	g_autofree char *shown = text == NULL ? g_strdup("") : report_shown(text);

	findings->wrong = findings->wrong || verdict == WRONG;
	if (findings->rows != NULL)
		json_array_append_new(findings->rows,
				      json_pack("{s:s, s:s, s:o}", "look", look, "verdict",
						words[verdict], "text", report_text(text)));
	else
		printf("%-18s %s%s%s\n", look, printed[verdict], *shown == '\0' ? "" : ": ", shown);
	fflush(stdout);
}

int
findings_end(struct findings *findings)
{
	if (findings->rows != NULL)
		report_print(findings->rows, true, report_lines);
	g_clear_pointer(&findings->rows, json_decref);
	return findings->wrong ? EXIT_FAILED : EXIT_GOOD;
}
