-- Keys that their owners upload in the portal stand apart from those that admins import: one for each
-- address and kind, the newest. Whoever holds an account for a while replaces the owner's key, and is
-- found out; nobody adds theirs beside it and reads along.
create table postseal.key_upload (
    id uuid primary key,
    kind text not null check (kind in ('smime', 'pgp')),
    address text not null,                -- folded; of the account
    fingerprint text not null,            -- as the portal says; the milter holds it against the content
    content bytea not null check (octet_length(content) <= 1048576),
    owner text not null,
    not_before timestamptz,
    not_after timestamptz,
    capabilities text[] not null default '{}',
    uploaded_at timestamptz not null default now(),
    unique (address, kind),
    check (kind <> 'smime' or fingerprint = encode(sha256(content), 'hex'))
);
insert into postseal.key_upload (id, kind, address, fingerprint, content, owner, not_before, not_after,
                                 capabilities, uploaded_at)
    select distinct on (given_by, kind) id, kind, given_by, fingerprint, content, owner, not_before,
        not_after, capabilities, imported_at
    from postseal.key where given_by is not null
    order by given_by, kind, imported_at desc;
delete from postseal.key where given_by is not null;
drop function postseal.key_give, postseal.key_take_back;
alter table postseal.key drop column given_by;

-- Takes the place of an earlier one, and ends the statement about that. Not for the portal: a function
-- that knows accounts calls it (delivery/sql).
create function postseal.key_upload_put(new_id uuid, new_kind text, of_address text,
    new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamptz,
    new_not_after timestamptz, new_capabilities text[])
returns boolean language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    -- An employee's keys come from the organisation.
    if exists (select from key_address a join key k on k.id = a.key
               where a.address = of_address and k.role = 'own') then
        return false;
    end if;
    update attestation set revoked_at = now(), revoked_because = 'replaced by its owner'
    where kind = new_kind and address = of_address and author = of_address
      and subject <> new_fingerprint and revoked_at is null;
    insert into key_upload (id, kind, address, fingerprint, content, owner, not_before, not_after, capabilities)
    values (new_id, new_kind, of_address, new_fingerprint, new_content, new_owner, new_not_before,
            new_not_after, new_capabilities)
    on conflict (address, kind) do update set
        id = excluded.id, fingerprint = excluded.fingerprint, content = excluded.content,
        owner = excluded.owner, not_before = excluded.not_before, not_after = excluded.not_after,
        capabilities = excluded.capabilities, uploaded_at = now();
    return true;
end
$$;
create function postseal.key_upload_withdraw(old_kind text, old_fingerprint text, of_address text)
returns void language sql security definer set search_path = postseal, pg_temp as $$
    delete from key_upload
    where kind = old_kind and fingerprint = old_fingerprint and address = of_address;
$$;
-- What an account uploaded goes with it.
create function postseal.key_upload_end(of_address text, because text)
returns void language sql security definer set search_path = postseal, pg_temp as $$
    update attestation set revoked_at = now(), revoked_because = because
    where kind in ('smime', 'pgp') and address = of_address and author = of_address
      and revoked_at is null;
    delete from key_upload where address = of_address;
$$;
revoke execute on function postseal.key_upload_put, postseal.key_upload_withdraw, postseal.key_upload_end
    from public;
grant execute on function postseal.key_upload_withdraw to postseal_portal;
grant select on postseal.key_upload to postseal_milter;

-- Caches hear of it, and of statements that what was uploaded rests on.
create trigger key_upload_changed after insert or update or delete on postseal.key_upload
    for each row execute function postseal.key_address_changed();
create trigger attestation_changed after insert or update on postseal.attestation
    for each row execute function postseal.key_address_changed();
