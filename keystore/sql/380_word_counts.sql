-- What an admin's word, or a key for a whole domain, adds to a certificate's own addresses counts wherever those do.

-- An employee's key is its owner's alone: no word makes it another's.
create or replace view postseal.key_by_word as
    select w.key, w.address from postseal.key_word w join postseal.key k on k.id = w.key
    where k.role = 'recipient'
      and exists (select from postseal.attestation t where t.kind = k.kind and t.subject = k.fingerprint and t.address = w.address
                      and t.how = 'administrator' and t.revoked_at is null);

-- Caches hear of it: those of the certificate's addresses, also by an admin's word; or all, for an authority's, and for one
-- that is for a whole domain.
create or replace function postseal.certificate_status_changed() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    addresses text[] := array(
        select a.address from key k join key_address a on a.key = k.id where k.kind = 'smime' and k.fingerprint = new.fingerprint
        union select w.address from key k join key_by_word w on w.key = k.id where k.kind = 'smime' and k.fingerprint = new.fingerprint
        union select address from key_found where kind = 'smime' and fingerprint = new.fingerprint
        union select address from key_upload where kind = 'smime' and fingerprint = new.fingerprint);
begin
    perform pg_notify('postseal_key', address) from unnest(addresses) address;
    if addresses = '{}' or exists (select from key k join key_domain d on d.key = k.id
                                   where k.kind = 'smime' and k.fingerprint = new.fingerprint) then
        perform pg_notify('postseal_key', '');
    end if;
    if new.state in ('held', 'revoked') then
        perform activity_add(null, null, case new.state when 'held' then 'certificate on hold' else 'certificate revoked' end,
                             coalesce(nullif(array_to_string(addresses, ' '), ''), new.owner),
                             'smime ' || new.fingerprint || ': ' || coalesce(new.why || ', ', '') || coalesce(new.evidence, ''));
    elsif old.state = 'held' then
        perform activity_add(null, null, 'certificate no longer on hold', coalesce(nullif(array_to_string(addresses, ' '), ''), new.owner),
                             'smime ' || new.fingerprint || ': ' || coalesce(new.evidence, ''));
    end if;
    return null;
end
$$;

create or replace view postseal.keys as
    select k.kind, k.fingerprint, k.role, k.owner,
           array(select a.address from postseal.key_address a where a.key = k.id
                 union select w.address from postseal.key_by_word w where w.key = k.id order by 1) as addresses,
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
comment on column postseal.keys.addresses is 'that it is used for; also those that it does not name, by an administrator''s word';
