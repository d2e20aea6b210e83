-- Which policy was in force when, on which node, for which program: also where an older one came back.
create table postseal.policy_in_force (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    digest text not null references postseal.policy_version,
    program text not null,
    node text not null
);
create index policy_in_force_of on postseal.policy_in_force (program, node, id desc);

-- The one way to put a policy on record, before it is in force. A program that starts again with the same one
-- changes nothing.
create function postseal.policy_put(digest text, content text, program text, node text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    insert into policy_version values (policy_put.digest, policy_put.content) on conflict do nothing;
    insert into policy_in_force (digest, program, node)
        select policy_put.digest, policy_put.program, policy_put.node
        where policy_put.digest is distinct from
            (select f.digest from policy_in_force f
             where f.program = policy_put.program and f.node = policy_put.node order by f.id desc limit 1);
end
$$;
revoke execute on function postseal.policy_put from public;
grant execute on function postseal.policy_put to postseal_milter, postseal_portal;
revoke insert on postseal.policy_version from postseal_milter, postseal_portal;
grant select on postseal.policy_in_force to postseal_auditor;

-- Earlier releases kept the file as it was, with the database's password and the SMS hook's token. What is not in
-- force, a comment, is no longer kept either: it may hold an old one. The digests stay those of the whole file.
update postseal.policy_version set content =
    regexp_replace(
    regexp_replace(content, '^((?:database|sms)\s+)"(?:\\.|[^"\\])*"', '\1"***"', 'gn'),
    '^\s*#[^\n]*$', '#', 'gn');
