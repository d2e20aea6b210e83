-- Keys that were made here for an employee and that another authority is to certify: the private half waits, wrapped by the
-- master key, until the certificate is there.
create table postseal.key_request (
    id uuid primary key,
    address text not null unique,         -- folded
    request bytea not null,               -- PKCS#10 (RFC 2986)
    imprint text not null unique,         -- SHA-256 of the public key, by which its certificate is known
    sealed bytea not null,
    requested_at timestamptz not null default now(),
    requested_by text not null
);
create trigger key_request_closed before insert or update of sealed on postseal.key_request for each row
    when (postseal.secret_is_closed('master', new.sealed)) execute function postseal.secret_refuse();
create or replace function postseal.private_keys_settle() returns void language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table private_key, retired_key, ca, key_request in share mode;
end
$$;

-- --- for the keeper ---

create function postseal.key_request_add(new_id uuid, of_address text, new_request bytea, new_imprint text, new_sealed bytea,
    actor text) returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    delete from key_request where address = of_address;
    insert into key_request (id, address, request, imprint, sealed, requested_by)
        values (new_id, of_address, new_request, new_imprint, new_sealed, actor);
    perform activity_add(actor, null, 'key requested', of_address, 'smime');
end
$$;
-- The certificate, which was imported before, is one of ours.
create function postseal.key_request_end(which uuid, of_fingerprint text, new_sealed bytea, actor text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    answered key_request;
    key_id uuid;
begin
    delete from key_request where id = which returning * into answered;
    update key set role = 'own' where kind = 'smime' and fingerprint = of_fingerprint and role not in ('root', 'retired')
        returning id into key_id;
    if answered.id is null or key_id is null then
        return false;
    end if;
    insert into private_key (key, sealed) values (key_id, new_sealed) on conflict (key) do nothing;
    perform activity_add(actor, null, 'key certified', answered.address, 'smime ' || of_fingerprint);
    return true;
end
$$;
revoke execute on function postseal.key_request_add, postseal.key_request_end from public;
grant execute on function postseal.key_request_add, postseal.key_request_end to postseal_keeper;
grant select on postseal.key_request to postseal_keeper;
