-- The private keys of people who have left: no program can use them, and an admin can restore them. Nor does anyone
-- encrypt to them, since nobody would read the mail.
alter table postseal.key drop constraint key_role_check;
alter table postseal.key add constraint key_role_check
    check (role in ('recipient', 'own', 'intermediate', 'root', 'retired'));

create table postseal.retired_key (
    key uuid primary key references postseal.key on delete cascade,
    address text not null,                -- of whoever left
    sealed bytea not null                 -- as in private_key
);

create function postseal.keys_retire(of_address text) returns setof postseal.key
language plpgsql set search_path = postseal, pg_temp as $$
begin
    with gone as (
        delete from private_key p using key k, key_address a
        where k.id = p.key and k.role = 'own' and a.key = k.id and a.address = of_address
        returning p.key, p.sealed)
    insert into retired_key (key, address, sealed) select key, of_address, sealed from gone;
    return query update key k set role = 'retired' from retired_key r
        where r.key = k.id and r.address = of_address and k.role = 'own' returning k.*;
end
$$;
revoke execute on function postseal.keys_retire from public;

create function postseal.keys_return(of_address text) returns setof postseal.key
language plpgsql set search_path = postseal, pg_temp as $$
begin
    insert into private_key (key, sealed)
        select r.key, r.sealed from retired_key r join key k on k.id = r.key where r.address = of_address and k.role = 'retired'
        on conflict (key) do nothing;
    return query update key k set role = 'own' from retired_key r
        where r.key = k.id and r.address = of_address and k.role = 'retired' returning k.*;
    delete from retired_key where address = of_address;
end
$$;
revoke execute on function postseal.keys_return from public;
