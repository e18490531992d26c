#!/usr/bin/env bash
# Make the LocalStack image ready: take the pinned one, pull it, or build an equivalent.
#
# 4.14.0 is the last open image; newer ones ask for an auth token. Where no image registry can
# be reached, the same program is put together from Debian's, Python's and npm's packages, as
# they were when 4.14.0 was released. That needs root and debootstrap. An image that an older
# recipe built is built anew.
#
#   EXECUTOR_LOCALSTACK_IMAGE   use this image instead, and build nothing
#   EXECUTOR_DEBIAN_MIRROR      package mirror; the machine's own by default
set -euo pipefail

PINNED="localstack/localstack:4.14.0"
OURS="executor/localstack:4.14.0"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RECIPE=(build.sh install.sh java.sh runs_nothing.py requirements.txt python-programs.txt
    npm-programs.txt)
CERTIFICATES=etc/ssl/certs/ca-certificates.crt

say() { printf 'localstack-image: %s\n' "$*" >&2; }
fail() { say "$1"; say "hint: $2"; exit 1; }
have() { docker image inspect "$1" >/dev/null 2>&1; }

digest=$(cd "$HERE" && sha256sum "${RECIPE[@]}" | sha256sum | cut -c1-16)

have_ours() {
    [ "$(docker image inspect --format '{{index .Config.Labels "executor.recipe"}}' "$OURS" \
        2>/dev/null)" = "$digest" ]
}

take_or_pull() {
    local asked=${EXECUTOR_LOCALSTACK_IMAGE:-}
    if [ -n "$asked" ]; then
        have "$asked" || docker pull "$asked" >&2 || fail "$asked cannot be had" \
            "unset EXECUTOR_LOCALSTACK_IMAGE to use the pinned image"
        say "$asked is here"
        return 0
    fi
    if have "$PINNED"; then say "$PINNED is here"; return 0; fi
    if have_ours; then say "$OURS is here"; return 0; fi
    say "pulling $PINNED"
    timeout 600 docker pull "$PINNED" >&2
}

find_mirror() {
    if [ -n "${EXECUTOR_DEBIAN_MIRROR:-}" ]; then
        echo "$EXECUTOR_DEBIAN_MIRROR"
        return
    fi
    find /etc/apt \( -name '*.list' -o -name '*.sources' \) 2>/dev/null | sort | xargs -r cat \
        | sed -nE 's/^(URIs:|deb( \[[^]]*\])?)[[:space:]]+(https?:[^[:space:]]+).*/\3/p' \
        | grep -v security | head -n 1 || true
}

new_root() {
    say "base system"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
        trixie "$root" "$1" >"$work/debootstrap.log" 2>&1 || {
        tail -n 20 "$work/debootstrap.log" >&2
        fail "debootstrap failed" "the package mirror was $1; EXECUTOR_DEBIAN_MIRROR names another"
    }
    mkdir "$root/recipe"
    for file in "${RECIPE[@]}"; do cp "$HERE/$file" "$root/recipe/"; done
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp "/$CERTIFICATES" "$root/$CERTIFICATES"
}

# How this machine reaches packages holds in the new root as well: its configuration files, its
# variables, and the directories that these name.
borrow_settings() {
    local file directory settings=(/etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf")
    settings+=("$HOME/.npmrc")
    for file in "${settings[@]}"; do
        [ -f "$file" ] || continue
        install -D -m 600 "$file" "$root/${file/#$HOME\///recipe/home/}"
    done
    variables=("HOME=/recipe/home" "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" LANG=C.UTF-8)
    variables+=("PIP_CERT=/$CERTIFICATES" "NODE_EXTRA_CA_CERTS=/$CERTIFICATES")
    variables+=("SSL_CERT_FILE=/$CERTIFICATES" PIP_DISABLE_PIP_VERSION_CHECK=1)
    while IFS= read -r -d '' file; do
        case $file in
            PIP_CERT=*|PIP_REQUIRE_VIRTUALENV=*|PIP_TARGET=*|PIP_USER=*) ;;
            PIP_*|npm_config_*|NPM_CONFIG_*) variables+=("$file") ;;
            http_proxy=*|https_proxy=*|no_proxy=*|HTTP_PROXY=*|HTTPS_PROXY=*|NO_PROXY=*)
                variables+=("$file") ;;
        esac
    done < <(env -0)
    mkdir -p "$root/recipe/home"
    while IFS= read -r directory; do
        [ -d "$directory" ] || continue
        mkdir -p "$root$directory"
        mount --bind -o ro "$directory" "$root$directory"
        borrowed+=("$root$directory")
    done < <( (cat "${settings[@]:0:3}" 2>/dev/null; printf '%s\n' "${variables[@]}" \
        | grep -E '^PIP_(FIND_LINKS|INDEX_URL|EXTRA_INDEX_URL)=') \
        | grep -oE '(file://|[ =])/[^ ,]+' | sed -E 's#^(file://|[ =])##; s#/+$##; s#/simple$##' \
        | sort -u) # an index `simple` links to files beside it
}

unmount_all() {
    local place
    for place in ${borrowed[@]+"${borrowed[@]}"} "$root/proc"; do
        mountpoint -q "$place" && umount "$place"
    done
    borrowed=()
}

clean() {
    unmount_all || true
    # Never into what is still mounted.
    rm -rf --one-file-system "$work"
}

build() {
    [ "$(id -u)" = 0 ] || fail "building needs root" "run this with sudo, or pull $PINNED elsewhere"
    command -v debootstrap >/dev/null || fail "debootstrap is missing" "apt-get install debootstrap"
    local mirror programs older
    mirror=$(find_mirror)
    [ -n "$mirror" ] || fail "no package mirror is known" "set EXECUTOR_DEBIAN_MIRROR"
    work=$(mktemp -d -t executor-localstack-XXXXXX)
    root="$work/root"
    borrowed=()
    trap clean EXIT
    trap 'exit 130' INT TERM

    new_root "$mirror"
    mount -t proc proc "$root/proc"
    borrow_settings
    say "LocalStack and the programs that it uses"
    chroot "$root" env -i "${variables[@]}" sh /recipe/install.sh >&2 </dev/null \
        || fail "the packages cannot be installed" "see the lines above"
    unmount_all
    programs=$(tr '\n' ' ' <"$root/recipe/programs" | sed 's/ $//')
    case $programs in *dynamodb*) ;; *) say "DynamoDB cannot be had: the image lacks it" ;; esac
    rm -rf "$root/recipe"

    say "image"
    older=$(docker image inspect --format '{{.Id}}' "$OURS" 2>/dev/null || true)
    tar -C "$root" -c . | docker import \
        --change 'ENTRYPOINT ["/usr/local/localstack/bin/localstack-supervisor"]' \
        --change 'ENV PATH=/usr/local/localstack/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'ENV GATEWAY_LISTEN=0.0.0.0:4566 DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1' \
        --change 'ENV LAMBDA_RUNTIME_EXECUTOR=nothing' \
        --change 'ENV PYTHONUNBUFFERED=1 LANG=C.UTF-8 HOME=/root' \
        --change 'EXPOSE 4566' \
        --change "LABEL executor.recipe=\"$digest\" executor.programs=\"$programs\"" \
        --message 'LocalStack 4.14.0, from packages' - "$OURS" >/dev/null
    # Untagged by now; it stays while a container of it runs.
    [ -z "$older" ] || docker image rm "$older" >/dev/null 2>&1 || true
    say "$OURS is ready (with: $programs)"
}

docker info >/dev/null 2>&1 || fail "no Docker engine answers" "install Docker and start it"
take_or_pull && exit 0
say "it cannot be pulled; building $OURS from packages (a few minutes)"
build
