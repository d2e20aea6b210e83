# Completion of postseal(8) for bash. Commands and options are asked of the program itself.

_postseal_commands() {
	postseal --help 2>/dev/null | sed -n 's/^  \([a-z].*\)/\1/p' | sed 's/  .*//'
}

# $1: the command's words, $2: what is being written.
_postseal_arguments() {
	local usage
	# shellcheck disable=SC2086 # words
	usage=$(postseal $1 --help 2>/dev/null | head -n 1)
	case $2 in
	-*) mapfile -t COMPREPLY < <(compgen -W "--help $(grep -o -E -- '--[a-z][a-z-]*' <<<"$usage")" -- "$2") ;;
	*) [[ $usage != *FILE* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

_postseal() {
	local current=${COMP_WORDS[COMP_CWORD]} before="" commands command next="" i at=1
	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-f | --password-file)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	[ "${COMP_WORDS[1]}" != -f ] || at=3
	commands=$(_postseal_commands)
	for ((i = at; i < COMP_CWORD; i++)); do
		before+=${before:+ }${COMP_WORDS[i]}
		if grep -q -x -F -e "$before" <<<"$commands"; then
			_postseal_arguments "$before" "$current"
			return
		fi
	done
	while read -r command; do
		[[ $command == "$before"* ]] || continue
		command=${command#"$before"}
		command=${command# }
		next+=" ${command%% *}"
	done <<<"$commands"
	[[ $current != -* ]] || next="-f --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$next" -- "$current" | sort -u)
}

complete -o filenames -F _postseal postseal
