-- Keys that the network was asked for: what was asked where and when, what came of it, and until when that is good; and
-- the keys that were found. Answers are kept also where there is nothing, so that nobody waits for the same again.

create table postseal.key_answer (
    address text not null,
    source text not null,
    kind text not null check (kind in ('smime', 'pgp')),
    wanted_at timestamptz not null default now(),
    asked_at timestamptz,
    outcome text check (outcome in ('found', 'nothing', 'failed')),
    why text,
    place text,
    good_until timestamptz not null default '-infinity',
    due_at timestamptz not null default now(),
    failures integer not null default 0,
    claimed_until timestamptz not null default '-infinity',
    primary key (address, source, kind)
);
create index key_answer_due on postseal.key_answer (due_at);

create table postseal.key_found (
    id uuid primary key,
    address text not null,
    source text not null,
    kind text not null check (kind in ('smime', 'pgp')),
    author text not null,
    fingerprint text not null,
    content bytea not null check (octet_length(content) <= 1048576),
    owner text not null,
    not_before timestamptz,
    not_after timestamptz,
    capabilities text[] not null default '{}',
    pinned boolean not null default false,
    cannot_encrypt text,
    found_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    withdrawn_at timestamptz,
    unique (address, source, kind, fingerprint),
    check (kind <> 'smime' or fingerprint = encode(sha256(content), 'hex'))
);
create index key_found_revoked on postseal.key_found (fingerprint) where starts_with(cannot_encrypt, 'revoked by its owner');

comment on table postseal.key_answer is 'what the network was asked for, and what came of it';
comment on column postseal.key_answer.address is 'whose keys; folded';
comment on column postseal.key_answer.source is 'who was asked, as in the setting keys from';
comment on column postseal.key_answer.kind is 'smime or pgp';
comment on column postseal.key_answer.wanted_at is 'when mail last needed it: what nobody needs is not asked again';
comment on column postseal.key_answer.asked_at is 'when the answer came; null: it is still awaited';
comment on column postseal.key_answer.outcome is 'found, nothing (there is no key), or failed (it could not be found out)';
comment on column postseal.key_answer.why is 'why there is none, or why it failed';
comment on column postseal.key_answer.place is 'where it was found: a URL, a name in the DNS, an entry of the directory';
comment on column postseal.key_answer.good_until is 'until when messages need not ask again';
comment on column postseal.key_answer.due_at is 'when the courier asks again';
comment on column postseal.key_answer.failures is 'how often in a row it failed';
comment on column postseal.key_answer.claimed_until is 'until when a courier has it in hand';
comment on table postseal.key_found is 'keys that the network returned, each under the address and the source it was found at';
comment on column postseal.key_found.id is 'identifier of the row';
comment on column postseal.key_found.address is 'for whom it was found; folded';
comment on column postseal.key_found.source is 'where, as in the setting keys from';
comment on column postseal.key_found.kind is 'smime or pgp';
comment on column postseal.key_found.author is 'who says that it is theirs, as in attestation';
comment on column postseal.key_found.fingerprint is 'SHA-256 of a certificate; OpenPGP fingerprint';
comment on column postseal.key_found.content is 'DER, or binary OpenPGP without the user IDs of others';
comment on column postseal.key_found.owner is 'subject, or user ID';
comment on column postseal.key_found.not_before is 'valid from; null: no limit';
comment on column postseal.key_found.not_after is 'valid until; null: no limit';
comment on column postseal.key_found.capabilities is 'announced: gcm, oaep';
comment on column postseal.key_found.pinned is 'a certificate that DANE says is the one, so that it needs no chain';
comment on column postseal.key_found.cannot_encrypt is 'why mail can never be encrypted to it, or null';
comment on column postseal.key_found.found_at is 'when the source first had it, or had it again after it was withdrawn';
comment on column postseal.key_found.seen_at is 'when the source last had it';
comment on column postseal.key_found.withdrawn_at is 'when the source no longer had it; null: it has';

-- Programs add and refresh; nobody deletes.
grant select, insert, update on postseal.key_answer, postseal.key_found to postseal_milter, postseal_courier;
grant select on postseal.key_answer to postseal_auditor;
-- A key that is known already is merged with what the network has of it.
grant select on postseal.key, postseal.key_address to postseal_courier;

create trigger key_answer_changed after insert or update of asked_at on postseal.key_answer
    for each row when (new.asked_at is not null) execute function postseal.key_address_changed();
create trigger key_found_changed after insert or update on postseal.key_found
    for each row execute function postseal.key_address_changed();

-- Which keys of an address each source vouches for now.
create view postseal.key_claim as
    select k.kind, a.address, 'database' as source, k.fingerprint, k.owner, k.imported_at as since
    from postseal.key_address a join postseal.key k on k.id = a.key
    where k.role in ('recipient', 'own') and k.cannot_encrypt is null and coalesce(k.not_after > now(), true)
    union all
    select u.kind, u.address, 'upload', u.fingerprint, u.owner, u.uploaded_at
    from postseal.key_upload u where coalesce(u.not_after > now(), true)
    union all
    select f.kind, f.address, f.source, f.fingerprint, f.owner, f.found_at
    from postseal.key_found f
    where f.withdrawn_at is null and f.cannot_encrypt is null and coalesce(f.not_after > now(), true);

-- Two sources contradict each other if both have keys for an address, and none in common.
create view postseal.key_conflict as
    select a.address, a.kind, a.source, b.source as other_source,
           array_agg(distinct a.fingerprint) as fingerprints, array_agg(distinct b.fingerprint) as other_fingerprints,
           greatest(max(a.since), max(b.since)) as since
    from postseal.key_claim a join postseal.key_claim b on b.address = a.address and b.kind = a.kind and b.source > a.source
    group by a.address, a.kind, a.source, b.source
    having not bool_or(a.fingerprint = b.fingerprint);
grant select on postseal.key_claim, postseal.key_conflict to postseal_milter, postseal_courier, postseal_auditor;
comment on view postseal.key_claim is 'which keys each source has for an address now';
comment on column postseal.key_claim.kind is 'smime or pgp';
comment on column postseal.key_claim.address is 'whose; folded';
comment on column postseal.key_claim.source is 'database (imported), upload (by its owner), or as in the setting keys from';
comment on column postseal.key_claim.fingerprint is 'of the key';
comment on column postseal.key_claim.owner is 'subject, or user ID';
comment on column postseal.key_claim.since is 'since when';
comment on view postseal.key_conflict is 'addresses for which two sources have keys, but none in common';
comment on column postseal.key_conflict.address is 'whose; folded';
comment on column postseal.key_conflict.kind is 'smime or pgp';
comment on column postseal.key_conflict.source is 'one source';
comment on column postseal.key_conflict.other_source is 'the other';
comment on column postseal.key_conflict.fingerprints is 'keys of the one';
comment on column postseal.key_conflict.other_fingerprints is 'keys of the other';
comment on column postseal.key_conflict.since is 'since when they contradict each other';

-- The record names keys that were found, too.
create or replace view postseal.keys as
    select k.kind, k.fingerprint, k.role, k.owner, array(select a.address from postseal.key_address a where a.key = k.id order by 1) as addresses,
           k.not_before, k.not_after, k.signs_until, k.cannot_encrypt, k.cannot_sign, k.pinned, k.imported_at, k.imported_by,
           exists (select from postseal.private_key p where p.key = k.id) as has_private_key
    from postseal.key k
    union all
    select kind, fingerprint, 'uploaded', owner, array[address], not_before, not_after, null, null, null, false, uploaded_at, address, false
    from postseal.key_upload
    union all
    select kind, fingerprint, 'found', owner, array[address], not_before, not_after, null, cannot_encrypt, null, pinned, found_at,
           author || ' (' || source || ')', false
    from postseal.key_found;
comment on column postseal.keys.role is 'own, recipient, intermediate, root, uploaded by its owner in the portal, or found in the network';
comment on column postseal.keys.imported_by is 'who brought it: a system user, its owner, or who published it';

-- On record: what was found, came back or was withdrawn, and where it contradicts what another source says.
create function postseal.key_found_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    other record;
begin
    if tg_op = 'UPDATE' and old.withdrawn_at is null and new.withdrawn_at is not null then
        perform activity_add(new.author, null, 'key withdrawn', new.address,
                             new.kind || ' ' || new.fingerprint || ': ' || new.source || ' no longer has it');
        return null;
    end if;
    if tg_op = 'UPDATE' and old.cannot_encrypt is distinct from new.cannot_encrypt then
        perform activity_add(new.author, null, 'key changed', new.address,
                             new.kind || ' ' || new.fingerprint || ', ' || new.source || ': ' || coalesce(new.cannot_encrypt, 'usable'));
    end if;
    if tg_op = 'UPDATE' and (old.withdrawn_at is null or new.withdrawn_at is not null) then
        return null;
    end if;
    perform activity_add(new.author, null, 'key found', new.address, new.kind || ' ' || new.fingerprint || ', by ' || new.source);
    for other in select distinct c.source, c.fingerprints, c.other_source, c.other_fingerprints from key_conflict c
                 where c.address = new.address and c.kind = new.kind and new.source in (c.source, c.other_source)
    loop
        perform activity_add(new.author, null, 'key conflict', new.address,
                             new.kind || ', ' || other.source || ': ' || array_to_string(other.fingerprints, ' ') || '; '
                                 || other.other_source || ': ' || array_to_string(other.other_fingerprints, ' '));
    end loop;
    return null;
end
$$;
create constraint trigger key_found_activity after insert or update on postseal.key_found
    deferrable initially deferred for each row execute function postseal.key_found_activity();

-- A key for a whole domain, or for all its sub-domains: '*.partner.example'. An admin says so.
create table postseal.key_domain (
    key uuid not null references postseal.key on delete cascade,
    domain text not null,
    primary key (domain, key)
);
create index key_domain_key on postseal.key_domain (key);
grant select on postseal.key_domain to postseal_milter, postseal_courier, postseal_auditor;
comment on table postseal.key_domain is 'keys for everybody in a domain who has none of their own';
comment on column postseal.key_domain.key is 'the key';
comment on column postseal.key_domain.domain is 'the domain, or *. and the domain: its sub-domains';
create function postseal.key_domain_changed() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform pg_notify('postseal_key', '');
    if tg_op = 'INSERT' then
        perform activity_add(null, null, 'key imported', new.domain,
                             (select kind || ' ' || fingerprint from key where id = new.key) || ', for the whole domain');
    end if;
    return null;
end
$$;
create trigger key_domain_changed after insert or delete on postseal.key_domain
    for each row execute function postseal.key_domain_changed();
