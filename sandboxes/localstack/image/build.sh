#!/usr/bin/env bash
# Make the LocalStack image ready: take the pinned one, pull it, or build an equivalent.
#
# 4.14.0 is the last open image; newer ones ask for an auth token. Where no image registry can
# be reached, the same program is put together from Debian's and Python's packages, as they
# were when 4.14.0 was released. That needs root and debootstrap.
#
#   EXECUTOR_LOCALSTACK_IMAGE   use this image instead, and build nothing
#   EXECUTOR_DEBIAN_MIRROR      package mirror; the machine's own by default
set -euo pipefail

PINNED="localstack/localstack:4.14.0"
OURS="executor/localstack:4.14.0"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'localstack-image: %s\n' "$*" >&2; }
fail() { say "$1"; say "hint: $2"; exit 1; }

have() { docker image inspect "$1" >/dev/null 2>&1; }

docker info >/dev/null 2>&1 || fail "no Docker engine answers" "install Docker and start it"

for image in "${EXECUTOR_LOCALSTACK_IMAGE:-}" "$PINNED" "$OURS"; do
    if [ -n "$image" ] && have "$image"; then
        say "$image is here"
        exit 0
    fi
done

if [ -n "${EXECUTOR_LOCALSTACK_IMAGE:-}" ]; then
    docker pull "$EXECUTOR_LOCALSTACK_IMAGE" || fail "$EXECUTOR_LOCALSTACK_IMAGE cannot be had" \
        "unset EXECUTOR_LOCALSTACK_IMAGE to use the pinned image"
    exit 0
fi

say "pulling $PINNED"
if timeout 600 docker pull "$PINNED" >&2; then
    exit 0
fi

say "it cannot be pulled; building $OURS from packages (a few minutes)"
[ "$(id -u)" = 0 ] || fail "building needs root" "run this with sudo, or pull $PINNED elsewhere"
command -v debootstrap >/dev/null || fail "debootstrap is missing" "apt-get install debootstrap"

mirror=${EXECUTOR_DEBIAN_MIRROR:-}
if [ -z "$mirror" ]; then
    mirror=$(find /etc/apt -name '*.list' -o -name '*.sources' 2>/dev/null | sort | xargs -r cat \
        | sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +(https?:[^ ]+).*/\3/p' \
        | grep -v security | head -n 1 || true)
fi
[ -n "$mirror" ] || fail "no package mirror is known" "set EXECUTOR_DEBIAN_MIRROR"

root=$(mktemp -d -t executor-localstack-XXXXXX)
clean() { umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"; }
trap clean EXIT
trap 'exit 130' INT TERM

say "base system"
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip \
    trixie "$root" "$mirror" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log" >&2
    fail "debootstrap failed" "$root.log has all it said"
}
rm -f "$root.log"

# What the host trusts and how it reaches packages holds in the build as well.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp "$HERE/requirements.txt" "$root/requirements.txt"
mount -t proc proc "$root/proc"
settings=(PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1)
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT \
    HTTPS_PROXY HTTP_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || settings+=("$name=${!name}")
done

say "LocalStack and what it needs"
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${settings[@]}" \
    sh -euc '
        python3 -m venv /usr/local/localstack
        /usr/local/localstack/bin/pip install --quiet --no-cache-dir --no-deps \
            --require-hashes -r /requirements.txt
        mkdir -p /var/lib/localstack /etc/localstack
        rm -rf /requirements.txt /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc/* \
            /usr/share/man/* /usr/share/locale/*
    ' >&2 || fail "the packages cannot be installed" "see the lines above"
umount "$root/proc"

say "image"
tar -C "$root" -c . | docker import \
    --change 'ENTRYPOINT ["/usr/local/localstack/bin/localstack-supervisor"]' \
    --change 'ENV PATH=/usr/local/localstack/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV GATEWAY_LISTEN=0.0.0.0:4566 DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1' \
    --change 'ENV PYTHONUNBUFFERED=1 LANG=C.UTF-8 HOME=/root' \
    --change 'EXPOSE 4566' \
    --message 'LocalStack 4.14.0, from packages' - "$OURS" >/dev/null
say "$OURS is ready"
