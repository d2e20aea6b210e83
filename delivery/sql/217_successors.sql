-- Employees who have left and whose mail goes to this deputy in the end: where aliases are expanded before the milter, it
-- sees nobody else.
create function postseal.leavers_of(of_address text) returns setof text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select e.address from left_employee e where postseal.deputy_of(e.address) = of_address order by e.left_at desc limit 100;
$$;
revoke execute on function postseal.leavers_of from public;
grant execute on function postseal.leavers_of to postseal_milter;
