dnl # Puts Postseal in front of a Sendmail: see SENDMAIL in postseal-milter(8). In sendmail.mc, behind other
dnl # features and filters and before the definitions of mailers:
dnl #
dnl #	include(`/usr/share/postseal/postseal.m4')dnl
dnl #
dnl # Other places than these are defined before it.
ifdef(`POSTSEAL_MILTER',, `define(`POSTSEAL_MILTER', `unix:/run/postseal/milter.sock')')dnl
ifdef(`POSTSEAL_REINJECT',,
`define(`POSTSEAL_REINJECT', `Family=local, Addr=/run/postseal-sendmail/reinject.sock')')dnl
dnl # Every message is decided on, or stays where it is (F=T). A large one for many recipients takes its time (E).
INPUT_MAIL_FILTER(`postseal', `S=POSTSEAL_MILTER, F=T, T=C:30s;S:1m;R:1m;E:10m')dnl
dnl # What comes back from Postseal is decided on.
DAEMON_OPTIONS(`Name=postseal, POSTSEAL_REINJECT, InputMailFilters=')dnl
dnl # A message that comes back whole goes in plain to whoever was named as its sender.
ifdef(`confPRIVACY_FLAGS',, `define(`confPRIVACY_FLAGS', `authwarnings')')dnl
define(`confPRIVACY_FLAGS', defn(`confPRIVACY_FLAGS')`,nobodyreturn')dnl
dnl # Which mail of Postseal came in under which queue ID: where nobody heard the answer, the log tells.
PUSHDIVERT(6)dnl
Kpostseal syslog
POPDIVERT`'dnl
PUSHDIVERT(9)dnl
HReceived: $>+Postseal_row
SPostseal_row
R$*				$: $&{daemon_name} $| $1
Rpostseal $| by $+ id $- ; $*	$: $(postseal postseal-row:$2 $) $@ $2
POPDIVERT`'dnl
