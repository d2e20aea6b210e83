-- The company's own authority, and what it issues to employees. Its private key is wrapped by the master key, or is in
-- a token; only the keeper can use it. What the keeper makes, it stores through the functions here: it may add keys of
-- employees, and change nothing else.
create table postseal.ca (
    id uuid primary key,
    state text not null check (state in ('requested', 'in use', 'retired')),
    subject text not null,
    request bytea,                        -- PKCS#10 (RFC 2986), for an authority above
    certificate bytea,                    -- null: still to be accepted
    sealed bytea,                         -- the private key; null: it is in a token
    created_at timestamptz not null default now(),
    check (state = 'requested' or certificate is not null)
);
create unique index ca_in_use on postseal.ca (state) where state = 'in use';
create unique index ca_requested on postseal.ca (state) where state = 'requested';
create trigger ca_closed before insert or update of sealed on postseal.ca for each row
    when (postseal.secret_is_closed('master', new.sealed)) execute function postseal.secret_refuse();
create or replace function postseal.private_keys_settle() returns void language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table private_key, retired_key, ca in share mode;
end
$$;

-- What was issued: kept when the key itself is deleted, since a revocation outlives it.
create table postseal.ca_issued (
    kind text not null check (kind in ('smime', 'pgp')),
    fingerprint text not null,
    address text not null,                -- folded
    ca uuid references postseal.ca,       -- null: OpenPGP
    serial bytea,                         -- of a certificate, as in it
    not_before timestamptz not null,
    not_after timestamptz not null,
    issued_at timestamptz not null default now(),
    issued_by text not null,
    revoked_at timestamptz,
    reason text check (reason in ('unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation')),
    revoked_by text,
    published_at timestamptz,             -- OpenPGP: when its revocation joined the key
    primary key (kind, fingerprint),
    unique (ca, serial),
    check ((kind = 'smime') = (ca is not null and serial is not null)),
    check ((revoked_at is null) = (reason is null))
);
create index ca_issued_address on postseal.ca_issued (address);
create index ca_issued_end on postseal.ca_issued (not_after) where revoked_at is null;
create index ca_issued_revoked on postseal.ca_issued (ca, not_after) where revoked_at is not null;

-- Only the newest list of each authority is kept; its number shows that it is newer.
create table postseal.ca_crl (
    ca uuid primary key references postseal.ca,
    number bigint not null,
    content bytea not null,
    made_at timestamptz not null,
    next_update timestamptz not null
);

-- Employees whose mail could not be signed since they have no key.
create table postseal.ca_wish (
    address text primary key,             -- folded
    wished_at timestamptz not null default now(),
    tried_at timestamptz,
    trouble text
);

-- The keeper learns at once of what it has to do.
create function postseal.ca_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_ca', '');
    return null;
end
$$;
create trigger ca_revoked after update of revoked_at on postseal.ca_issued
    for each statement execute function postseal.ca_changed();
create trigger ca_wished after insert on postseal.ca_wish for each statement execute function postseal.ca_changed();

-- --- for the keeper ---

-- A new authority. One that only has a request takes the place of an earlier request.
create function postseal.ca_add(new_id uuid, new_subject text, new_request bytea, new_certificate bytea, new_sealed bytea,
    actor text) returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if new_certificate is null then
        delete from ca where state = 'requested';
    else
        update ca set state = 'retired' where state = 'in use';
    end if;
    insert into ca (id, state, subject, request, certificate, sealed)
        values (new_id, case when new_certificate is null then 'requested' else 'in use' end, new_subject, new_request,
                new_certificate, new_sealed);
    perform activity_add(actor, null, case when new_certificate is null then 'authority requested' else 'authority made' end,
                         new_id::text, new_subject);
end
$$;
-- Its own certificate: a root that the organisation trusts, or one below somebody else's.
create function postseal.ca_put_authority(new_id uuid, new_fingerprint text, new_role text, new_content bytea,
    new_owner text, new_not_before timestamptz, new_not_after timestamptz, actor text)
returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if new_role not in ('root', 'intermediate') then
        raise exception 'not an authority';
    end if;
    insert into key (id, kind, fingerprint, role, content, owner, not_before, not_after, signs_until, imported_by, trust)
        values (new_id, 'smime', new_fingerprint, new_role, new_content, new_owner, new_not_before, new_not_after,
                new_not_after, actor, 'organisation')
        on conflict (kind, fingerprint) do update set
            role = case when excluded.role = 'root' then 'root' else key.role end;
end
$$;
-- One at a time for an address: the second finds what the first has issued.
create function postseal.ca_lock(of_address text) returns void language sql security definer set search_path = postseal, pg_temp as $$
    select pg_advisory_xact_lock(150, hashtext(of_address));
$$;
-- A new key of an employee.
create function postseal.ca_issue(new_id uuid, new_kind text, new_fingerprint text, new_content bytea, new_owner text,
    of_address text, new_not_before timestamptz, new_not_after timestamptz, new_sealed bytea, by_ca uuid, new_serial bytea,
    actor text) returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    insert into ca_issued (kind, fingerprint, address, ca, serial, not_before, not_after, issued_by)
        values (new_kind, new_fingerprint, of_address, by_ca, new_serial, new_not_before, new_not_after, actor);
    insert into key (id, kind, fingerprint, role, content, owner, not_before, not_after, signs_until, pinned, imported_by)
        values (new_id, new_kind, new_fingerprint, 'own', new_content, new_owner, new_not_before, new_not_after,
                new_not_after, true, actor);
    insert into key_address (key, address) values (new_id, of_address);
    insert into private_key (key, sealed) values (new_id, new_sealed);
    perform activity_add(actor, null, 'key issued', of_address, new_kind || ' ' || new_fingerprint);
end
$$;
-- An OpenPGP key that was issued, with new signatures of its own: it is valid for longer, or revoked.
create function postseal.ca_openpgp_put(which text, new_content bytea, new_not_after timestamptz, is_revoked boolean)
returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update ca_issued set published_at = case when is_revoked then now() end,
        not_after = coalesce(new_not_after, not_after)
        where kind = 'pgp' and fingerprint = which and (revoked_at is not null) = is_revoked;
    if not found then
        return;
    end if;
    update key set content = new_content, not_after = coalesce(new_not_after, not_after),
        signs_until = coalesce(new_not_after, signs_until)
        where kind = 'pgp' and fingerprint = which;
    perform activity_add(null, null, case when is_revoked then 'revocation published' else 'key renewed' end, which, 'pgp');
end
$$;
create function postseal.ca_crl_put(of_ca uuid, new_number bigint, new_content bytea, new_made_at timestamptz,
    new_next_update timestamptz) returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    insert into ca_crl (ca, number, content, made_at, next_update)
        values (of_ca, new_number, new_content, new_made_at, new_next_update)
        on conflict (ca) do update set number = excluded.number, content = excluded.content, made_at = excluded.made_at,
            next_update = excluded.next_update
        where ca_crl.number < excluded.number;
    if found then
        perform activity_add(null, null, 'revocation list made', of_ca::text, 'number ' || new_number);
    end if;
end
$$;
create function postseal.ca_wish_end(of_address text, with_trouble text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if with_trouble is null then
        delete from ca_wish where address = of_address;
    else
        update ca_wish set tried_at = now(), trouble = with_trouble where address = of_address;
    end if;
end
$$;
revoke execute on function postseal.ca_add, postseal.ca_put_authority, postseal.ca_lock, postseal.ca_issue,
    postseal.ca_openpgp_put, postseal.ca_crl_put, postseal.ca_wish_end from public;
grant execute on function postseal.ca_add, postseal.ca_put_authority, postseal.ca_lock, postseal.ca_issue,
    postseal.ca_openpgp_put, postseal.ca_crl_put, postseal.ca_wish_end to postseal_keeper;
grant select on postseal.ca, postseal.ca_issued, postseal.ca_crl, postseal.ca_wish, postseal.key_address, postseal.retired_key
    to postseal_keeper;

-- --- an employee leaves ---

-- What was issued to them is revoked: others learn that nobody signs with it any more. What others issued is for its
-- issuer to revoke.
create function postseal.ca_revoke_all(of_address text, because text) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    perform ca_revoke(kind, fingerprint, because, coalesce(nullif(current_setting('postseal.actor', true), ''), session_user))
        from ca_issued where address = of_address and revoked_at is null and not_after > now();
    delete from ca_wish where address = of_address;
end
$$;
create or replace function postseal.keys_retire(of_address text) returns setof postseal.key
language plpgsql set search_path = postseal, pg_temp as $$
declare
    theirs uuid[] := array(select k.id from key k join key_address a on a.key = k.id
                           where a.address = of_address and k.role = 'own');
begin
    perform ca_revoke_all(of_address, 'affiliationChanged');
    with gone as (delete from private_key where key = any(theirs) returning key, sealed)
    insert into retired_key (key, address, sealed) select key, of_address, sealed from gone;
    update key set role = 'retired' where id in (select r.key from retired_key r where r.key = any(theirs)) and role = 'own';
    return query select k.* from key k where k.id = any(theirs) and k.role = 'retired';
end
$$;
-- A revocation is for good: whoever comes back gets new keys, and the old ones go on opening.
create or replace function postseal.keys_return(of_address text) returns setof postseal.key
language plpgsql set search_path = postseal, pg_temp as $$
begin
    insert into private_key (key, sealed)
        select r.key, r.sealed from retired_key r join key k on k.id = r.key
        where r.address = of_address and k.role = 'retired' and not ca_is_revoked(k.kind, k.fingerprint)
        on conflict (key) do nothing;
    return query update key k set role = 'own' from retired_key r
        where r.key = k.id and r.address = of_address and k.role = 'retired' and not ca_is_revoked(k.kind, k.fingerprint)
        returning k.*;
    delete from retired_key r using key k where k.id = r.key and r.address = of_address and k.role = 'own';
end
$$;
create function postseal.ca_is_revoked(which_kind text, which text) returns boolean
language sql stable set search_path = postseal, pg_temp as $$
    select exists (select from ca_issued where kind = which_kind and fingerprint = which and revoked_at is not null);
$$;
revoke execute on function postseal.ca_revoke_all, postseal.ca_is_revoked from public;

-- Not for the milter: a function that knows who has left calls it (delivery/sql).
create function postseal.ca_wish_note(of_address text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if exists (select from ca where state = 'in use') then
        insert into ca_wish (address) values (of_address) on conflict do nothing;
    end if;
end
$$;
revoke execute on function postseal.ca_wish_note from public;

-- --- for the admin ---

-- What is revoked neither signs nor is encrypted to any more; it opens what was encrypted to it.
create function postseal.ca_revoke(which_kind text, which text, because text, actor text)
returns setof postseal.ca_issued language plpgsql set search_path = postseal, pg_temp as $$
declare
    old ca_issued;
    key_id uuid;
begin
    update ca_issued set revoked_at = now(), reason = because, revoked_by = actor
        where kind = which_kind and fingerprint = which and revoked_at is null returning * into old;
    if not found then
        return;
    end if;
    perform activity_add(actor, null, 'key revoked', old.address, which_kind || ' ' || which || ', ' || because);
    select k.id into key_id from key k where k.kind = which_kind and k.fingerprint = which and k.role = 'own';
    if found then
        insert into retired_key (key, address, sealed)
            select p.key, old.address, p.sealed from private_key p where p.key = key_id on conflict do nothing;
        delete from private_key where key = key_id;
        update key set role = 'retired' where id = key_id;
    end if;
    return next old;
end
$$;
-- Another authority has signed the request.
create function postseal.ca_accept(new_certificate bytea)
returns setof postseal.ca language plpgsql set search_path = postseal, pg_temp as $$
begin
    update ca set state = 'retired' where state = 'in use';
    perform activity_add(null, null, 'authority accepted', id::text, subject) from ca where state = 'requested';
    return query update ca set state = 'in use', certificate = new_certificate
        where state = 'requested' returning *;
end
$$;
revoke execute on function postseal.ca_revoke, postseal.ca_accept from public;

-- Keys issued to employees, as an auditor sees them.
create view postseal.issued_keys as
    select i.kind, i.fingerprint, i.address, c.subject as authority, encode(i.serial, 'hex') as serial, i.not_before, i.not_after,
           i.issued_at, i.issued_by, i.revoked_at, i.reason, i.revoked_by
    from postseal.ca_issued i left join postseal.ca c on c.id = i.ca;
grant select on postseal.issued_keys to postseal_auditor;
comment on view postseal.issued_keys is 'keys that were issued to employees';
comment on column postseal.issued_keys.kind is 'smime or pgp';
comment on column postseal.issued_keys.fingerprint is 'of the certificate or OpenPGP key';
comment on column postseal.issued_keys.address is 'of the employee';
comment on column postseal.issued_keys.authority is 'the authority that issued the certificate; null: an OpenPGP key';
comment on column postseal.issued_keys.serial is 'serial number of the certificate, hexadecimal';
comment on column postseal.issued_keys.not_before is 'valid from';
comment on column postseal.issued_keys.not_after is 'valid until';
comment on column postseal.issued_keys.issued_at is 'when it was issued';
comment on column postseal.issued_keys.issued_by is 'who had it issued; postseal-keeper: on first use, or before an earlier one expired';
comment on column postseal.issued_keys.revoked_at is 'when it was revoked; null: it was not';
comment on column postseal.issued_keys.reason is 'why it was revoked';
comment on column postseal.issued_keys.revoked_by is 'who revoked it';
