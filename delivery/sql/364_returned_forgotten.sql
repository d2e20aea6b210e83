-- Who is to be told if a copy is returned (sql/370_returned.sql) is forgotten when it cannot be returned any more: after as
-- long as the outbox and the MTA, one after the other, may try. A copy that has arrived is kept until then, too: who took it
-- may return it later. The identifiers begin with the time (RFC 9562 §5.7), so the primary key finds them.
create function postseal.returned_forget(lifetime interval) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    milliseconds bigint := 1000 * extract(epoch from now() - 2 * lifetime - interval '1 day');
begin
    delete from tell_returned where copy < (lpad(to_hex(milliseconds), 12, '0') || repeat('0', 20))::uuid;
end
$$;
revoke execute on function postseal.returned_forget from public;
grant execute on function postseal.returned_forget to postseal_courier;
