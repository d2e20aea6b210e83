-- Whom a statement is about may revoke it, whoever made it. Returns whether it was in force.
create function postseal.attestation_disown(of_id uuid, of_address text, why text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform trust_lock(of_address);
    insert into revoked (attestation, author, because)
        select id, of_address, why from attestation where id = of_id and address = of_address and revoked_at is null;
    return found;
end
$$;
revoke execute on function postseal.attestation_disown from public;
grant execute on function postseal.attestation_disown to postseal_portal;
