-- The keys in the key files during a rotation (core/seal/rotation.h): each identified by its mark, which reveals
-- nothing about it. Keys that have never been rotated are not listed. The key that seals is set here, for all nodes at
-- once.
create table postseal.secret (
    name text not null check (name in ('master', 'courier')),
    mark text not null check (mark ~ '^[0-9a-f]{8}$'),
    state text not null check (state in (
        'prepared', -- in the key files; does not seal anything yet
        'in use',   -- seals
        'old',      -- opens what it sealed; what a program that does not know yet seals with it is accepted
        'closed',   -- opens; what it seals from now on is rejected
        'retired')), -- nothing needs it
    since timestamptz not null default clock_timestamp(),
    primary key (name, mark)
);
create unique index secret_in_use on postseal.secret (name) where state = 'in use';
create unique index secret_prepared on postseal.secret (name) where state = 'prepared';
create unique index secret_old on postseal.secret (name) where state in ('old', 'closed');

-- Which keys the programs on each node have: nothing sealed with a key may reach a program that lacks it.
create table postseal.secret_holder (
    name text not null,
    program text not null,
    node text not null,
    marks text[] not null,
    since timestamptz not null,
    primary key (node, name, program)
);

-- Programs then reread their key files.
create function postseal.secret_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_secret', '');
    return null;
end
$$;
create trigger secret_changed after insert or update on postseal.secret
    for each statement execute function postseal.secret_changed();

-- What a program reports when it has read its key file; the result is the mark of the key that seals, or null. This
-- call waits for a change in progress, and a change waits for this call: a program that reports before the change has
-- the key, or is known to lack it.
create function postseal.secret_announce(which text, of_program text, of_node text, held text[]) returns text
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform from secret where name = which for share;
    insert into secret_holder (name, program, node, marks, since) values (which, of_program, of_node, held, clock_timestamp())
    on conflict (node, name, program) do update set marks = excluded.marks, since = excluded.since;
    return (select mark from secret where name = which and state = 'in use');
end
$$;
revoke execute on function postseal.secret_announce from public;
grant execute on function postseal.secret_announce
    to postseal_milter, postseal_courier, postseal_portal, postseal_keeper;

-- Two keys become known: the one that has sealed so far, and the one that will. If called again, programs check again
-- whether they have it.
create function postseal.secret_prepare(which text, sealing text, prepared text) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    insert into secret (name, mark, state) values (which, sealing, 'in use') on conflict (name, mark) do nothing;
    insert into secret (name, mark, state) values (which, prepared, 'prepared') on conflict (name, mark) do nothing;
end
$$;

-- From now on the prepared key seals, provided that every program has it. False: some program does not.
create function postseal.secret_use(which text, prepared text) returns boolean
language plpgsql set search_path = postseal, pg_temp as $$
begin
    perform from secret where name = which for update;
    if exists (select from secret_holder where name = which and not prepared = any(marks)) then
        return false;
    end if;
    update secret set state = 'old', since = clock_timestamp() where name = which and state = 'in use';
    update secret set state = 'in use', since = clock_timestamp() where name = which and mark = prepared and state = 'prepared';
    if not found then
        raise exception 'the key % is not prepared', prepared;
    end if;
    return true;
end
$$;

-- Is anything sealed with a key with which nothing may be sealed any more? Volatile, so that it sees what was closed in
-- the meantime.
create function postseal.secret_is_closed(which text, sealed bytea) returns boolean
language plpgsql volatile security definer set search_path = postseal, pg_temp as $$
begin
    return exists (select from secret where name = which and state in ('closed', 'retired')
                   and mark = encode(substring(sealed for 4), 'hex'));
end
$$;
create function postseal.secret_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'sealed with a key that is no longer in use: the program has not heard of the new one yet';
end
$$;
