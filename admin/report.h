/*
 * The output of a command: rows, each a JSON object whose keys are the columns. People and programs
 * get the same rows: printed as text, or with --json as an array (RFC 8259) in ASCII, so that
 * neither the locale nor a terminal can alter them.
 *
 * In text, characters that a terminal would obey, or that change the direction of text, are shown
 * as \uXXXX. Times are in ISO 8601, in UTC.
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

report_form report_table;   /* one line each, in columns with headings */
report_form report_records; /* one line for each column; rows inside a row are tables below it */
report_form report_lines;   /* only the column `text`, one sentence each */

/* The rows of a result, with the names of its columns as keys. Null, Booleans, integers, times with
 * time zone and JSON keep their type; everything else is text. Caller frees. */
json_t *report_of(const PGresult *result);
/* A text that may contain any bytes, made valid for JSON; NULL: null. */
json_t *report_text(const char *text);

void report_print(const json_t *rows, bool as_json, report_form *form);
/* The form shown in text output; caller frees. */
char *report_shown(const char *text);

#endif
