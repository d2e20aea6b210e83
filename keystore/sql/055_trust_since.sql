-- A statement that was revoked does not come back by what its author had said before: only ground that arose after the
-- revocation, such as a code that was made since, makes it anew. Revocations under way are waited for, and wait.
create function postseal.attest(new_id uuid, new_kind text, new_subject text, of_address text, new_author text,
    new_how text, since timestamptz) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    lock table attestation in share row exclusive mode;
    insert into attestation (id, kind, subject, address, author, how)
        select new_id, new_kind, new_subject, of_address, new_author, new_how
        where not exists (select from attestation where kind = new_kind and address = of_address and author = new_author
                              and revoked_at >= since)
        on conflict (kind, subject, address, author) where revoked_at is null do nothing;
end
$$;
revoke execute on function postseal.attest from public;
grant execute on function postseal.attest to postseal_portal;
revoke insert on postseal.attestation from postseal_portal;
