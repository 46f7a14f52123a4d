# Completion of hlbctl and hlbd for bash. hlbctl says itself what can follow; of hlbd it is read off
# its --help.

_hlbctl()
{
    local cur words cword offered
    _get_comp_words_by_ref -n := cur words cword || return
    mapfile -t offered < <("${words[0]}" complete "${words[@]:1:cword}" 2>/dev/null | cut -f 1)
    case ${offered[*]} in
        FILE) _filedir ;;
        DIR) _filedir -d ;;
        *)
            COMPREPLY=("${offered[@]}")
            __ltrim_colon_completions "$cur"
            ;;
    esac
} && complete -F _hlbctl hlbctl

_hlbd()
{
    local cur prev words cword split
    _init_completion -s || return
    case $prev in
        --config) _filedir toml ;;
        --programs-socket | --connections-socket) _filedir ;;
        --runtime-dir | --state-dir) _filedir -d ;;
        --bus) COMPREPLY=($(compgen -W 'system session none' -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W '$(_parse_help "$1")' -- "$cur")) ;;
    esac
} && complete -F _hlbd hlbd
