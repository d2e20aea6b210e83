-- Trust: who says that a key, certificate or account belongs to an address, and how they know.
-- What rests on a statement falls with it, at once, when it is revoked.

create table postseal.attestation (
    id uuid primary key,
    kind text not null check (kind in ('account', 'smime', 'pgp')),
    subject text not null,                -- fingerprint of the key, certificate or account key
    address text not null,                -- whose it is said to be; folded
    author text not null,                 -- folded address of who says so
    how text not null,                    -- 'unlock code', 'signed in', …
    made_at timestamptz not null default now(),
    revoked_at timestamptz,
    revoked_because text
);
create unique index attestation_stands on postseal.attestation (kind, subject, address, author)
    where revoked_at is null;
create index attestation_address on postseal.attestation (address, author);

-- A certificate or OpenPGP key that its owner gave us while signed in. The portal can add keys
-- of recipients so, and take back those it added; it cannot read the key store.
alter table postseal.key add column given_by text; -- folded address of the owner
create function postseal.key_give(new_id uuid, new_kind text, new_fingerprint text,
    new_content bytea, new_owner text, new_not_before timestamptz, new_not_after timestamptz,
    new_capabilities text[], giver text)
returns boolean language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    found_id uuid;
begin
    insert into key (id, kind, fingerprint, role, content, owner, not_before, not_after, pinned,
                     capabilities, imported_by, given_by)
    values (new_id, new_kind, new_fingerprint, 'recipient', new_content, new_owner, new_not_before,
            new_not_after, true, new_capabilities, giver, giver)
    on conflict (kind, fingerprint) do nothing returning id into found_id;
    if found_id is null then
        select id into found_id from key
        where kind = new_kind and fingerprint = new_fingerprint and role = 'recipient'
          and problem is null;
    end if;
    if found_id is null then
        return false;
    end if;
    insert into key_address (key, address) values (found_id, giver) on conflict do nothing;
    return true;
end
$$;
create function postseal.key_take_back(old_fingerprint text, giver text)
returns void language sql security definer set search_path = postseal, pg_temp as $$
    delete from key where fingerprint = old_fingerprint and given_by = giver and role = 'recipient';
$$;
revoke execute on function postseal.key_give, postseal.key_take_back from public;
grant execute on function postseal.key_give, postseal.key_take_back to postseal_portal;

grant select, insert on postseal.attestation to postseal_portal;
grant update (revoked_at, revoked_because) on postseal.attestation to postseal_portal;
grant select on postseal.attestation to postseal_courier, postseal_milter, postseal_auditor;
