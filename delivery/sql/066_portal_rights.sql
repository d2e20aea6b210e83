-- The portal may do to what waits what its pages do, by functions, and no more: whoever takes it over makes nobody
-- else of an account, and lets the courier seal nothing anew for them.
alter function postseal.parcel_key_read(uuid) security definer;
alter function postseal.parcel_key_renew(uuid) security definer;
alter function postseal.account_end(text, text) security definer;
revoke update on postseal.account from postseal_portal;
grant update (salt, wrapped, recovery_salt, recovery_wrapped, totp, totp_step, wish, language) on postseal.account
    to postseal_portal;
revoke update (read_at, issued_at, boxed, link_boxed, link_hash, salt, wrapped, opened_at) on postseal.parcel_key
    from postseal_portal;
revoke update (issue_at, issued_at) on postseal.parcel from postseal_portal;

-- With a new link goes a new code, whoever is trusted meanwhile: the sender asked for one.
alter table postseal.parcel_key add column by_code boolean not null default false;
create or replace function postseal.parcel_key_renew(which uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update parcel_key set tries = 0, locked_at = null, issued_at = null, link_hash = null, salt = null, wrapped = null,
                          link_boxed = null, by_code = true
    where id = which and boxed is not null and opened_at is null and account is null;
    if found then
        delete from session_key where parcel_key = which;
        update parcel set issued_at = null, issue_at = now()
        where id = (select k.parcel from parcel_key k where k.id = which);
    end if;
end
$$;

-- A key that goes while its copy still waits leaves nothing that waits.
create function postseal.parcel_key_lost() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    if exists (select from copy where id = old.copy and method = 'pickup' and state in ('parked', 'locked', 'failed')) then
        perform copy_move(old.copy, 'lost', 'its key was deleted');
    end if;
    return null;
end
$$;
create constraint trigger parcel_key_lost after delete on postseal.parcel_key deferrable initially deferred
    for each row execute function postseal.parcel_key_lost();
