-- What changed with each policy that came into force, and who is known to have changed it. A program only knows that it
-- loaded a file, whose the file is and when it was written. Whoever means it to come into force can declare so
-- beforehand; then it is on record who, by which login, and why.

-- What a policy consists of: its configuration files, whose text is in policy_version, and the tables and logins it
-- reads from files, without comments. Of a large file, only the digest is kept.
create table postseal.policy_file (
    policy text not null references postseal.policy_version,
    number integer not null,
    path text not null,
    kind text not null check (kind in ('configuration', 'logins', 'table')),
    digest text,                          -- null of a configuration file: it may hold passwords
    entries integer,
    content text,
    primary key (policy, number)
);

alter table postseal.policy_in_force
    add column occasion text check (occasion in ('start', 'reload')),
    add column files jsonb;

create table postseal.policy_declaration (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    policy text not null references postseal.policy_version,
    actor text not null,
    login text not null default session_user,
    reason text
);
create index policy_declaration_policy on postseal.policy_declaration (policy);

create function postseal.policy_keep(digest text, content text, files jsonb) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into policy_version values (policy_keep.digest, policy_keep.content) on conflict do nothing;
    insert into policy_file (policy, number, path, kind, digest, entries, content)
        select policy_keep.digest, f.number, f.file ->> 'path', f.file ->> 'kind', f.file ->> 'digest',
               (f.file ->> 'entries')::integer, f.file ->> 'content'
        from jsonb_array_elements(files) with ordinality as f(file, number)
        on conflict do nothing;
$$;
revoke execute on function postseal.policy_keep from public;

-- Programs of the release before give only the first four.
drop function postseal.policy_put(text, text, text, text);
create function postseal.policy_put(digest text, content text, program text, node text, occasion text default null,
                                    files jsonb default null) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform policy_keep(policy_put.digest, policy_put.content, policy_put.files);
    insert into policy_in_force (digest, program, node, occasion, files)
        select policy_put.digest, policy_put.program, policy_put.node, policy_put.occasion,
               (select jsonb_agg(f.file - 'content' order by f.number)
                from jsonb_array_elements(policy_put.files) with ordinality as f(file, number))
        where policy_put.digest is distinct from
            (select f.digest from policy_in_force f
             where f.program = policy_put.program and f.node = policy_put.node order by f.id desc limit 1);
end
$$;
revoke execute on function postseal.policy_put from public;
grant execute on function postseal.policy_put to postseal_milter, postseal_portal;

create function postseal.policy_declare(digest text, content text, files jsonb, reason text) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    perform policy_keep(digest, content, files);
    insert into policy_declaration (policy, actor, reason)
        values (digest, coalesce(nullif(current_setting('postseal.actor', true), ''), session_user), policy_declare.reason);
end
$$;
revoke execute on function postseal.policy_declare from public;

-- Lines removed and added on the way from one text to the other, in order: the fewest (the longest common
-- subsequence). Where that would take too long, all between the first and the last difference.
create function postseal.lines_changed(former text, latter text) returns table (line integer, change text, content text)
language plpgsql immutable set search_path = postseal, pg_temp as $$
declare
    a text[] := string_to_array(former, E'\n');
    b text[] := string_to_array(latter, E'\n');
    na integer := coalesce(array_length(a, 1), 0);
    nb integer := coalesce(array_length(b, 1), 0);
    head integer := 0;
    wide integer;
    common integer[];
    i integer := 0;
    j integer := 0;
begin
    while head < least(na, nb) and a[head + 1] = b[head + 1] loop
        head := head + 1;
    end loop;
    while least(na, nb) > head and a[na] = b[nb] loop
        na := na - 1;
        nb := nb - 1;
    end loop;
    na := na - head;
    nb := nb - head;
    wide := nb + 1;
    if na::bigint * nb <= 1000000 then
        -- common[i * wide + j + 1]: how many lines a after i and b after j have in common
        common := array_fill(0, array[(na + 1) * wide]);
        for i in reverse na - 1 .. 0 loop
            for j in reverse nb - 1 .. 0 loop
                common[i * wide + j + 1] := case when a[head + i + 1] = b[head + j + 1] then common[(i + 1) * wide + j + 2] + 1
                    else greatest(common[(i + 1) * wide + j + 1], common[i * wide + j + 2]) end;
            end loop;
        end loop;
    end if;
    while i < na or j < nb loop
        if common is not null and i < na and j < nb and a[head + i + 1] = b[head + j + 1] then
            i := i + 1;
            j := j + 1;
        elsif i < na and (j = nb or common is null or common[(i + 1) * wide + j + 1] >= common[i * wide + j + 2]) then
            i := i + 1;
            line := head + i; change := 'removed'; content := a[line];
            return next;
        else
            j := j + 1;
            line := head + j; change := 'added'; content := b[line];
            return next;
        end if;
    end loop;
end
$$;
revoke execute on function postseal.lines_changed from public;

-- What differs between two policies. The order of rules counts, that of entries in a table does not.
create function postseal.policy_difference(former text, latter text)
returns table (file text, line integer, change text, content text)
language sql stable security definer set search_path = postseal, pg_temp as $$
    with entry as (
        select f.policy, f.path, e.line, btrim(e.content) as content,
               row_number() over (partition by f.policy, f.path, btrim(e.content) order by e.line) as time
        from policy_file f cross join lateral regexp_split_to_table(f.content, '\n') with ordinality as e(content, line)
        where f.policy in (former, latter) and f.kind <> 'configuration' and btrim(e.content) <> ''),
    one as (select * from policy_file where policy = former and kind <> 'configuration'),
    other as (select * from policy_file where policy = latter and kind <> 'configuration'),
    known as (select count(distinct policy) = case when former = latter then 1 else 2 end as both_are
              from policy_file where policy in (former, latter))
    select d.file, d.line, d.change, d.content from (
        select 1 as place, 'postseal.conf' as file, l.line, l.change, l.content, row_number() over () as number
        from policy_version a, policy_version b, lateral lines_changed(a.content, b.content) l
        where a.digest = former and b.digest = latter and btrim(l.content) <> ''
        union all
        select 2, coalesce(x.path, y.path), coalesce(y.line, x.line)::integer,
               case when x.path is null then 'added' else 'removed' end, coalesce(x.content, y.content), 0
        from (select * from entry where policy = former) x
             full join (select * from entry where policy = latter) y
             on x.path = y.path and x.content = y.content and x.time = y.time, known
        where both_are and (x.path is null or y.path is null)
          and not exists (select from policy_file large where large.policy in (former, latter)
                          and large.path = coalesce(x.path, y.path) and large.content is null and large.kind <> 'configuration')
        union all
        select 2, path, null, 'changed',
               format('from %s to %s', coalesce(o.entries || ' entries, ' || left(o.digest, 12), 'no such file'),
                      coalesce(n.entries || ' entries, ' || left(n.digest, 12), 'no such file')), 0
        from one o full join other n using (path), known
        where both_are and o.digest is distinct from n.digest
          and (o.policy is not null and o.content is null or n.policy is not null and n.content is null)
        union all
        select 3, null, null, 'not on record', 'what was in the tables of one of the two, or who might send as whom', 0
        from known where not both_are and former <> latter) d
    order by d.place, d.file, d.number, d.line, d.change desc;
$$;
revoke execute on function postseal.policy_difference from public;
grant execute on function postseal.policy_difference to postseal_auditor;

create or replace view postseal.policies as
    select f.at as since, lead(f.at) over run as until, f.program, f.node, f.digest, v.content, f.occasion, last.path as file,
           last.owner as file_owner, last.changed_at as file_changed_at, d.actor as declared_by, d.login as declared_login,
           d.at as declared_at, d.reason as declared_because, f.files, f.former
    from (select p.*, lag(p.digest) over r as former, lag(p.at) over r as former_at
          from postseal.policy_in_force p window r as (partition by p.program, p.node order by p.id)) f
    join postseal.policy_version v on v.digest = f.digest
    left join lateral (select l.path, l.owner, l.changed_at
                       from jsonb_to_recordset(f.files) as l(path text, owner text, changed_at timestamptz)
                       order by l.changed_at desc limit 1) last on true
    -- A declaration is about the next time at which the policy comes into force, not about all times.
    left join lateral (select * from postseal.policy_declaration s
                       where s.policy = f.digest and s.at <= f.at and s.at >= coalesce(f.former_at, '-infinity')
                       order by s.id desc limit 1) d on true
    window run as (partition by f.program, f.node order by f.id);

create view postseal.policy_changes as
    select p.since, p.program, p.node, p.former, p.digest, d.file, d.line, d.change, d.content
    from postseal.policies p cross join lateral postseal.policy_difference(p.former, p.digest) d
    where p.former is not null;
grant select on postseal.policy_changes to postseal_auditor;

comment on column postseal.policies.occasion is 'start or reload of the program; null: an earlier release did not say';
comment on column postseal.policies.file is 'of its files, the one that was written last';
comment on column postseal.policies.file_owner is 'the system user who owns that file: not necessarily who wrote it';
comment on column postseal.policies.file_changed_at is 'when that file was written';
comment on column postseal.policies.declared_by is
    'who declared beforehand that it was to come into force (postseal policy declare); null: nobody did, so nobody is known';
comment on column postseal.policies.declared_login is 'the database role that the declaration came by';
comment on column postseal.policies.declared_at is 'when it was declared';
comment on column postseal.policies.declared_because is 'the reason that was given';
comment on column postseal.policies.files is 'each of its files: path, kind, owner, time, digest and number of entries';
comment on column postseal.policies.former is 'digest of the policy that it replaced; null: the first';
comment on view postseal.policy_changes is 'a row for each line that a policy changed when it came into force';
comment on column postseal.policy_changes.since is 'when the policy came into force';
comment on column postseal.policy_changes.program is 'for which program';
comment on column postseal.policy_changes.node is 'on which machine';
comment on column postseal.policy_changes.former is 'digest of the policy that was replaced';
comment on column postseal.policy_changes.digest is 'digest of the policy that came into force';
comment on column postseal.policy_changes.file is
    'the table or logins that changed, or postseal.conf with the files that it includes';
comment on column postseal.policy_changes.line is 'its number: in the former text, if it was removed';
comment on column postseal.policy_changes.change is 'added or removed; changed, for a large file; or not on record';
comment on column postseal.policy_changes.content is 'the line, without passwords and comments';

-- Tables name people. What was in them is deleted with the record of the time at which it counted.
alter table postseal.record_deletion add column policies bigint not null default 0;
comment on column postseal.record_deletion.policies is 'how many policies lost what was in their tables';

create function postseal.policy_files_delete(past timestamptz) returns bigint language plpgsql
set search_path = postseal, pg_temp as $$
declare
    deleted bigint;
begin
    if exists (select from holds where released_at is null) then
        return 0;
    end if;
    with gone as (
        delete from policy_file f
        where exists (select from policies p where p.digest = f.policy)
          and not exists (select from policies p where p.digest = f.policy and (p.until is null or p.until >= past))
          and not exists (select from policy_declaration d where d.policy = f.policy and d.at >= past)
        returning f.policy)
    select count(distinct policy) into deleted from gone;
    return deleted;
end
$$;
revoke execute on function postseal.policy_files_delete from public;

create or replace function postseal.record_delete(which uuid[], years integer, most integer) returns boolean language plpgsql
set search_path = postseal, pg_temp as $$
declare
    gone uuid[];
    done record_deletion;
    acts timestamptz[];
begin
    done.before := record_end(years);
    with deleted as (
        delete from message m where m.id = any(which) and m.offered_at < done.before and not message_is_held(m.id)
        returning m.id, m.offered_at)
    select array_agg(id), min(offered_at), max(offered_at), count(*) into gone, done.oldest, done.newest, done.messages from deleted;
    delete from reading where message = any(gone);
    get diagnostics done.readings = row_count;
    delete from event where message = any(gone);
    get diagnostics done.events = row_count;
    delete from copy where message = any(gone);
    get diagnostics done.copies = row_count;
    with deleted as (
        delete from activity where id in (
            select a.id from activity a
            where a.at < done.before and not is_held(a.subject) and not is_held(a.actor) limit most)
        returning at)
    select array_agg(at) into acts from deleted;
    done.activities := coalesce(array_length(acts, 1), 0);
    done.policies := policy_files_delete(done.before);
    if done.messages + done.activities + done.policies > 0 then
        insert into record_deletion (setting, before, oldest, newest, messages, copies, events, readings, activities, policies)
        select format('record years %s', years), done.before, coalesce(least(done.oldest, min(a)), done.before),
               coalesce(greatest(done.newest, max(a)), done.before),
               done.messages, done.copies, done.events, done.readings, done.activities, done.policies
        from unnest(acts) as a;
    end if;
    return done.activities = most;
end
$$;
