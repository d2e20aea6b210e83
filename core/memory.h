/*
 * If memory runs out, the program ends, as with GLib: the MTA defers the mail, and systemd starts
 * the program again. A library that carries on with half of what it needed would report "no such
 * certificate", "not trusted" or "nothing found" instead, and the caller would believe it.
 */
#ifndef POSTSEAL_CORE_MEMORY_H
#define POSTSEAL_CORE_MEMORY_H

/* For OpenSSL, ICU and jansson; call before any other function of theirs. */
void memory_start(void);

#endif
