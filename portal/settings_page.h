/*
 * What members set for themselves: language, how they want their mail, password and recovery code,
 * sessions.
 */
#ifndef POSTSEAL_PORTAL_SETTINGS_PAGE_H
#define POSTSEAL_PORTAL_SETTINGS_PAGE_H

#include "portal/request.h"

serve_request serve_settings;
serve_request serve_set_language, serve_set_wish, serve_set_password, serve_new_recovery;
serve_request serve_give_key, serve_take_key_back;
serve_request serve_end_session, serve_end_other_sessions;

#endif
