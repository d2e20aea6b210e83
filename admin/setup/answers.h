/*
 * What setup must be told: by options, or by someone at the terminal. An answer that cannot be
 * right is rejected with a sentence, and at the terminal the question is asked again.
 */
#ifndef POSTSEAL_ADMIN_SETUP_ANSWERS_H
#define POSTSEAL_ADMIN_SETUP_ANSWERS_H

#include "admin/setup/step.h"

/* Takes the command's options. False with FAULT_NONE on wrong usage. */
bool answers_read(struct setup *setup, int argc, char **argv, struct fault *fault);
/* Asks for whatever postseal.conf needs and no option supplied. */
bool answers_complete(struct setup *setup, struct fault *fault);
/* Asks for yes or no, unless --yes was given. */
bool answers_agree(const struct setup *setup, const char *question);
/* Waits for the Enter key; false at the end of the input. */
bool answers_wait(const char *for_what);

#endif
