/*
 * Large files, as browsers get them: streamed in constant memory, and from any byte on, so that a
 * download that broke off goes on (RFC 9110 §14: one range; several are answered with all of it).
 */
#ifndef POSTSEAL_PORTAL_LARGE_DOWNLOAD_H
#define POSTSEAL_PORTAL_LARGE_DOWNLOAD_H

#include "portal/large_file.h"
#include "portal/request.h"

/* A file beside a message: "/large/MESSAGE/FILE". */
serve_request large_download_show;
enum MHD_Result large_download_answer(struct request *request, const struct large_file *file);
/* A name to store it under, without what no file name may contain. Caller frees. */
char *large_download_name(const struct large_file *file);

#endif
