-- Many tries that count together with the rest of a transaction, or not at all.
create function postseal.throttle_take_many(limited text, by_whom bytea, many bigint, most bigint, seconds bigint) returns void
language plpgsql set search_path = postseal, pg_temp as $$
declare
    taken bigint;
begin
    insert into throttle as t (what, whom, count, until)
    values (limited, by_whom, many, now() + seconds * interval '1 second')
    on conflict (what, whom) do update
        set count = case when t.until <= now() then excluded.count else t.count + excluded.count end,
            until = case when t.until <= now() then excluded.until else t.until end
    returning count into taken;
    if taken > most then
        raise exception 'the limit "%" is reached: % of %', limited, taken, most using errcode = 'PS344';
    end if;
end
$$;
revoke execute on function postseal.throttle_take_many from public;
grant execute on function postseal.throttle_take_many to postseal_portal;
