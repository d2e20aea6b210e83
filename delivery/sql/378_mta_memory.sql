-- What one line of the MTA's log says may be needed for a later one: a courier that was restarted between the two did not have it.
alter table postseal.mta_log
    add column known text[] not null default '{}';
comment on column postseal.mta_log.known is 'what was read up to the position and is needed for later lines; four words for each fact';
