-- Mail that came in encrypted is known to those who answer it by its Message-ID, of which this is a digest.
alter table postseal.message add column sealed_id text;
comment on column postseal.message.sealed_id is 'of mail that came in encrypted: a digest of its Message-ID';
create index message_sealed_id on postseal.message (sealed_id) where sealed_id is not null;
grant select (sealed_id) on postseal.message to postseal_milter;
