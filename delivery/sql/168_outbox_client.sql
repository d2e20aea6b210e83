-- A copy of a message from outside is handed to the MTA in the name of its client, so that milters that sign what comes
-- from this machine do not sign what somebody else wrote.
alter table postseal.outbox add column client inet;    -- null: it is from inside
