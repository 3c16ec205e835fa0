# bash completion for vmspawn
# Generated from schema/vmspawn.schema.json; refresh with: cmake --build BUILD --target refresh

_vmspawn_verbs='run check show diff explain plan export host list status logs console stop reboot kill wait events ssh ssh-proxy timeline schema completion init help'
_vmspawn_settings='--machine= --uuid= --arch= --cpus= --ram= --kvm= --smbios11= --image= --directory= --image-format= --image-disk-type= --discard-disk= --grow-image= --ephemeral --private-users= --linux= --initrd= --unpack-kernel= --firmware= --firmware-features= --secure-boot= --efi-nvram-template= --efi-nvram-state= --coco= --tpm= --tpm-state= --vsock= --vsock-cid= --vsock-backend= --network-tap --network-user-mode --network-backend= --forward= --mac= --bind= --bind-ro= --extra-drive= --bind-user= --bind-user-shell= --bind-user-group= --set-credential= --load-credential= --pass-ssh-key= --ssh-key-type= --forward-journal= --forward-journal-max-use= --forward-journal-keep-free= --forward-journal-max-file-size= --forward-journal-max-files= --console= --console-transport= --background= --console-log= --register= --slice= --property= --keep-unit --system --user --notify-ready= --ready-timeout= --qemu= --qemu-cpu= --legacy-devices= --hotplug-ports= --qemu-arg='

_vmspawn_flags() {
    case $1 in
    run) echo '--set= --unset= --profile= --detach --exec= --timeout= --timeline= --quiet --no-pager --no-ask-password --help --version' "$_vmspawn_settings" ;;
    check) echo '--format= --quiet --no-pager --help --version' ;;
    show) echo '--set= --unset= --profile= --format= --effective --quiet --no-pager --help --version' "$_vmspawn_settings" ;;
    diff) echo '--set= --unset= --profile= --format= --quiet --no-pager --help --version' "$_vmspawn_settings" ;;
    explain) echo '--set= --unset= --profile= --format= --quiet --no-pager --help --version' "$_vmspawn_settings" ;;
    plan) echo '--set= --unset= --profile= --format= --exec= --timeout= --against= --host= --quiet --no-pager --help --version' "$_vmspawn_settings" ;;
    export) echo '--set= --unset= --profile= --format= --to= --strict --quiet --no-pager --help --version' "$_vmspawn_settings" ;;
    host) echo '--format= --quiet --no-pager --help --version' ;;
    list) echo '--format= --all --quiet --no-pager --help --version' ;;
    status) echo '--format= --quiet --no-pager --help --version' ;;
    logs) echo '--format= --follow --quiet --no-pager --help --version' ;;
    console) echo '--quiet --no-pager --help --version' ;;
    stop) echo '--quiet --no-pager --help --version' ;;
    reboot) echo '--quiet --no-pager --help --version' ;;
    kill) echo '--quiet --no-pager --help --version' ;;
    wait) echo '--for= --timeout= --quiet --no-pager --help --version' ;;
    events) echo '--quiet --no-pager --help --version' ;;
    ssh) echo '--quiet --no-pager --help --version' ;;
    ssh-proxy) echo '--quiet --no-pager --help --version' ;;
    timeline) echo '--format= --quiet --no-pager --help --version' ;;
    schema) echo '--quiet --no-pager --help --version' ;;
    completion) echo '--quiet --no-pager --help --version' ;;
    init) echo '--template= --quiet --no-pager --help --version' ;;
    help) echo '--quiet --no-pager --help --version' ;;
    *) echo '--help --version' ;;
    esac
}

_vmspawn_with_value='--machine -M --uuid --arch --cpus --ram --kvm --smbios11 -s --image -i --directory -D --image-format --image-disk-type --discard-disk --grow-image -G --private-users --linux --initrd --unpack-kernel --firmware --firmware-features --secure-boot --efi-nvram-template --efi-nvram-state --coco --tpm --tpm-state --vsock --vsock-cid --vsock-backend --network-backend --forward --mac --bind --bind-ro --extra-drive --bind-user --bind-user-shell --bind-user-group --set-credential --load-credential --pass-ssh-key --ssh-key-type --forward-journal --forward-journal-max-use --forward-journal-keep-free --forward-journal-max-file-size --forward-journal-max-files --console --console-transport --background --console-log --register --slice -S --property --notify-ready --ready-timeout --qemu --qemu-cpu --legacy-devices --hotplug-ports --qemu-arg --set --unset --profile --format --template --to --for --exec --timeout --timeline --against --host'

_vmspawn_definitions() {
    local path
    while IFS= read -r path; do
        [[ -d $path || $path == *.vmspawn || $path == *.toml ]] && COMPREPLY+=("$path")
    done < <(compgen -f -- "$1")
    compopt -o filenames 2>/dev/null
}

_vmspawn_value() {
    local flag=$1 current=$2
    case $flag in
    --arch) COMPREPLY=($(compgen -W 'native x86_64 aarch64 riscv64' -- "$current")) ;;
    --kvm | --unpack-kernel | --secure-boot | --tpm | --vsock | --register) COMPREPLY=($(compgen -W 'yes no auto' -- "$current")) ;;
    -i | --image | --linux | --initrd | --efi-nvram-template | --extra-drive | --forward-journal | --console-log | --qemu | --timeline | --host) mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    -D | --directory | --bind | --bind-ro) mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null ;;
    --image-format) COMPREPLY=($(compgen -W 'raw qcow2' -- "$current")) ;;
    --image-disk-type) COMPREPLY=($(compgen -W 'virtio-blk virtio-scsi nvme scsi-cd' -- "$current")) ;;
    --discard-disk | --pass-ssh-key | --notify-ready | --legacy-devices) COMPREPLY=($(compgen -W 'yes no' -- "$current")) ;;
    --firmware) COMPREPLY=($(compgen -W 'auto uefi bios none' -- "$current")); mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    --efi-nvram-state) COMPREPLY=($(compgen -W 'auto off' -- "$current")); mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    --coco) COMPREPLY=($(compgen -W 'no sev-snp tdx' -- "$current")) ;;
    --tpm-state) COMPREPLY=($(compgen -W 'auto off' -- "$current")); mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null ;;
    --vsock-backend) COMPREPLY=($(compgen -W 'auto kernel user' -- "$current")) ;;
    --network-backend) COMPREPLY=($(compgen -W 'auto passt qemu' -- "$current")) ;;
    --bind-user) mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -u -- "$current") ;;
    --bind-user-shell) COMPREPLY=($(compgen -W 'yes no' -- "$current")); mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    --ssh-key-type) COMPREPLY=($(compgen -W 'ed25519 ecdsa rsa' -- "$current")) ;;
    --console) COMPREPLY=($(compgen -W 'interactive read-only native gui headless' -- "$current")) ;;
    --console-transport) COMPREPLY=($(compgen -W 'virtio serial' -- "$current")) ;;
    --set) COMPREPLY=($(compgen -W 'name= uuid= description= arch= cpus= ram= ram-max= ram-slots= kvm= smbios= include= image.path= image.directory= image.format= image.backing= image.disk-type= image.discard= image.grow= image.ephemeral= image.private-users= image.cache= boot.linux= boot.initrd= boot.cmdline= boot.unpack= boot.firmware= boot.firmware-features= boot.secure-boot= boot.nvram-template= boot.nvram-state= boot.confidential= tpm.enabled= tpm.state= vsock.enabled= vsock.cid= vsock.backend= users.bind= users.shell= users.groups= ssh.pass-key= ssh.key-type= journal.forward= journal.max-use= journal.keep-free= journal.max-file-size= journal.max-files= console.mode= console.transport= console.background= console.log= unit.register= unit.slice= unit.properties= unit.keep= unit.scope= ready.notify= ready.timeout= qemu.binary= qemu.cpu= qemu.legacy-devices= qemu.hotplug-ports= qemu.extra=' -- "$current")); compopt -o nospace 2>/dev/null ;;
    --unset) COMPREPLY=($(compgen -W 'name uuid description arch cpus ram ram-max ram-slots kvm smbios include image.path image.directory image.format image.backing image.disk-type image.discard image.grow image.ephemeral image.private-users image.cache boot.linux boot.initrd boot.cmdline boot.unpack boot.firmware boot.firmware-features boot.secure-boot boot.nvram-template boot.nvram-state boot.confidential tpm.enabled tpm.state vsock.enabled vsock.cid vsock.backend users.bind users.shell users.groups ssh.pass-key ssh.key-type journal.forward journal.max-use journal.keep-free journal.max-file-size journal.max-files console.mode console.transport console.background console.log unit.register unit.slice unit.properties unit.keep unit.scope ready.notify ready.timeout qemu.binary qemu.cpu qemu.legacy-devices qemu.hotplug-ports qemu.extra' -- "$current")) ;;
    --format) COMPREPLY=($(compgen -W 'text tree json toml dot svg script github sarif' -- "$current")) ;;
    --template) COMPREPLY=($(compgen -W 'image directory kernel uki tpm ci' -- "$current")) ;;
    --to) COMPREPLY=($(compgen -W 'libvirt kubevirt systemd-unit' -- "$current")) ;;
    --for) COMPREPLY=($(compgen -W 'ready stopped ssh' -- "$current")) ;;
    --against) mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current") ;;
    esac
}

_vmspawn_operand() {
    local verb=$1 current=$2 operands=$3
    case $verb in
    run) _vmspawn_definitions "$current" ;;
    check) _vmspawn_definitions "$current" ;;
    show) _vmspawn_definitions "$current" ;;
    diff) _vmspawn_definitions "$current" ;;
    explain) if ((operands == 0)); then COMPREPLY=($(compgen -W 'name uuid description arch cpus ram ram-max ram-slots kvm smbios include image.path image.directory image.format image.backing image.disk-type image.discard image.grow image.ephemeral image.private-users image.cache boot.linux boot.initrd boot.cmdline boot.unpack boot.firmware boot.firmware-features boot.secure-boot boot.nvram-template boot.nvram-state boot.confidential tpm.enabled tpm.state vsock.enabled vsock.cid vsock.backend users.bind users.shell users.groups ssh.pass-key ssh.key-type journal.forward journal.max-use journal.keep-free journal.max-file-size journal.max-files console.mode console.transport console.background console.log unit.register unit.slice unit.properties unit.keep unit.scope ready.notify ready.timeout qemu.binary qemu.cpu qemu.legacy-devices qemu.hotplug-ports qemu.extra' -- "$current")); else _vmspawn_definitions "$current"; fi ;;
    plan) _vmspawn_definitions "$current" ;;
    export) _vmspawn_definitions "$current" ;;
    host) _vmspawn_definitions "$current" ;;
    status) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    logs) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    console) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    stop) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    reboot) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    kill) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    wait) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    events) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    ssh) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    ssh-proxy) COMPREPLY=($(compgen -W "$(command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf "%f\n" 2>/dev/null)" -- "$current")) ;;
    timeline) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")) ;;
    help) COMPREPLY=($(compgen -W "$_vmspawn_verbs" -- "$current")) ;;
    '') COMPREPLY=($(compgen -W "$_vmspawn_verbs" -- "$current")) ;;
    esac
}

_vmspawn() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb='' flag='' operands=0 word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -- ]] && return
        if [[ ${COMP_WORDS[i-1]} == = || $word == = ]]; then
            continue
        elif [[ -n $verb && $word != -* ]]; then
            ((operands++))
        elif [[ " $_vmspawn_verbs " == *" $word "* ]]; then
            verb=$word
        fi
    done
    if [[ $current == = ]]; then
        flag=$before current=''
    elif [[ $before == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    elif [[ $before == -* && " $_vmspawn_with_value " == *" $before "* ]]; then
        flag=$before
    fi
    if [[ $flag == -* ]]; then
        _vmspawn_value "$flag" "$current"
    elif [[ $current == : || $before == : ]]; then
        return
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_vmspawn_flags "$verb")" -- "$current"))
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
    else
        _vmspawn_operand "$verb" "$current" "$operands"
    fi
    return 0
} &&
    complete -F _vmspawn vmspawn
