-- Members may say how they are called: their answers then arrive with that name.
alter table postseal.account add column name text check (char_length(name) between 1 and 80);
comment on column postseal.account.name is 'what the member wants to be called, shown beside the address to those who are written to; null: not given';
grant update (name) on postseal.account to postseal_portal;
