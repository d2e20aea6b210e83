-- For its readers, what is on hold disappears as always, by expiry, deletion, recall or the end of an account; but what
-- was sealed is kept, with everything that could open it, until the last hold is released.
create table postseal.held_key (
    id uuid primary key,                  -- of the parcel key that was deleted
    parcel uuid not null references postseal.parcel,
    copy uuid,
    gone_at timestamptz not null default now(),
    folder text,
    account uuid,                         -- whose key pair opens `sealed`
    boxed bytea,                          -- these as in parcel_key
    link_hash bytea,
    salt bytea,
    wrapped bytea,
    link_boxed bytea,
    sealed bytea,
    kept bytea
);
create index held_key_parcel on postseal.held_key (parcel);

-- A hold that is placed at the same moment either waits until this deletion is over, or is seen by it.
create function postseal.parcel_key_hold() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share mode;
    if message_is_held((select message from parcel where id = old.parcel)) then
        insert into held_key (id, parcel, copy, folder, account, boxed, link_hash, salt, wrapped, link_boxed, sealed, kept)
        values (old.id, old.parcel, old.copy, old.folder, old.account, old.boxed, old.link_hash, old.salt, old.wrapped,
                old.link_boxed, old.sealed, old.kept);
    end if;
    return old;
end
$$;
create trigger parcel_key_hold before delete on postseal.parcel_key
    for each row execute function postseal.parcel_key_hold();

create or replace function postseal.parcel_key_gone() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    delete from parcel p
    where p.id = old.parcel and not exists (select from parcel_key k where k.parcel = p.id)
      and not exists (select from held_key h where h.parcel = p.id);
    return null;
end
$$;

-- No hold applies to these any more.
create function postseal.held_keys_release() returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share mode;
    delete from held_key h using parcel p where p.id = h.parcel and not message_is_held(p.message);
end
$$;
revoke execute on function postseal.held_keys_release from public;
grant execute on function postseal.held_keys_release to postseal_courier;
grant select (parcel) on postseal.held_key to postseal_courier;

-- Deletes records that are older than the given number of years, except what still waits for someone: at most the given
-- number of messages. Returns whether there is more. Several couriers can run it at the same time.
create function postseal.record_delete_due(years integer, most integer) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    ends timestamptz := record_end(years);
    due uuid[];
    acts boolean;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('postseal record', 0)) then
        return false;
    end if;
    lock table legal_hold in share mode;
    due := array(
        select m.id from message m
        where m.offered_at < ends and not message_is_held(m.id)
          and not exists (select from parcel p where p.message = m.id)
          and not exists (select from outbox o where o.message = m.id)
          and not exists (select from receipt r where r.message = m.id)
        limit most);
    acts := record_delete(due, years, most);
    return acts or coalesce(array_length(due, 1), 0) = most;
end
$$;
revoke execute on function postseal.record_delete_due from public;
grant execute on function postseal.record_delete_due to postseal_courier;
