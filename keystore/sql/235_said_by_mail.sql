-- What was revoked about a key does not come back with the next mail that is signed with it: whoever has the key can sign
-- another one, and anybody can send an old one again. Other grounds, such as an administrator's word, still make it anew.
alter table postseal.trust_ground add column by_mail boolean not null default false;
update postseal.trust_ground set by_mail = true where how in ('signed mail', 'autocrypt', 'attached');
comment on column postseal.trust_ground.by_mail is 'it is stated whenever mail comes in, but not once it was revoked';

create or replace function postseal.attest(new_id uuid, new_kind text, new_subject text, of_address text, new_author text,
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
          and not exists (select from attestation a join trust_ground g using (how)
                          where a.kind = new_kind and a.subject = new_subject and a.address = of_address
                              and a.author = new_author and a.revoked_at is not null
                              and (g.by_mail or a.revoked_by <> new_author)
                              and exists (select from trust_ground n where n.how = new_how and n.by_mail))
          and not exists (select from attestation where kind = new_kind and subject = new_subject and address = of_address
                              and author = new_author and how = new_how and revoked_at is null);
    return found;
end
$$;

-- With an upload, what its owner stated about it by uploading ends; what mail that they signed says about a key stands.
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
        where kind = new_kind and address = of_address and author = of_address and subject <> new_fingerprint
          and how = 'signed in' and revoked_at is null;
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
    select trust_lock(of_address);
    insert into revoked (attestation, author, because)
        select id, of_address, because from attestation
        where kind in ('smime', 'pgp') and address = of_address and author = of_address and how = 'signed in' and revoked_at is null;
    delete from key_upload where address = of_address;
$$;

-- Somebody with several addresses is one person: what follows a "+" in the local part leads to the same mailbox.
create function postseal.trust_person(address text) returns text
language sql immutable set search_path = postseal, pg_temp as $$
    select regexp_replace(address, '^([^+@"]+)\+.*@', '\1@');
$$;
create or replace function postseal.trust_has_colleagues(of_sender text, of_address text, of_kind text, of_subject text, wanted integer)
returns boolean language sql stable set search_path = postseal, pg_temp as $$
    select count(distinct trust_person(author)) >= wanted from (
        -- The index has them one after the other: with a limit, the rest need not be read.
        select distinct a.author from attestation a
        where a.address = of_address and a.kind = of_kind and a.how = 'unlock code' and a.author <> of_sender
          and (of_subject is null or a.subject = of_subject) and a.revoked_at is null
        limit wanted + 100) as others
    where trust_person(author) <> trust_person(of_sender);
$$;
