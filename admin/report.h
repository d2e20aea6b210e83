/*
 * What a command answers: rows, each a JSON object whose keys are the columns. People and programs
 * get the same rows: printed as text, or with --json as an array (RFC 8259) in ASCII, so that
 * neither the locale nor a terminal makes anything of them.
 *
 * Text shows characters that a terminal would obey, or that turn the direction of writing, as
 * \uXXXX. Times are of ISO 8601, in UTC.
 */
#ifndef POSTSEAL_ADMIN_REPORT_H
#define POSTSEAL_ADMIN_REPORT_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/cleanup.h"

/* Prints rows for people. */
typedef void report_form(FILE *file, const json_t *rows);

report_form report_table;   /* a line each, in columns, below their names */
report_form report_records; /* a line for each column; rows within are tables below it */
report_form report_lines;   /* the column `text`, a sentence each */

/* The rows of a result: the names of its columns are the keys. Null, Booleans, whole numbers, times
 * with time zone and JSON stay what they are, all else is text. Caller frees. */
json_t *report_of(const PGresult *result);
/* A text that may hold anything, as JSON can have it; NULL: null. */
json_t *report_text(const char *text);

void report_print(const json_t *rows, bool as_json, report_form *form);
/* As text shows it; caller frees. */
char *report_shown(const char *text);

#endif
