-- The record is kept for as long as the organisation says (setting: record years), and each deletion is itself
-- recorded: for what period, how much, and under which setting.
create table postseal.record_deletion (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    setting text not null,
    before timestamptz not null,
    oldest timestamptz not null,
    newest timestamptz not null,
    messages bigint not null,
    copies bigint not null,
    events bigint not null,
    readings bigint not null,
    activities bigint not null,
    login text not null default session_user
);
grant select on postseal.record_deletion to postseal_auditor;

-- One year is the minimum, whoever asks.
create function postseal.record_end(years integer) returns timestamptz language plpgsql stable
set search_path = postseal, pg_temp as $$
begin
    if years is null or years < 1 then
        raise exception 'the record is kept for a year at least' using errcode = 'PS005';
    end if;
    return now() - make_interval(years => years);
end
$$;

-- Deletes these messages and all that is known about them, and the given number of rows of activity, unless they are
-- too young or on hold; returns whether there is more activity to delete. The caller has locked legal_hold.
create function postseal.record_delete(which uuid[], years integer, most integer) returns boolean language plpgsql
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
    if done.messages + done.activities > 0 then
        insert into record_deletion (setting, before, oldest, newest, messages, copies, events, readings, activities)
        select format('record years %s', years), done.before, least(done.oldest, min(a)), greatest(done.newest, max(a)),
               done.messages, done.copies, done.events, done.readings, done.activities
        from unnest(acts) as a;
    end if;
    return done.activities = most;
end
$$;
revoke execute on function postseal.record_end, postseal.record_delete from public;

comment on table postseal.record_deletion is 'what of the record was deleted when its time was over';
comment on column postseal.record_deletion.id is 'in the order in which it was done';
comment on column postseal.record_deletion.at is 'when it was deleted';
comment on column postseal.record_deletion.setting is 'that said so, as it was in force';
comment on column postseal.record_deletion.before is 'what is older than this was deleted';
comment on column postseal.record_deletion.oldest is 'of what was deleted: when it was put down';
comment on column postseal.record_deletion.newest is 'of what was deleted: when it was put down';
comment on column postseal.record_deletion.messages is 'how many messages';
comment on column postseal.record_deletion.copies is 'how many decisions, a row of the log each';
comment on column postseal.record_deletion.events is 'how many events of those messages';
comment on column postseal.record_deletion.readings is 'how many openings and downloads of those messages';
comment on column postseal.record_deletion.activities is 'how many rows of what people did';
comment on column postseal.record_deletion.login is 'the database role that it came by';
