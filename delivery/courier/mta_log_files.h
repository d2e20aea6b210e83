/*
 * The files of a log that logrotate(8) renames: the one being written, and earlier ones, such as
 * mail.log.1 or mail.log-20260131. Compressed files are not read.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_LOG_FILES_H
#define POSTSEAL_DELIVERY_COURIER_MTA_LOG_FILES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Paths, oldest first and `path` itself last, without files that end before `since`, judging by
 * their modification time. *hidden_r: a file that does not end before then is compressed. Caller
 * unrefs. */
GPtrArray *mta_log_files(const char *path, struct timespec since, bool *hidden_r);

/* The earlier file with this inode; NULL if it was deleted or compressed. Caller frees. */
char *mta_log_renamed(const char *path, uint64_t inode);

#endif
