-- Files that its sender adds to a message that waits, on the sender's page (setting: pickup files). The page cannot open
-- the message: the key of each file is boxed to the public key of the parcel (350_large_files.sql), so whoever can open
-- the message, now or later, opens its files, and nobody else.

-- The milter says where it parks whether files may be added. No rule sees what is added: nothing to a message that
-- somebody had to approve.
alter table postseal.parcel add column files_added integer;  -- so far; null: none may be
create index parcel_files_added on postseal.parcel (message) where files_added is not null;

create table postseal.sender_file (
    file uuid primary key references postseal.large_file on delete cascade,
    message uuid not null,
    sender text not null,                 -- folded: whose room it takes
    number integer not null,              -- counted from 1 for each message, never again
    track_name bytea,                     -- its name, sealed with the secret of the sender's page
    added_at timestamptz not null default now(),
    read_at timestamptz,                  -- first download
    removed_at timestamptz,
    unique (message, number)
);
create index sender_file_sender on postseal.sender_file (sender);

-- Does it wait for readers, and for nobody's approval? To some of its recipients the message may not be sent at all.
create function postseal.sender_files_open(which uuid) returns boolean
language sql stable security definer set search_path = postseal, pg_temp as $$
    select exists (select from parcel p join parcel_key k on k.parcel = p.id
                   where p.message = which and p.files_added is not null and p.public_key is not null
                     and k.copy is not null and k.expires_at > now())
       and not exists (select from copy c where c.message = which and c.state = 'held');
$$;

-- On record for each recipient who gets to see it.
create function postseal.sender_file_event(which uuid, what text, detail text) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into event (message, copy, what, detail)
    select f.message, k.copy, $2, format('file %s, %s bytes, %s', f.number, l.size, $3)
    from sender_file f join large_file l on l.id = f.file join large_file_parcel p on p.file = f.file
    join parcel_key k on k.parcel = p.parcel
    where f.file = which and k.copy is not null and k.expires_at > now();
$$;

-- The name can be read by the page only while the courier could open the message as well (342_track_subject.sql).
create function postseal.sender_file_forget_names(of_parcel uuid) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    update sender_file f set track_name = null
    where f.track_name is not null and f.file in (select file from large_file_parcel where parcel = of_parcel)
      and not exists (select from large_file_parcel p join parcel_key k on k.parcel = p.parcel
                      where p.file = f.file and k.boxed is not null);
$$;
create function postseal.parcel_key_forget_names() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform sender_file_forget_names(old.parcel);
    return null;
end
$$;
create trigger parcel_key_forget_names after update of boxed on postseal.parcel_key
    for each row when (old.boxed is not null and new.boxed is null) execute function postseal.parcel_key_forget_names();
create trigger parcel_key_forget_names_gone after delete on postseal.parcel_key
    for each row when (old.boxed is not null) execute function postseal.parcel_key_forget_names();

-- A file that was attached to the parcels of the message becomes one of its files, at the end of the transaction that
-- attaches it. The lock is for all who add in this sender's name, so that each counts what the others have added.
create function postseal.sender_file_add(which uuid, of_message uuid, of_sender text, name_sealed bytea, files_max bigint,
                                         bytes_max bigint, network text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    so_far integer;
begin
    perform pg_advisory_xact_lock(hashtextextended(of_sender, 352));
    if not sender_files_open(of_message) or not exists (select from large_file_parcel where file = which) then
        raise exception 'nothing can be added to the message any more' using errcode = 'PS352';
    end if;
    select max(files_added) into so_far from parcel where message = of_message and files_added is not null;
    -- Those that were taken out again count here: each is on record.
    if so_far >= 4 * files_max then
        raise exception 'too many files were added to the message' using errcode = 'PS003';
    end if;
    update parcel set files_added = so_far + 1 where message = of_message and files_added is not null;
    insert into sender_file (file, message, sender, number, track_name)
    values (which, of_message, of_sender, so_far + 1, name_sealed);
    if (select count(*) from sender_file where message = of_message and removed_at is null) > files_max
       or (select sum(l.size) from sender_file f join large_file l on l.id = f.file
           where f.sender = of_sender and not l.doomed
             and exists (select from large_file_parcel p where p.file = f.file)) > bytes_max then  -- on hold, it is still there
        raise exception 'there is no room for the file' using errcode = 'PS003';
    end if;
    perform sender_file_forget_names(parcel) from large_file_parcel where file = which;
    perform sender_file_event(which, 'file added', 'from ' || network);
end
$$;

-- Taken out, it is gone, unless the message is on hold; false: somebody has read it, or nothing can be done any more.
create function postseal.sender_file_remove(which uuid, of_message uuid, network text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share mode;
    update sender_file set removed_at = now()
    where file = which and message = of_message and read_at is null and removed_at is null
      and sender_files_open(of_message);
    if not found then
        return false;
    end if;
    perform sender_file_event(which, 'file removed', 'from ' || network);
    if not message_is_held(of_message) then
        delete from large_file_parcel where file = which;
    end if;
    return true;
end
$$;

-- Before a reader is given any of it.
create function postseal.sender_file_read(which uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update sender_file set read_at = coalesce(read_at, now()) where file = which and removed_at is null;
    if not found then
        raise exception 'the file is gone' using errcode = 'PS002';
    end if;
end
$$;

-- What was taken out while a hold kept it goes when the last hold is released.
create or replace function postseal.held_keys_release() returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share mode;
    delete from held_key h using parcel p where p.id = h.parcel and not message_is_held(p.message);
    delete from large_file_parcel l using sender_file f
    where f.file = l.file and f.removed_at is not null and not message_is_held(f.message);
end
$$;

revoke execute on function postseal.sender_files_open, postseal.sender_file_event, postseal.sender_file_forget_names,
    postseal.sender_file_add, postseal.sender_file_remove, postseal.sender_file_read from public;
grant execute on function postseal.sender_files_open, postseal.sender_file_add, postseal.sender_file_remove,
    postseal.sender_file_read to postseal_portal;
grant select on postseal.sender_file to postseal_portal;

comment on column postseal.parcel.files_added is 'how many files its sender has added on the sender''s page so far; null: none may be added';
comment on table postseal.sender_file is 'files that the sender of a waiting message has added to it';
comment on column postseal.sender_file.file is 'the file';
comment on column postseal.sender_file.message is 'identifier of the message in the log';
comment on column postseal.sender_file.sender is 'folded: whose room it takes';
comment on column postseal.sender_file.number is 'counted from 1 for each message, as the log names it';
comment on column postseal.sender_file.track_name is 'its name, sealed with the secret of the link to the sender''s page; null: the courier no longer has the message''s key';
comment on column postseal.sender_file.added_at is 'when it was added';
comment on column postseal.sender_file.read_at is 'when somebody downloaded it first; null: nobody has';
comment on column postseal.sender_file.removed_at is 'when its sender took it out again; null: it is there';
