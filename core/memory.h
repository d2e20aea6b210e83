/*
 * Where memory runs out, the program ends, as GLib has it: the MTA defers the mail, and systemd
 * starts the program again. A library that lives on with half of what it needed says "no such
 * certificate", "not trusted" or "nothing found" instead, and somebody would believe it.
 */
#ifndef POSTSEAL_CORE_MEMORY_H
#define POSTSEAL_CORE_MEMORY_H

/* For OpenSSL, ICU and jansson; before anything else is asked of them. */
void memory_start(void);

#endif
