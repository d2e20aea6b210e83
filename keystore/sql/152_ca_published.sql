-- What the portal publishes of the company's own keys: nothing secret, and only by its exact name.

-- Web Key Directory: each employee's address with an OpenPGP key, by the hash under which it is asked for.
create table postseal.ca_directory (
    address text primary key,             -- folded
    domain text not null,
    hash text not null                    -- of the local part: SHA-1 in z-base-32
);
create index ca_directory_hash on postseal.ca_directory (domain, hash);
create function postseal.ca_directory_put(of_address text, of_domain text, by_hash text) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into ca_directory (address, domain, hash) values (of_address, of_domain, by_hash) on conflict do nothing;
$$;
revoke execute on function postseal.ca_directory_put from public;
grant execute on function postseal.ca_directory_put to postseal_keeper;
grant select on postseal.ca_directory to postseal_keeper;

-- The keeper, which knows the hash, hears of new keys, issued or imported.
create function postseal.ca_directory_missing() returns setof text language sql stable security definer
set search_path = postseal, pg_temp as $$
    select distinct a.address from key k join key_address a on a.key = k.id
    where k.kind = 'pgp' and k.role = 'own' and not exists (select from ca_directory d where d.address = a.address) limit 1000;
$$;
revoke execute on function postseal.ca_directory_missing from public;
grant execute on function postseal.ca_directory_missing to postseal_keeper;
create trigger ca_own_key_added after insert on postseal.private_key for each statement
    execute function postseal.ca_changed();

-- Keys in use, and those that are revoked, with their revocation.
create function postseal.ca_directory_find(of_domain text, by_hash text) returns table (address text, content bytea)
language sql stable security definer set search_path = postseal, pg_temp as $$
    select d.address, k.content from ca_directory d join key_address a on a.address = d.address join key k on k.id = a.key
        left join ca_issued i on i.kind = k.kind and i.fingerprint = k.fingerprint
    where d.domain = of_domain and d.hash = by_hash and k.kind = 'pgp' and k.cannot_encrypt is null
      and (k.role = 'own' or k.role = 'retired' and i.published_at is not null)
    order by k.role, k.not_before desc limit 20;
$$;
create function postseal.ca_certificate_find(which text) returns bytea
language sql stable security definer set search_path = postseal, pg_temp as $$
    select certificate from ca where id::text = which;
$$;
create function postseal.ca_crl_find(which text) returns bytea
language sql stable security definer set search_path = postseal, pg_temp as $$
    select content from ca_crl where ca::text = which;
$$;
revoke execute on function postseal.ca_directory_find, postseal.ca_certificate_find, postseal.ca_crl_find from public;
grant execute on function postseal.ca_directory_find, postseal.ca_certificate_find, postseal.ca_crl_find to postseal_portal;

-- Whoever asks our own authority's lists asks ourselves: what is revoked here is not used anyway.
create or replace function postseal.ca_put_authority(new_id uuid, new_fingerprint text, new_role text, new_content bytea,
    new_owner text, new_not_before timestamptz, new_not_after timestamptz, actor text)
returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if new_role <> 'root' then
        raise exception 'not an authority';
    end if;
    insert into key (id, kind, fingerprint, role, content, owner, not_before, not_after, signs_until, imported_by, trust, revocation)
        values (new_id, 'smime', new_fingerprint, new_role, new_content, new_owner, new_not_before, new_not_after,
                new_not_after, actor, 'organisation', 'off');
end
$$;
