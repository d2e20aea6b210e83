/*
 * The files of a log that logrotate(8) renames: the one that is written to, and those before it,
 * such as mail.log.1 or mail.log-20260131. Compressed ones are not read.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_LOG_FILES_H
#define POSTSEAL_DELIVERY_COURIER_MTA_LOG_FILES_H

#include <glib.h>
#include <stdbool.h>
#include <time.h>

/* Paths, the oldest first and `path` itself last, without those that end before `since` by the time
 * of their last modification. *hidden_r: one that does not end before it is compressed. Caller
 * unrefs. */
GPtrArray *mta_log_files(const char *path, struct timespec since, bool *hidden_r);

#endif
