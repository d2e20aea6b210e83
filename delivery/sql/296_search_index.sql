-- What a message can be found by, sealed by a key of its reader's account: one entry for each message in a mailbox, so that
-- a search need not open the messages, and what goes with a message goes with it.
alter table postseal.parcel_key add column indexed bytea; -- null: not yet; empty: it cannot be opened
create index parcel_key_not_indexed on postseal.parcel_key (account) where indexed is null and account is not null;
grant update (indexed) on postseal.parcel_key to postseal_portal;

create or replace function postseal.parcel_key_left() returns trigger language plpgsql
set search_path = postseal, pg_temp as $$
begin
    new.shown_as_read := null;
    new.indexed := null;
    return new;
end
$$;
