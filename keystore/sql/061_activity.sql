-- Who brought which key, changed it, or took it away. Its addresses are told as they are when the transaction ends, or
-- as they were before the key goes.
create function postseal.key_addresses(which uuid) returns text language sql set search_path = postseal, pg_temp as $$
    select coalesce(string_agg(address, ', ' order by address), 'no address') from key_address where key = which;
$$;
create function postseal.key_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    shown key := coalesce(new, old);
    changes text;
begin
    if tg_op = 'UPDATE' then
        select string_agg(n.key || ': ' || coalesce(o.value, 'none') || ' became ' || coalesce(n.value, 'none'), '; ' order by n.key)
            into changes
            from jsonb_each_text(to_jsonb(new) - 'content') n join jsonb_each_text(to_jsonb(old) - 'content') o using (key)
            where n.value is distinct from o.value;
        if changes is null and new.content = old.content then
            return null;
        end if;
    end if;
    perform activity_add(null, null, 'key ' || case tg_op when 'INSERT' then 'imported' when 'DELETE' then 'deleted' else 'changed' end,
        shown.fingerprint,
        concat_ws(', ', shown.kind, shown.role, shown.owner, case when tg_op <> 'DELETE' then key_addresses(shown.id) end)
            || coalesce('; ' || changes, ''));
    return null;
end
$$;
create constraint trigger key_activity_made after insert on postseal.key deferrable initially deferred
    for each row execute function postseal.key_activity();
create trigger key_activity after update or delete on postseal.key for each row execute function postseal.key_activity();

create function postseal.key_upload_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        perform activity_add(old.address, null, 'key withdrawn', old.address, old.kind || ' ' || old.fingerprint);
    elsif tg_op = 'INSERT' or new.fingerprint <> old.fingerprint then
        perform activity_add(new.address, null, 'key uploaded', new.address, new.kind || ' ' || new.fingerprint);
    end if;
    return null;
end
$$;
create trigger key_upload_activity after insert or update or delete on postseal.key_upload
    for each row execute function postseal.key_upload_activity();

create function postseal.attestation_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform activity_add(new.author, null, 'trust stated', new.address,
                             new.kind || ' ' || new.subject || ', by ' || new.author || ': ' || new.how);
    elsif old.revoked_at is null and new.revoked_at is not null then
        perform activity_add(null, null, 'trust revoked', new.address,
                             new.kind || ' ' || new.subject || ', by ' || new.author || coalesce(': ' || new.revoked_because, ''));
    end if;
    return null;
end
$$;
create trigger attestation_activity after insert or update on postseal.attestation
    for each row execute function postseal.attestation_activity();

-- Keys as an auditor sees them: whose, since when, until when; never the private part.
create view postseal.keys as
    select k.kind, k.fingerprint, k.role, k.owner, array(select a.address from postseal.key_address a where a.key = k.id order by 1) as addresses,
           k.not_before, k.not_after, k.signs_until, k.cannot_encrypt, k.cannot_sign, k.pinned, k.imported_at, k.imported_by,
           exists (select from postseal.private_key p where p.key = k.id) as has_private_key
    from postseal.key k
    union all
    select kind, fingerprint, 'uploaded', owner, array[address], not_before, not_after, null, null, null, false, uploaded_at, address, false
    from postseal.key_upload;
grant select on postseal.keys to postseal_auditor;

comment on view postseal.keys is 'certificates and keys, without the private parts';
comment on column postseal.keys.kind is 'smime or pgp';
comment on column postseal.keys.fingerprint is 'by which the log names it';
comment on column postseal.keys.role is 'own, recipient, intermediate, root, or uploaded by its owner in the portal';
comment on column postseal.keys.owner is 'subject of the certificate, or first user ID';
comment on column postseal.keys.addresses is 'that it is used for';
comment on column postseal.keys.not_before is 'valid from';
comment on column postseal.keys.not_after is 'valid until; null: it does not expire';
comment on column postseal.keys.signs_until is 'signs until; null: it does not expire';
comment on column postseal.keys.cannot_encrypt is 'why nothing is encrypted to it; null: it may be';
comment on column postseal.keys.cannot_sign is 'why it signs nothing; null: it may';
comment on column postseal.keys.pinned is 'trusted by an administrator''s word, without a chain';
comment on column postseal.keys.imported_at is 'when it came here';
comment on column postseal.keys.imported_by is 'who brought it: a system user, or the owner';
comment on column postseal.keys.has_private_key is 'the organisation signs with it';
comment on table postseal.attestation is 'who vouches that a key or account belongs to an address';
comment on column postseal.attestation.id is 'identifier of the statement';
comment on column postseal.attestation.kind is 'of what: account, smime or pgp';
comment on column postseal.attestation.subject is 'fingerprint of the key, certificate or account key';
comment on column postseal.attestation.address is 'whose it is said to be';
comment on column postseal.attestation.author is 'who says so';
comment on column postseal.attestation.how is 'how they know';
comment on column postseal.attestation.made_at is 'when they said so';
comment on column postseal.attestation.revoked_at is 'when it was revoked; null: it stands';
comment on column postseal.attestation.revoked_because is 'why it was revoked';
