/* What the script of the writing page (pages/write.js) saves, and how it is answered: in JSON. */
#ifndef POSTSEAL_PORTAL_AUTOSAVE_H
#define POSTSEAL_PORTAL_AUTOSAVE_H

#include <jansson.h>

#include "portal/written.h"

/* Saves what was written. The answer has what the page continues with ("draft", the version;
 * "form", the identifier that the draft keeps and is found by; "proof"), its files by name, and a
 * message for the reader; status 409 if another window had saved the draft. */
enum MHD_Result autosave_save(struct request *request, struct written *written);
/* Any other answer to the script; takes over the reference. */
enum MHD_Result autosave_answer(struct request *request, unsigned status, json_t *json);
/* It is not saved, because of this. */
enum MHD_Result autosave_refuse(struct request *request, unsigned status, const char *why);

#endif
