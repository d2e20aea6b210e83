/*
 * The metrics of postseal-metrics(7), a row each: its name in the program, its Prometheus type, its
 * name as served, and its description. tests/system/test_metrics.py compares them with the manual
 * page.
 */
METRIC(COPIES, COUNTER, "postseal_copies_total", "Copies decided, by method and verdict.")
METRIC(RULES, COUNTER, "postseal_rules_matched_total",
       "Copies that rules with a name decided, or watched, by rule and effect.")
METRIC(DEFERRED, COUNTER, "postseal_deferred_total",
       "Messages answered with a temporary failure because something failed.")
METRIC(ADDRESSES_REFUSED, COUNTER, "postseal_addresses_refused_total",
       "Senders and recipients refused because they can be interpreted in more than one way.")
METRIC(FOREIGN_CONNECTIONS, COUNTER, "postseal_foreign_connections_total",
       "Connections to the milter's socket that ended without speaking the milter protocol.")
METRIC(PHASE, HISTOGRAM, "postseal_phase_seconds", "How long the phases of a message took.")
METRIC(MESSAGES_IN_HAND, GAUGE, "postseal_messages_in_hand",
       "Messages received completely and not yet answered.")
METRIC(DATABASE_CONNECTIONS, GAUGE, "postseal_database_connections",
       "Connections to the database, open and in use.")
METRIC(KEY_LOOKUPS, COUNTER, "postseal_key_lookups_total", "Key lookups, by cache hit and miss.")

METRIC(KEY_ANSWERS, COUNTER, "postseal_key_answers_total",
       "Answers about keys from the network, by source and outcome.")
METRIC(KEY_CONFLICTS, COUNTER, "postseal_key_conflicts_total",
       "Answers about keys that contradict what another source says.")
METRIC(REVOCATION_ANSWERS, COUNTER, "postseal_revocation_answers_total",
       "Answers whether certificates were revoked, by outcome.")
METRIC(TLS_ANSWERS, COUNTER, "postseal_tls_answers_total",
       "Answers about verified TLS of domains, by evidence and outcome.")
METRIC(KEYS_LAPSED, COUNTER, "postseal_keys_lapsed_total",
       "Times that keys of a recipient were not used because they had expired or were revoked.")
METRIC(FINDER_UNREACHABLE, COUNTER, "postseal_finder_unreachable_total",
       "Questions about keys and domains that could not be asked because postseal-finder was not there.")

METRIC(OUTBOX_MAILS, GAUGE, "postseal_outbox_mails", "Messages in the outbox.")
METRIC(OUTBOX_OLDEST, GAUGE, "postseal_outbox_oldest_seconds",
       "Age of the oldest message in the outbox.")
METRIC(PARCELS_WAITING, GAUGE, "postseal_parcels_waiting",
       "Parked messages whose links and codes have yet to be created.")
METRIC(APPROVALS, GAUGE, "postseal_approvals",
       "Messages that wait for approval, or were released and could not be sent yet, by state.")
METRIC(OUTBOX_HANDLED, COUNTER, "postseal_outbox_handled_total",
       "Recipients handled by the courier, by kind of message and status.")
METRIC(UNDELIVERED, COUNTER, "postseal_undelivered_total",
       "Unlock codes and notices that could not be delivered, by kind.")
METRIC(MTA_DEFERRED, GAUGE, "postseal_mta_deferred_messages",
       "Messages in the MTA's queue that a next hop has deferred.")
METRIC(MTA_DEFERRED_OLDEST, GAUGE, "postseal_mta_deferred_oldest_seconds",
       "How long ago the MTA accepted the oldest message that a next hop has deferred.")
METRIC(MTA_LOG_AGE, GAUGE, "postseal_mta_log_age_seconds",
       "How long ago the MTA's log was read to its end; with several logs, the one read least "
       "recently.")
METRIC(TRUST_CONFLICTS, COUNTER, "postseal_trust_conflicts_total",
       "Decisions where several keys were claimed for an address and not all of them used.")
METRIC(KEYS, GAUGE, "postseal_keys", "Keys and certificates, by role, kind and validity.")
METRIC(CERTIFICATES, GAUGE, "postseal_certificates",
       "Certificates that mail has needed within 30 days, by what is known of revocations.")
METRIC(TLS_DOMAINS, GAUGE, "postseal_tls_domains",
       "Domains that mail has needed within 30 days, by what is known of their verified TLS.")
METRIC(TLS_FAILING, GAUGE, "postseal_tls_failing_domains",
       "Of these, domains for which it could not be found out when last asked, by evidence.")
METRIC(TLS_DEFERRED, GAUGE, "postseal_tls_deferred_copies",
       "Copies for verified TLS in the MTA's queue that a mail host has deferred.")
METRIC(KEY_EXPIRY, GAUGE, "postseal_key_expiry_timestamp_seconds",
       "When the next of the valid keys and certificates of this role and kind expires.")

METRIC(PORTAL_ANSWERS, COUNTER, "postseal_portal_answers_total",
       "HTTP responses of the portal, by status.")
METRIC(PORTAL_CUT, COUNTER, "postseal_portal_connections_cut_total",
       "Connections closed because a request or its response took too long.")
METRIC(POP_SIGNINS, COUNTER, "postseal_pop_signins_total",
       "Attempts of mail programs to sign in, by outcome.")
METRIC(POP_MESSAGES, COUNTER, "postseal_pop_messages_total",
       "Messages on their way to mail programs, by outcome.")
METRIC(POP_CLIENTS, GAUGE, "postseal_pop_clients", "Mail programs that are connected.")
METRIC(POP_CUT, COUNTER, "postseal_pop_connections_cut_total",
       "Connections of mail programs closed because they took too long.")
METRIC(SUBMISSION_SIGNINS, COUNTER, "postseal_submission_signins_total",
       "Attempts of mail programs to sign in for sending, by outcome.")
METRIC(SUBMISSION_MESSAGES, COUNTER, "postseal_submission_messages_total",
       "Messages that mail programs of members sent, by outcome.")
METRIC(SUBMISSION_CONNECTIONS, GAUGE, "postseal_submission_connections",
       "Connections of the MTA to the socket for passwords.")
METRIC(READER_DOCUMENTS, COUNTER, "postseal_reader_documents_total",
       "Documents parsed by postseal-reader, by format and outcome.")
METRIC(READER, HISTOGRAM, "postseal_reader_seconds",
       "How long documents took, including the wait for a process.")

METRIC(FINDER_ANSWERS, COUNTER, "postseal_finder_answers_total",
       "Questions that the finder asked the network, by source and outcome.")
METRIC(FINDER, HISTOGRAM, "postseal_finder_seconds", "How long the network took to answer.")

METRIC(KEEPER_USES, COUNTER, "postseal_keeper_uses_total", "Uses of a private key, granted or not.")
