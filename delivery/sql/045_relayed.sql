-- Who asked for a delivery status notification of success (RFC 3461) is told when the copy is parked: the mail system's
-- part ends there. What a receipt tells of outlives the parcel.
alter table postseal.receipt drop constraint receipt_what_check;
alter table postseal.receipt add constraint receipt_what_check
    check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted'));
alter table postseal.receipt drop constraint receipt_parcel_fkey;
alter table postseal.receipt
    add column envid text,                -- DSN parameters of MAIL and RCPT
    add column orcpt text;
grant insert on postseal.receipt to postseal_milter;
