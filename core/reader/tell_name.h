#ifndef CORE_READER_TELL_NAME_H
#define CORE_READER_TELL_NAME_H

#include "core/reader/protocol.h"

/* Sends a name as reader_tell() (serve.h) does a piece, of a long one the last kilobyte: its end
 * says what the file is. */
void reader_tell_name(enum reader_piece piece, const char *name);

#endif
