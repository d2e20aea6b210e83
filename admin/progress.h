/* How far long work is: a bar on the last line of the terminal, or nothing where standard error is
 * none. */
#ifndef POSTSEAL_ADMIN_PROGRESS_H
#define POSTSEAL_ADMIN_PROGRESS_H

/* `done` of `total` of `what`, "files". With the last, the bar goes. */
void progress_show(unsigned done, unsigned total, const char *what);

#endif
