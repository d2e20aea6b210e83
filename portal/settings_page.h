/*
 * What members can set for themselves: name, language, how they receive their mail and how often
 * they are told of it, password and recovery code, sessions.
 */
#ifndef POSTSEAL_PORTAL_SETTINGS_PAGE_H
#define POSTSEAL_PORTAL_SETTINGS_PAGE_H

#include "portal/request.h"

serve_request settings_page_show;
serve_request settings_page_name, settings_page_language, settings_page_wish, settings_page_notices;
serve_request settings_page_end_session, settings_page_end_other_sessions;

#endif
