/** What each shell has to evaluate so that TAB asks calicoctl itself. Pure. */

/** By the name of the shell. */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: `# bash completion for calicoctl: source <(calicoctl completion bash)
_calicoctl() {
  local line words="\${COMP_LINE:0:COMP_POINT}" current="\${COMP_WORDS[COMP_CWORD]}" prefix=""
  local -a args
  # The shell cuts words at = and : too; calicoctl wants them whole.
  read -r -a args <<<"$words"
  [[ $words == *[[:space:]] ]] && args+=("")
  local whole="\${args[-1]}"
  [[ $whole == *[=:]* ]] && prefix="\${whole%"\${whole##*[=:]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      local file="\${whole#"$prefix"}"
      while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$file")
    else
      [[ $line == *= ]] && compopt -o nospace 2>/dev/null
      COMPREPLY+=("\${line#"$prefix"}")
    fi
  done < <("\${COMP_WORDS[0]}" __complete "\${args[@]:1}" 2>/dev/null)
}
complete -F _calicoctl calicoctl
`,
  zsh: `#compdef calicoctl
# zsh completion for calicoctl: source <(calicoctl completion zsh), after compinit
_calicoctl() {
  local line
  local -a found open
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      _files
    elif [[ $line == *= ]]; then
      open+=("$line")
    else
      found+=("$line")
    fi
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && compadd -- "\${found[@]}"
  (( \${#open} )) && compadd -S '' -- "\${open[@]}"
}
compdef _calicoctl calicoctl
`,
  fish: `# fish completion for calicoctl: calicoctl completion fish | source
function __calicoctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c calicoctl -f -a '(__calicoctl_complete)'
`,
};
