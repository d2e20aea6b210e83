#include "delivery/courier/chore.h"

const struct chore *const chores[] = {&chore_expire,	  &chore_reminders,
				      &chore_mta_follow,  &chore_record,
				      &chore_doubt,	  &chore_keys,
				      &chore_revocation,  &chore_mailed_keys,
				      &chore_domain_tls,  &chore_approvals,
				      &chore_summaries,	  &chore_new_clients,
				      &chore_large_files, NULL};
