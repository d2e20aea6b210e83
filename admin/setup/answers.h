/*
 * What setup must be told: by options, or by somebody at the terminal. An answer that cannot be
 * right is refused with a sentence, and at the terminal asked for again.
 */
#ifndef POSTSEAL_ADMIN_SETUP_ANSWERS_H
#define POSTSEAL_ADMIN_SETUP_ANSWERS_H

#include "admin/setup/step.h"

/* Takes the options of the command. False with FAULT_NONE: they are used wrongly. */
bool answers_read(struct setup *setup, int argc, char **argv, struct fault *fault);
/* Asks for what postseal.conf needs and no option gave. */
bool answers_complete(struct setup *setup, struct fault *fault);
/* Yes or no, where the answer is not --yes. */
bool answers_agree(const struct setup *setup, const char *question);
/* Waits for the Enter key; false where the input ended. */
bool answers_wait(const char *for_what);

#endif
