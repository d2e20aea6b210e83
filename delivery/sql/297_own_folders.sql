-- A member's own folders, for what was received and sent. What a folder is called is sealed by a key of the account: it can
-- say as much as a subject.
create table postseal.own_folder (
    id uuid primary key,
    account uuid not null references postseal.account on delete cascade,
    name bytea not null                   -- sealed
);
create index own_folder_account on postseal.own_folder (account);
grant select, insert, delete, update (name) on postseal.own_folder to postseal_portal;

-- What is filed leaves the list that it was in, and is there again when the folder is deleted.
alter table postseal.parcel_key add column filed uuid references postseal.own_folder on delete set null;
create index parcel_key_filed on postseal.parcel_key (filed, id) where filed is not null;
create index parcel_key_unfiled on postseal.parcel_key (account, folder, id) where account is not null and filed is null;
grant update (filed) on postseal.parcel_key to postseal_portal;

create or replace function postseal.parcel_key_left() returns trigger language plpgsql
set search_path = postseal, pg_temp as $$
begin
    new.shown_as_read := null;
    new.indexed := null;
    new.filed := null;
    return new;
end
$$;
