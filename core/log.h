/*
 * One line per event, to syslog (facility mail) or, for programs in the foreground, to standard
 * error. Never a secret, never the content of a message. Values from outside are enclosed in
 * delimiters that they cannot contain: parsed addresses (core/address.h) in angle brackets,
 * everything else as quote() writes it.
 */
#ifndef POSTSEAL_CORE_LOG_H
#define POSTSEAL_CORE_LOG_H

#include <stdbool.h>

/* `name` must live as long as the program. */
void log_open(const char *name, bool to_syslog);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
