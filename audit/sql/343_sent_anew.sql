-- Whether a member's mail program heard that its message was sent, nobody tells: the program may send the same message
-- once more for that reason alone, or somebody sends it again on purpose. While all who were to get it have it, or will,
-- it is the same. Once that is no longer so for one of them, or a day later, it is another message.
create function postseal.offer_end_if_past(which bytea) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    delete from offer o
    where o.identity = which
      and (o.offered_at < now() - interval '1 day'
           or exists (select from copy c
                      where c.message = o.message and c.state not in ('queued', 'handed', 'sent', 'parked', 'opened')))
$$;

create function postseal.offer_repeated(which bytea) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into event (message, what, detail)
    select message, 'offered again', 'the same message was sent once more' from offer where identity = which
$$;
revoke execute on function postseal.offer_end_if_past, postseal.offer_repeated from public;
grant execute on function postseal.offer_end_if_past, postseal.offer_repeated to postseal_portal;
