-- Which keys count for an address: also by an admin's word, and not any more.

-- A key for an address that it does not name: only an admin's word says so, and it counts for as long as that stands.
create table postseal.key_word (
    key uuid not null references postseal.key on delete cascade,
    address text not null,
    primary key (address, key)
);
create index key_word_key on postseal.key_word (key);
grant select on postseal.key_word to postseal_milter, postseal_courier, postseal_auditor;
comment on table postseal.key_word is 'keys for addresses that they do not name, by an admin''s word';
comment on column postseal.key_word.key is 'the key';
comment on column postseal.key_word.address is 'for whom it is used; folded';
create trigger key_word_changed after insert or delete on postseal.key_word
    for each row execute function postseal.key_address_changed();

create view postseal.key_by_word as
    select w.key, w.address from postseal.key_word w join postseal.key k on k.id = w.key
    where exists (select from postseal.attestation t where t.kind = k.kind and t.subject = k.fingerprint and t.address = w.address
                      and t.how = 'administrator' and t.revoked_at is null);
grant select on postseal.key_by_word to postseal_milter, postseal_courier, postseal_auditor;
comment on view postseal.key_by_word is 'keys for addresses that they do not name, while an admin says so';
comment on column postseal.key_by_word.key is 'the key';
comment on column postseal.key_by_word.address is 'for whom it is used; folded';

create or replace view postseal.key_claim as
    select k.kind, a.address, 'database' as source, k.fingerprint, k.owner, k.imported_at as since
    from (select key, address from postseal.key_address union select key, address from postseal.key_by_word) a
    join postseal.key k on k.id = a.key
    where k.role in ('recipient', 'own') and k.cannot_encrypt is null and coalesce(k.not_after > now(), true)
    union all
    select u.kind, u.address, 'upload', u.fingerprint, u.owner, u.uploaded_at
    from postseal.key_upload u where coalesce(u.not_after > now(), true)
    union all
    select f.kind, f.address, f.source, f.fingerprint, f.owner, f.found_at
    from postseal.key_found f
    where f.withdrawn_at is null and f.cannot_encrypt is null and coalesce(f.not_after > now(), true);

-- Why mail that was sealed to a key may not leave any more; null: the key is as good as it was. What has merely expired was
-- good when the mail was sealed.

-- `chain`: fingerprints from the certificate up to the root; null: it needs none.
create function postseal.key_chain_lapse(chain text[]) returns text
language sql stable set search_path = postseal, pg_temp as $$
    select case when s.fingerprint <> chain[1] then 'its authority''s certificate was revoked'
                when s.state = 'held' then 'it was suspended by its issuer'
                else 'it was revoked by its issuer' end
    from certificate_status s where s.fingerprint = any(chain) and s.state in ('held', 'revoked')
    order by array_position(chain, s.fingerprint) desc limit 1;
$$;

-- The places that have it for the address (keystore/source), and whether that needs an authority besides.
create function postseal.key_places(of_kind text, of_fingerprint text, of_address text)
returns table (cannot_encrypt text, needs_authority boolean) language sql stable set search_path = postseal, pg_temp as $$
    select k.cannot_encrypt, not k.pinned and k.kind = 'smime'
        from key k where k.kind = of_kind and k.fingerprint = of_fingerprint and k.role in ('recipient', 'own')
          and (exists (select from key_address a where a.key = k.id and a.address = of_address)
               or exists (select from key_by_word w where w.key = k.id and w.address = of_address)
               or exists (select from key_domain d where d.key = k.id
                              and (d.domain = substring(of_address from '[^@]*$')
                                   or (starts_with(d.domain, '*.')
                                       and right(of_address, length(d.domain) - 1) = substr(d.domain, 2)))))
    union all
    select null, false
        from key_upload u where u.kind = of_kind and u.fingerprint = of_fingerprint and u.address = of_address
          and exists (select from attestation t where t.kind = u.kind and t.subject = u.fingerprint and t.address = u.address
                          and t.author = u.address and t.how = 'signed in' and t.revoked_at is null)
    union all
    select f.cannot_encrypt, not f.pinned and f.kind = 'smime'
        from key_found f where f.kind = of_kind and f.fingerprint = of_fingerprint and f.address = of_address
          and f.withdrawn_at is null
          and exists (select from attestation t where t.kind = f.kind and t.subject = f.fingerprint and t.address = f.address
                          and (t.author = f.author or t.how = 'administrator') and t.revoked_at is null);
$$;

create function postseal.key_lapse(of_kind text, of_fingerprint text, of_address text, chain text[])
returns text language sql stable set search_path = postseal, pg_temp as $$
    with places as (select * from key_places(of_kind, of_fingerprint, of_address))
    select case
        when exists (select from places where starts_with(cannot_encrypt, 'revoked by its owner'))
             or exists (select from key_found f where f.fingerprint = of_fingerprint
                            and starts_with(f.cannot_encrypt, 'revoked by its owner'))
            then 'it was revoked by its owner'
        when key_chain_lapse(chain) is not null then key_chain_lapse(chain)
        when not exists (select from places where cannot_encrypt is null)
            then 'it was removed, or nobody states any more that it is theirs'
        when chain is not null and not exists (select from places where cannot_encrypt is null and not needs_authority)
             and not exists (select from key k where k.kind = 'smime' and k.role = 'root' and k.fingerprint = chain[cardinality(chain)])
            then 'the organisation no longer trusts its authority'
    end;
$$;
revoke execute on function postseal.key_chain_lapse, postseal.key_places, postseal.key_lapse from public;
