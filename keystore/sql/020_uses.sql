-- Certificates and keys often come in pairs, one for encryption and one for signatures (RFC 8550
-- §4.4.2): what each cannot do is said apart.
alter table postseal.key rename column problem to cannot_encrypt; -- why mail can never be encrypted to it, or null
alter table postseal.key
    add column cannot_sign text,          -- why it can never sign, or null
    add column signs_until timestamptz;   -- null: does not expire
update postseal.key set signs_until = not_after;
