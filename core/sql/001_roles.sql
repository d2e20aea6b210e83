-- One role for each program, with no more rights than its duty needs. They have no
-- password: a program logs in as the system user of the same name (peer authentication),
-- or the database URL says how.
do $$
declare
    name text;
begin
    foreach name in array array['postseal_milter', 'postseal_courier', 'postseal_portal', 'postseal_keeper',
                                'postseal_auditor']
    loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I login', name);
        end if;
        execute format('grant usage on schema postseal to %I', name);
    end loop;
end
$$;

revoke all on schema postseal from public;
grant select on postseal.migration to postseal_milter, postseal_courier, postseal_portal,
    postseal_keeper;
