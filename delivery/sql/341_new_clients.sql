-- An application password was used from a network for the first time: its owner is told. postseal-pop has no keys and
-- writes no mail; it leaves a row here, which the courier turns into one.
create table postseal.new_client (
    id bigint generated always as identity primary key,
    account uuid not null references postseal.account on delete cascade,
    password text not null,
    network text not null,
    at timestamptz not null default now()
);
comment on table postseal.new_client is 'mail programs that signed in from a network for the first time, until their owner was told';
comment on column postseal.new_client.id is 'in the order in which they came';
comment on column postseal.new_client.account is 'the account that was opened';
comment on column postseal.new_client.password is 'what the owner calls the application password that was used';
comment on column postseal.new_client.network is 'the network that it was used from';
comment on column postseal.new_client.at is 'when it was used';
grant select, update, delete on postseal.new_client to postseal_courier;
grant select (shown) on postseal.account to postseal_courier;

create function postseal.new_client_add(of_account uuid, of_password text, from_network text) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into new_client (account, password, network) values (of_account, of_password, from_network)
$$;
revoke execute on function postseal.new_client_add from public;
grant execute on function postseal.new_client_add to postseal_portal;
