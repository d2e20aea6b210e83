/* How the state of a copy in the log (audit/audit.h) is told to people; to be translated. */
#ifndef POSTSEAL_PORTAL_STATE_H
#define POSTSEAL_PORTAL_STATE_H

const char *state_shown(const char *state);

#endif
