-- What somebody states about a key or account, and that it is revoked, are facts: both are only added. The view
-- postseal.attestation shows the two together.
create type postseal.trust_level as enum ('none', 'seen', 'domain', 'colleague', 'organisation', 'personal');

drop trigger attestation_changed on postseal.attestation;
drop trigger attestation_activity on postseal.attestation;
drop index postseal.attestation_stands, postseal.attestation_address;
alter table postseal.attestation rename to attested;
alter table postseal.attested add column evidence text;
create table postseal.revoked (
    attestation uuid primary key references postseal.attested,
    at timestamptz not null default now(),
    author text not null,
    because text not null
);
insert into postseal.revoked (attestation, at, author, because)
    select id, revoked_at, 'not on record', coalesce(revoked_because, '') from postseal.attested where revoked_at is not null;
alter table postseal.attested drop column revoked_at, drop column revoked_because;
create index attested_about on postseal.attested (address, kind, subject, how);
create index attested_by on postseal.attested (author, address);
create index attested_of on postseal.attested (address, kind, how, author);

create view postseal.attestation as
    select a.id, a.kind, a.subject, a.address, a.author, a.how, a.evidence, a.made_at,
           r.at as revoked_at, r.because as revoked_because, r.author as revoked_by
    from postseal.attested a left join postseal.revoked r on r.attestation = a.id;

-- A sender who no longer trusts somebody: what others state does not count for this sender, except for the
-- organisation's own word, until a new unlock code that the sender handed over has been used.
create table postseal.doubt (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    author text not null,
    address text not null,
    because text not null
);
create index doubt_author on postseal.doubt (author, address, at);

-- How somebody can know whose a key is, what that is worth, and which programs may say so; an admin may say anything. A
-- statement with a ground that is not listed here is worth nothing.
create table postseal.trust_ground (
    how text primary key,
    level postseal.trust_level,           -- null: as much as its author's account
    programs text[] not null default '{}'
);
insert into postseal.trust_ground (how, level, programs) values
    ('unlock code', 'personal', '{postseal_portal}'),
    ('signed in', null, '{postseal_portal}'),
    ('administrator', 'organisation', '{}'),
    ('wkd', 'domain', '{postseal_milter,postseal_courier}'),
    ('dane', 'domain', '{postseal_milter,postseal_courier}'),
    ('ldap', 'domain', '{postseal_milter,postseal_courier}'),
    ('domain key', 'domain', '{postseal_milter,postseal_courier}'),
    ('servers', 'none', '{postseal_milter,postseal_courier}'), -- some let anybody upload a key for any address
    ('signed mail', 'seen', '{postseal_milter,postseal_courier}');

-- Statements about an address and their revocations wait for each other.
create function postseal.trust_lock(of_address text) returns void
language sql set search_path = postseal, pg_temp as $$
    select pg_advisory_xact_lock(hashtextextended('trust in ' || of_address, 0));
$$;

create function postseal.trust_may_state(new_how text) returns boolean
language sql stable set search_path = postseal, pg_temp as $$
    select pg_has_role(session_user, (select relowner from pg_class where oid = 'postseal.attested'::regclass), 'member')
        or exists (select from trust_ground g, unnest(g.programs) as program
                   where g.how = new_how and pg_has_role(session_user, program, 'member'));
$$;

-- A statement that was revoked does not come back by what its author had said before: only grounds that arose after the
-- revocation, such as a code that was made since, make it anew. Says whether the statement is new.
drop function postseal.attest(uuid, text, text, text, text, text, timestamptz);
create function postseal.attest(new_id uuid, new_kind text, new_subject text, of_address text, new_author text,
    new_how text, since timestamptz, new_evidence text default null) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if not trust_may_state(new_how) then
        raise exception '% may not state trust by "%"', session_user, new_how using errcode = 'insufficient_privilege';
    end if;
    perform trust_lock(of_address);
    insert into attested (id, kind, subject, address, author, how, evidence)
        select new_id, new_kind, new_subject, of_address, new_author, new_how, new_evidence
        where not exists (select from attestation where kind = new_kind and address = of_address and author = new_author
                              and revoked_at >= since)
          and not exists (select from doubt d where d.author = new_author and d.address = of_address and d.at >= since)
          and not exists (select from attestation where kind = new_kind and subject = new_subject and address = of_address
                              and author = new_author and how = new_how and revoked_at is null);
    return found;
end
$$;
revoke execute on function postseal.attest from public;
grant execute on function postseal.attest to postseal_portal, postseal_milter, postseal_courier;

-- Null means any. Returns how many statements were revoked.
create function postseal.attestations_revoke(of_kind text, of_address text, of_subject text, of_author text, by_whom text,
    why text) returns bigint
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    count bigint;
begin
    perform trust_lock(of_address);
    insert into revoked (attestation, author, because)
        select a.id, by_whom, why from attestation a
        where a.address = of_address and (of_kind is null or a.kind = of_kind) and (of_subject is null or a.subject = of_subject)
          and (of_author is null or a.author = of_author) and a.revoked_at is null;
    get diagnostics count = row_count;
    return count;
end
$$;
create function postseal.trust_doubt(of_author text, of_address text, why text) returns bigint
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform trust_lock(of_address);
    insert into doubt (author, address, because) values (of_author, of_address, why);
    return attestations_revoke(null, of_address, null, of_author, of_author, why);
end
$$;
revoke execute on function postseal.attestations_revoke, postseal.trust_doubt from public;
grant execute on function postseal.attestations_revoke, postseal.trust_doubt
    to postseal_portal, postseal_milter, postseal_courier;

-- Caches hear of it, and it is told as an activity.
create function postseal.trust_stated() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform pg_notify('postseal_key', new.address);
    perform activity_add(new.author, null, 'trust stated', new.address,
        new.kind || ' ' || new.subject || ', by ' || new.author || ': ' || new.how || coalesce(' (' || new.evidence || ')', ''));
    return null;
end
$$;
create trigger attested_told after insert on postseal.attested for each row execute function postseal.trust_stated();
create function postseal.trust_revoked() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    a attested;
begin
    select * into a from attested where id = new.attestation;
    perform pg_notify('postseal_key', a.address);
    perform activity_add(new.author, null, 'trust revoked', a.address,
        a.kind || ' ' || a.subject || ', by ' || a.author || coalesce(': ' || new.because, ''));
    return null;
end
$$;
create trigger revoked_told after insert on postseal.revoked for each row execute function postseal.trust_revoked();
create function postseal.trust_doubted() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform pg_notify('postseal_key', new.address);
    perform activity_add(new.author, null, 'trust doubted', new.address, 'for messages of ' || new.author || ': ' || new.because);
    return null;
end
$$;
create trigger doubt_told after insert on postseal.doubt for each row execute function postseal.trust_doubted();
drop function postseal.attestation_activity;

-- What an authority's certificates are worth.
alter table postseal.key add column trust postseal.trust_level not null default 'organisation'
    check (trust in ('domain', 'organisation'));

-- Has the sender revoked trust in this address, and handed over no code that was used since?
create function postseal.trust_is_doubted(of_sender text, of_address text) returns boolean
language sql stable set search_path = postseal, pg_temp as $$
    select exists (select from doubt d where d.author = of_sender and d.address = of_address
        and not exists (select from attestation a where a.address = of_address and a.kind = 'account' and a.how = 'unlock code'
                            and a.author = of_sender and a.made_at > d.at and a.revoked_at is null));
$$;

-- Do at least so many others state this by a code that was used? An address has one account at a time: what was stated
-- about an earlier one was revoked when that ended.
create function postseal.trust_has_colleagues(of_sender text, of_address text, of_kind text, of_subject text, wanted integer)
returns boolean language sql stable set search_path = postseal, pg_temp as $$
    select count(*) >= wanted from (
        select distinct a.author from attestation a
        where a.address = of_address and a.kind = of_kind and a.how = 'unlock code' and a.author <> of_sender
          and (of_subject is null or a.subject = of_subject) and a.revoked_at is null
        limit wanted) as others;
$$;

create function postseal.trust_in_account(of_sender text, of_address text, colleagues integer)
returns postseal.trust_level language sql stable set search_path = postseal, pg_temp as $$
    select case
        when exists (select from attestation a where a.address = of_address and a.kind = 'account' and a.how = 'unlock code'
                         and a.author = of_sender and a.revoked_at is null) then 'personal'::trust_level
        when trust_has_colleagues(of_sender, of_address, 'account', null, colleagues) then 'colleague'
        else 'seen'
    end;
$$;

-- How far may this sender trust that this key is this address's? Between them, from all that was stated and not revoked:
-- personal > organisation > colleague > domain > seen > none. What a certificate authority states is in its certificates,
-- which are verified elsewhere (keystore/authority.c).
create function postseal.trust_level(of_sender text, of_kind text, of_subject text, of_address text, colleagues integer)
returns postseal.trust_level language plpgsql stable security definer set search_path = postseal, pg_temp as $$
declare
    stated trust_level;
    is_owners boolean;
begin
    if trust_is_doubted(of_sender, of_address) then
        stated := 'none';
    elsif exists (select from attestation a where a.address = of_address and a.kind = of_kind and a.subject = of_subject
                      and a.how = 'unlock code' and a.author = of_sender and a.revoked_at is null) then
        return 'personal';
    else
        select coalesce(max(g.level), 'none'), coalesce(bool_or(g.level is null), false) into stated, is_owners
            from trust_ground g
            where g.level is distinct from 'personal'
              and exists (select from attestation a where a.address = of_address and a.kind = of_kind and a.subject = of_subject
                              and a.how = g.how and (g.level is not null or a.author = of_address) and a.revoked_at is null);
        if is_owners then
            stated := greatest(stated, trust_in_account(of_sender, of_address, colleagues));
        end if;
        if stated < 'domain' and exists (
            select from key k join key_domain d on d.key = k.id
            where k.kind = of_kind and k.fingerprint = of_subject and k.role = 'recipient'
              and (d.domain = substring(of_address from '[^@]*$')
                   or (starts_with(d.domain, '*.') and right(of_address, length(d.domain) - 1) = substr(d.domain, 2)))) then
            stated := 'domain';
        end if;
        if stated < 'colleague' and trust_has_colleagues(of_sender, of_address, of_kind, of_subject, colleagues) then
            stated := 'colleague';
        end if;
    end if;
    if stated < 'organisation' and (
        exists (select from attestation a join trust_ground g using (how)
                where a.address = of_address and a.kind = of_kind and a.subject = of_subject and g.level = 'organisation'
                  and a.revoked_at is null)
        or exists (select from key k join key_address a on a.key = k.id
                   where k.kind = of_kind and k.fingerprint = of_subject and a.address = of_address
                     and k.role in ('own', 'recipient') and (k.pinned or k.kind = 'pgp' or k.role = 'own'))) then
        stated := 'organisation';
    end if;
    return stated;
end
$$;
revoke execute on function postseal.trust_level from public;
grant execute on function postseal.trust_level to postseal_milter, postseal_courier;

create or replace function postseal.key_upload_put(new_id uuid, new_kind text, of_address text,
    new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamptz,
    new_not_after timestamptz, new_capabilities text[])
returns boolean language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    -- An employee's keys come from the organisation.
    if exists (select from key_address a join key k on k.id = a.key
               where a.address = of_address and k.role = 'own') then
        return false;
    end if;
    perform trust_lock(of_address);
    insert into revoked (attestation, author, because)
        select id, of_address, 'replaced by its owner' from attestation
        where kind = new_kind and address = of_address and author = of_address and subject <> new_fingerprint and revoked_at is null;
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
create or replace function postseal.key_upload_end(of_address text, because text)
returns void language sql security definer set search_path = postseal, pg_temp as $$
    select attestations_revoke('smime', of_address, null, of_address, of_address, because),
           attestations_revoke('pgp', of_address, null, of_address, of_address, because);
    delete from key_upload where address = of_address;
$$;

revoke all on postseal.attested from postseal_portal, postseal_courier, postseal_milter, postseal_auditor;
grant select on postseal.attestation to postseal_portal, postseal_courier, postseal_milter, postseal_auditor;
grant select on postseal.doubt, postseal.trust_ground to postseal_auditor;

comment on table postseal.attested is 'statements that a key or account belongs to an address';
comment on column postseal.attested.evidence is 'what the statement rests on, such as the message whose code was used';
comment on table postseal.revoked is 'statements that were revoked';
comment on column postseal.revoked.attestation is 'the statement';
comment on column postseal.revoked.at is 'when it was revoked';
comment on column postseal.revoked.author is 'by whom';
comment on column postseal.revoked.because is 'why';
comment on view postseal.attestation is 'who vouches that a key or account belongs to an address';
comment on column postseal.attestation.id is 'identifier of the statement';
comment on column postseal.attestation.kind is 'of what: account, smime or pgp';
comment on column postseal.attestation.subject is 'fingerprint of the key, certificate or account key';
comment on column postseal.attestation.address is 'whose it is said to be';
comment on column postseal.attestation.author is 'who says so';
comment on column postseal.attestation.how is 'how they know';
comment on column postseal.attestation.evidence is 'what the statement rests on, such as the message whose code was used';
comment on column postseal.attestation.made_at is 'when they said so';
comment on column postseal.attestation.revoked_at is 'when it was revoked; null: it stands';
comment on column postseal.attestation.revoked_because is 'why it was revoked';
comment on column postseal.attestation.revoked_by is 'who revoked it';
comment on table postseal.doubt is 'senders who no longer trust a recipient';
comment on column postseal.doubt.id is 'number of the row';
comment on column postseal.doubt.at is 'since when';
comment on column postseal.doubt.author is 'the sender';
comment on column postseal.doubt.address is 'the recipient';
comment on column postseal.doubt.because is 'why';
comment on table postseal.trust_ground is 'how somebody can know whose a key is, and what that is worth';
comment on column postseal.trust_ground.how is 'how they know';
comment on column postseal.trust_ground.level is 'the level of trust; null: as much as the account of whoever states it';
comment on column postseal.trust_ground.programs is 'roles that may state it, beside admins';
