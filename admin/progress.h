/* Progress of long work: a bar on the last line of the terminal, or nothing if standard error is
 * not a terminal. */
#ifndef POSTSEAL_ADMIN_PROGRESS_H
#define POSTSEAL_ADMIN_PROGRESS_H

/* `done` of `total` of `what`, "files". After the last, the bar is removed. */
void progress_show(unsigned done, unsigned total, const char *what);

#endif
