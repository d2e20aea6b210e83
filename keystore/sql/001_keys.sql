-- Certificates and OpenPGP keys, and the addresses they are for.

create table postseal.key (
    id uuid primary key,
    kind text not null check (kind in ('smime', 'pgp')),
    fingerprint text not null,            -- SHA-256 of a certificate; OpenPGP fingerprint
    role text not null check (role in ('recipient', 'own', 'intermediate', 'root')),
    content bytea not null,               -- DER, or binary OpenPGP
    owner text not null,                  -- subject or first user ID, for people to read
    not_before timestamptz,
    not_after timestamptz,                -- null: does not expire
    pinned boolean not null default false, -- trusted by the admin without a chain
    capabilities text[] not null default '{}', -- 'gcm', 'oaep'
    problem text,                         -- why it can never be used, or null
    imported_at timestamptz not null default now(),
    imported_by text not null,
    unique (kind, fingerprint)
);

create table postseal.key_address (
    key uuid not null references postseal.key on delete cascade,
    address text not null,
    primary key (address, key)
);
create index key_address_key on postseal.key_address (key);

-- Private keys, each wrapped by the master key, which is not in the database.
create table postseal.private_key (
    key uuid primary key references postseal.key on delete cascade,
    sealed bytea not null
);

-- Caches hear of every change: the address, or '' when everything may have changed.
create function postseal.key_address_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_key', coalesce(new.address, old.address));
    return null;
end
$$;
create trigger key_address_changed after insert or update or delete on postseal.key_address
    for each row execute function postseal.key_address_changed();
create function postseal.key_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_key', '');
    return null;
end
$$;
create trigger key_changed after update or delete on postseal.key
    for each row execute function postseal.key_changed();
create trigger authority_added after insert on postseal.key
    for each row when (new.role in ('root', 'intermediate'))
    execute function postseal.key_changed();

-- Only the keeper sees private keys, and only it can open them.
grant select on postseal.key, postseal.key_address to postseal_milter;
grant select on postseal.key, postseal.private_key to postseal_keeper;
