/*
 * Reads the MTA's log onward from where it was read to, through rotation: a file that was renamed
 * is read to its end before the new one, one that was cut off from its beginning. systemd's journal
 * keeps its own place.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_READER_H
#define POSTSEAL_DELIVERY_COURIER_MTA_READER_H

#include "core/fault.h"
#include "delivery/courier/mta_line.h"
#include "delivery/courier/mta_log.h"

struct mta_reader;

/* `log` must outlive the reader. `position` is what mta_reader_position() said, or NULL: from the
 * end of the log as it is now. NULL with `fault` where the log cannot be read. */
struct mta_reader *mta_reader_new(const struct mta_log *log, const char *position,
				  struct fault *fault);
void mta_reader_free(struct mta_reader *reader);
typedef struct mta_reader mta_reader_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mta_reader_auto, mta_reader_free)

/* The next entry; its texts are good until the next call. False at the end of what is there now. */
bool mta_reader_next(struct mta_reader *reader, struct mta_entry *entry_r);
/* Behind the last entry; caller frees. */
char *mta_reader_position(const struct mta_reader *reader);

#endif
