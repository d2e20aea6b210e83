-- login.key is rotated like the others. Nothing in the database is sealed with it: it seals notes in mail between the
-- two passes through the MTA, which expire.
alter table postseal.secret drop constraint secret_name_check;
alter table postseal.secret add constraint secret_name_check check (name in ('master', 'courier', 'login'));

-- The keys that are not believed any more, whichever files still contain them. Volatile, so that it sees what was
-- retired while secret_announce() waited.
create function postseal.secret_retired(which text) returns setof text
language sql volatile security definer set search_path = postseal, pg_temp as $$
    select mark from secret where name = which and state = 'retired'
$$;
revoke execute on function postseal.secret_retired from public;
grant execute on function postseal.secret_retired
    to postseal_milter, postseal_courier, postseal_portal, postseal_keeper;
