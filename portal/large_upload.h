/*
 * Files of a draft that the writing page's script sends in pieces (large_file.h), so that an upload
 * goes on after a broken connection. The answers are JSON. Without the script, files come with the
 * form.
 */
#ifndef POSTSEAL_PORTAL_LARGE_UPLOAD_H
#define POSTSEAL_PORTAL_LARGE_UPLOAD_H

#include <jansson.h>

#include "portal/large_file.h"
#include "portal/request.h"

/* Announces a file; the answer says which one it is, and where its next piece begins. */
serve_request large_upload_begin;
/* Takes a piece. */
serve_request large_upload_take;

/* Where the files of a draft are, by the identifier that it keeps. */
struct large_file_place large_upload_place(const struct author *author, const char *draft);
/* Those that are whole, each with its identifier and name. Caller decrefs. */
json_t *large_upload_names(const GPtrArray *files);

#endif
