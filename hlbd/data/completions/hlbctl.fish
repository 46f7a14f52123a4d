# Completion of hlbctl for fish. hlbctl says itself what can follow.

function __hlbctl_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] complete $words[2..] "$word" 2>/dev/null)
        switch $line
            case FILE
                __fish_complete_path $word
            case DIR
                __fish_complete_directories $word
            case '*'
                echo $line
        end
    end
end

complete -c hlbctl -f -a '(__hlbctl_complete)'
