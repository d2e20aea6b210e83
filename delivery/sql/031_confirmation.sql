-- A member has typed the password, and proven the second factor, again: what opens the account may be changed, once.
alter table postseal.portal_session add column confirmed_at timestamptz;
