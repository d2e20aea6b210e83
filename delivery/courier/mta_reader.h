/*
 * Reads the MTA's log on from the last position, through rotation: a file that was renamed is read
 * to its end before the new one, and one that was truncated is read from its beginning. systemd's
 * journal keeps positions of its own.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_READER_H
#define POSTSEAL_DELIVERY_COURIER_MTA_READER_H

#include "core/fault.h"
#include "delivery/courier/mta_line.h"
#include "delivery/courier/mta_log.h"

struct mta_reader;

/* `log` must outlive the reader. `position` is a value of mta_reader_position(), or NULL: the
 * current end of the log. NULL with `fault` if the log cannot be read. */
struct mta_reader *mta_reader_new(const struct mta_log *log, const char *position,
				  struct fault *fault);
void mta_reader_free(struct mta_reader *reader);
typedef struct mta_reader mta_reader_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mta_reader_auto, mta_reader_free)

/* The next entry; its strings are valid until the next call. False at the current end of the log.
 */
bool mta_reader_next(struct mta_reader *reader, struct mta_entry *entry_r);
/* The position after the last entry; caller frees. */
char *mta_reader_position(const struct mta_reader *reader);

#endif
