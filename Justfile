# The commands for developing Bindery. `./just` works without an installed `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]
set quiet := true

export PATH := justfile_directory() / ".tools/bin" + ":" + justfile_directory() / "tools/node_modules/.bin" + ":" + env("PATH")
python := justfile_directory() / ".tools/python/bin/python"

# The cargo profile of `up`, `import` and `proofread`. `dev` compiles in less than half the time
# and shares everything with `check`; for speed: just profile=release up
profile := env("BINDERY_PROFILE", "dev")
built := "target/" + if profile == "dev" { "debug" } else { profile }

# The implemented parts of the contract: breaking changes to them are refused.
implemented := "bookstore proofread legacy"
released := "conformance/released/contract.binpb"

[private]
default:
    just --list --unsorted

# build and start the bookstore with all services in one process (settings: ./just up --help)
[group("bookstore")]
up *args: (_build "bookstore")
    exec {{ built }}/bookstore up {{ args }}

# import books from a file (CSV, JSON lines, ONIX) into the data folder: ./just import FILE
[group("bookstore")]
import *args: (_build "bookstore")
    exec {{ built }}/bookstore import {{ args }}

# test a server against its contract: ./just proofread check URL (settings: ./just proofread --help)
[group("bookstore")]
proofread *args: (_build "bookstore --package proofread")
    exec {{ built }}/proofread {{ args }}

# `proofread` is always built with another package, so that both share their dependencies.
_build packages: _deps-rust
    [ -x {{ built }}/bookstore ] || echo "compiling; the first time this takes a few minutes ..." >&2
    cargo build --profile {{ profile }} --package {{ packages }}

# run all checks of CI and print a summary
[group("check")]
check: _deps-rust
    tools/check

# format the Rust code and the protos
[group("check")]
format: _deps-buf
    cargo fmt --all
    buf format --write

# check the format of the Rust code and the protos
[group("check")]
format-check: _deps-buf
    cargo fmt --all --check
    buf format --diff --exit-code

# lint the protos and check the spelling of all files
[group("check")]
lint: _deps-buf _deps-python
    buf lint
    .tools/python/bin/typos

# check for breaking changes against the released contract and against a git ref
[group("check")]
breaking ref="HEAD": _deps-buf
    buf breaking proto --against {{ released }}
    if git cat-file -e "{{ ref }}:gen/contract.binpb" 2>/dev/null; then \
      git show "{{ ref }}:gen/contract.binpb" | buf build - {{ prepend("--path ", implemented) }} --output - | \
        buf breaking proto --against -; \
    else echo "there is no contract at {{ ref }}: compared only with the released contract"; fi

# test that `breaking` refuses typical breaking changes
[group("check")]
breaking-selftest: _deps-buf _deps-python
    {{ python }} tools/breaking_selftest.py

# follow the guide in proto/README.md: every command of it must work
[group("check")]
guide: _deps-rust _deps-buf _deps-python
    cargo build --quiet --package bookstore --package proofread
    {{ python }} tools/guide.py

# lint the Rust code; warnings are errors
[group("check")]
clippy: _deps-rust
    cargo clippy --workspace --all-targets --locked --quiet -- --deny warnings

# check the licences and sources of the dependencies
[group("check")]
deny: _deps-cargo
    cargo deny --log-level error check bans licenses sources

# run unit, integration and snapshot tests, on SQLite and PostgreSQL
[group("check")]
test *args: _deps-rust _deps-cargo _deps-postgres _deps-nats
    cargo insta test --workspace --check --unreferenced=reject {{ args }}

# run proofread against the bookstore on SQLite, on PostgreSQL and with mutual TLS, and the snapshots of unset fields
[group("check")]
conformance: _deps-rust _deps-cargo _deps-python _deps-postgres
    cargo build --quiet --package bookstore --package proofread --package suite
    BINDERY_PARK_ORDERS_AFTER=5 tools/with-bookstore tools/check-conformance
    BINDERY_PARK_ORDERS_AFTER=5 tools/with-postgres tools/with-bookstore tools/check-conformance
    tools/check-certificates
    cargo insta test --package suite --check --unreferenced=reject

# run proofread against servers in other languages, and their clients against the bookstore: ./just peers go java
[group("check")]
peers *languages: _deps-rust _deps-peers _deps-chromium
    cargo build --quiet --package bookstore --package proofread --package faults
    BINDERY_PEERS="{{ languages }}" {{ python }} -m unittest discover --start-directory conformance/peers/interop --pattern 'test_*.py' --verbose
    {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern test_conformance.py --verbose
    tools/with-bookstore node --test conformance/peers/typescript/connect.test.mjs

# test with schemathesis that the bookstore keeps its OpenAPI document: ./just openapi --include-path /v1/books
[group("check")]
openapi *args: _deps-rust _deps-schemathesis
    cargo build --quiet --package bookstore --package suite
    BINDERY_PARK_ORDERS_AFTER=5 tools/with-bookstore tools/openapi/run {{ args }}

# test that `openapi` finds what is wrong in a document
[group("check")]
openapi-selftest: _deps-rust _deps-schemathesis
    cargo build --quiet --package bookstore
    tools/with-bookstore .tools/schemathesis/bin/python tools/openapi/selftest.py

# run Connect's conformance suite against our servers of Connect, gRPC and gRPC-Web: ./just connect-conformance --run '**/unary/**'
[group("check")]
connect-conformance *args: _deps-rust _deps-connect
    cargo build --quiet --package connect-conformance
    protox --include_imports --output target/connect-conformance.binpb \
      --include "$(go -C conformance/connect list -m -f '{{{{ .Dir }}' connectrpc.com/conformance)/proto" \
      connectrpc/conformance/v1/service.proto connectrpc/conformance/v1/server_compat.proto
    cmp target/connect-conformance.binpb conformance/connect/image.binpb
    connectconformance --mode server --conf conformance/connect/config.yaml \
      --known-failing @conformance/connect/known-failing.txt {{ args }} -- target/debug/connect-conformance

# send random cases to the correct servers of five stacks: every failure is a false alarm of proofread (./just false-positives --cases 3000)
[group("check")]
false-positives *args: _deps-rust _deps-peers
    cargo build --quiet --package bookstore --package proofread
    {{ python }} conformance/peers/interop/false_positives.py \
      {{ if args == "" { "--into conformance/proofread/README.md" } else { args } }}

# compare clients with servers, cell by cell; with TLS, only one client for each server (--clients go --servers java --transports Connect)
[group("check")]
interop *args: _deps-rust _deps-peers
    cargo build --quiet --package bookstore --package interop-peer
    {{ python }} conformance/peers/interop/matrix.py {{ if args == "" { "--part --into conformance/peers/README.md" } else { args } }}

# compare every client with every server by every transport; writes target/interop.html (--accept: update the README)
[group("check")]
interop-all accept="": _deps-rust _deps-peers
    cargo build --quiet --package bookstore --package interop-peer
    {{ python }} conformance/peers/interop/matrix.py --into conformance/peers/README.md --page target/interop.html {{ if accept == "--accept" { "" } else { "--check" } }}

# check that proofread detects every seeded fault without false positives (--accept: update the READMEs)
[group("check")]
kill-table accept="": _deps-rust
    cargo run --quiet --package faults -- kill-table --into README.md --into conformance/faults/README.md {{ if accept == "--accept" { "" } else { "--check" } }}

# score the oracle and the generators of proofread by protovalidate's conformance cases (--accept: update the READMEs)
[group("check")]
protovalidate accept="": _deps-rust _deps-go
    GOBIN="$PWD/.tools/bin" go -C conformance/protovalidate install tool
    cargo run --quiet --package faults -- protovalidate --harness .tools/bin/protovalidate-conformance \
      --other .tools/bin/protovalidate-conformance-go --into conformance/proofread/README.md \
      --into conformance/faults/README.md {{ if accept == "--accept" { "" } else { "--check" } }}

# test the running bookstore with grpcurl, grpcio and Chromium
[group("check")]
end-to-end: _deps-rust _deps-grpcurl _deps-python _deps-chromium
    cargo build --package bookstore --quiet
    tools/with-bookstore tools/grpcurl-calls
    tools/with-bookstore {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern 'test_[lr]e*.py' --verbose
    {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern test_mail.py --verbose
    {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern test_tls.py --verbose
    tools/with-bookstore node tools/browser.mjs
    BINDERY_ALLOW_FAULT_INJECTION=true tools/with-bookstore node tools/browser-operator.mjs

# walk through the shop in Chromium while one service is down, for each service in turn
[group("check")]
outages: _deps-rust _deps-chromium
    cargo build --package bookstore --quiet
    node tools/outages.mjs

# kill the bookstore, in one process and in many, at random moments and check orders, stock and money: ./just crash 20 --engine sqlite
[group("check")]
crash kills="1000" *args: _deps-rust _deps-python _deps-postgres
    cargo build --quiet --package bookstore
    {{ python }} conformance/crash/crash.py --kills {{ kills }} {{ args }}

# break a bookstore of fifteen processes, one fault or two at a time, while buyers use it: ./just chaos --faults 10 --seed 7
[group("check")]
chaos *args: _deps-rust _deps-python _deps-postgres
    cargo build --quiet --package bookstore
    {{ python }} conformance/chaos/chaos.py {{ args }}

# abort each process at each crash point of each kind of order (--engine sqlite, --victim provider, --kind KIND)
[group("check")]
crash-points *args: _deps-rust _deps-python _deps-postgres
    cargo build --quiet --package bookstore
    {{ python }} conformance/crash/crash.py --points {{ args }}

# check that concurrent reservations and orders of the last copies are linearizable, also when the bookstore is killed
[group("check")]
linearizability *args: _deps-rust _deps-python _deps-postgres _deps-go
    cargo build --quiet --package bookstore
    go -C conformance/porcupine vet ./...
    go -C conformance/porcupine test ./...
    for engine in sqlite postgres; do for of in reservations orders; do \
      history="$PWD/target/history-$of-$engine.json"; \
      {{ python }} conformance/crash/history.py "$history" --of $of --engine $engine {{ args }}; \
      go -C conformance/porcupine run . "$history"; \
      go -C conformance/porcupine run . -falsify reserve "$history"; \
    done; done

# remove each guard of the checkout and of the payments in turn: a test must fail (./just mutations refund)
[group("check")]
mutations *parts: _deps-rust _deps-python
    {{ python }} tools/mutations.py {{ parts }}

# measure throughput, orders, start time, memory, import, search and the tester: ./just bench --only orders
[group("check")]
bench *args: _deps-rust _deps-peers _deps-grpcurl _deps-postgres _deps-bench
    {{ python }} tools/bench {{ args }}

# judge the search by queries with expected books, over the books.csv of goodbooks-10k: ./just relevance FILE
[group("check")]
relevance file: _deps-rust
    BINDERY_GOODBOOKS="$(realpath {{ file }})" cargo test --quiet --package inventory@0.1.0 --lib goodbooks_10k -- --ignored --nocapture

# let visitors browse, search, order and write reviews; fails above budgets for latency and errors: ./just load --users 64
[group("check")]
load *args: (_build "bookstore") _deps-python
    BINDERY_BINARY={{ built }}/bookstore tools/with-bookstore tools/load/run {{ args }}

# attack the bookstore in many ways, a few seconds each, while a probe must be served: ./just attack --list
[group("check")]
attack *args: (_build "bookstore") _deps-python
    BINDERY_BINARY={{ built }}/bookstore {{ python }} conformance/attack/attack.py {{ args }}

# remove pieces of the code that decides about orders and money, with cargo-mutants: a test must fail
[group("check")]
mutants *args: _deps-rust _deps-mutants
    git diff --quiet -- rust || { echo "commit first: mutants are made in place" >&2; exit 1; }
    cargo mutants --in-place --output target {{ args }}

# regenerate gen/ from proto/
[group("contract")]
gen: _deps-rust _deps-buf _deps-python _deps-go
    buf build --as-file-descriptor-set --output gen/contract.binpb
    rm -rf gen/go/*/ gen/python/*/ gen/typescript/*/ gen/docs/*.md
    buf generate
    buf generate .deps/googleapis --template '{"version": "v2", "plugins": [{"local": "tools/node_modules/.bin/protoc-gen-es", "out": "gen/typescript", "opt": ["target=js+dts", "import_extension=js"]}]}'
    {{ python }} -m grpc_tools.protoc --descriptor_set_in=gen/contract.binpb --grpc_python_out=gen/python \
      $(cd proto && find bookstore legacy -name '*service*.proto' -o -path '*legacy*.proto' | sort)
    {{ python }} -m grpc_tools.protoc --descriptor_set_in=gen/contract.binpb --python_out=gen/python --pyi_out=gen/python \
      buf/validate/validate.proto
    {{ python }} -m grpc_tools.protoc --proto_path="$({{ python }} -c 'import google.rpc; print(google.rpc.__path__[0])')/../.." \
      --include_imports --descriptor_set_out=gen/cpp/errors.binpb google/rpc/status.proto google/rpc/error_details.proto
    cargo build --quiet --package bookstore --package proofread
    target/debug/proofread reference --contract gen/contract.binpb --out gen/docs
    target/debug/proofread openapi --contract gen/contract.binpb --out gen/openapi.json --title Bindery --api-version v1
    target/debug/bookstore network-policies >deploy/kubernetes/base/calls.yaml

# check that gen/ is up to date
[group("contract")]
gen-check: gen
    git diff --exit-code --stat -- gen deploy/kubernetes/base/calls.yaml
    test -z "$(git status --porcelain -- gen)" || { git status --short -- gen; exit 1; }

# store the implemented contract as released: from then on it must not break; write its archive to target/dist
[group("contract")]
release-contract: _deps-rust _deps-buf
    cargo build --quiet --package bookstore --package proofread
    tools/contract-archive
    buf build proto --as-file-descriptor-set --output {{ released }} {{ prepend("--path proto/", implemented) }}

# update the screenshot of the README
[group("contract")]
screenshot: _deps-rust _deps-chromium
    cargo build --package bookstore --quiet
    BINDERY_SCREENSHOT=rust/marketplace/shop.png tools/with-bookstore node tools/browser.mjs

# make every selection of packages build dependencies with the same features, after a change of dependencies
[group("set-up")]
unify-features: _deps-rust
    tools/deps hakari
    cargo hakari generate
    cargo hakari manage-deps --yes

# review changed snapshots interactively
[group("contract")]
review: _deps-cargo
    cargo insta review --workspace

# run the checks that take a few minutes: format, lints, and the unit tests of all crates
[group("check")]
quick: format-check lint clippy
    cargo test --workspace --lib --locked --quiet

# let git run `format-check` and `lint` before each commit, and `quick` before each push
[group("set-up")]
hooks:
    git config core.hooksPath tools/hooks

# build release archives of bookstore and proofread, with checksums, in target/dist
[group("set-up")]
release: _deps-rust
    tools/release

# build the container image of the bookstore, with its SBOM, in target/dist (needs no container engine)
[group("deployment")]
image file="target/dist/bookstore-image.tar": _deps-rust _deps-image
    cargo build --profile release-archive --locked --package bookstore
    mkdir -p $(dirname {{ file }})
    cargo cyclonedx --quiet --manifest-path rust/bookstore/Cargo.toml --format json --spec-version 1.5 --target all \
      --override-filename sbom.cdx
    mv rust/bookstore/sbom.cdx.json target/dist/bookstore.cdx.json
    find rust conformance -name sbom.cdx.json -delete
    tools/image target/release-archive/bookstore {{ file }} --sbom target/dist/bookstore.cdx.json --root "$PWD" \
      --version $(cargo pkgid --package bookstore | sed 's/.*[#@]//') --revision $(git rev-parse HEAD) --created $(git log -1 --format=%ct)

# build the container image of proofread, in target/dist (needs no container engine)
[group("deployment")]
proofread-image file="target/dist/proofread-image.tar": _deps-rust _deps-image
    cargo build --profile release-archive --locked --package proofread
    mkdir -p $(dirname {{ file }})
    tools/image target/release-archive/proofread {{ file }} \
      --version $(cargo pkgid --package proofread | sed 's/.*[#@]//') --revision $(git rev-parse HEAD) --created $(git log -1 --format=%ct)

# run the container image in a Docker engine of its own
[group("deployment")]
image-test: image _deps-docker _deps-grpcurl _deps-python
    BINDERY_IMAGE="$PWD/target/dist/bookstore-image.tar" tools/with-docker {{ python }} -m unittest deploy/tests/test_image.py --verbose

# run deploy/compose.yaml in a Docker engine of its own, and kill each container while visitors use the shop: ./just compose-test IMAGE.tar
[group("deployment")]
compose-test image="": _deps-rust _deps-python _deps-postgres _deps-prometheus _deps-collector _deps-compose
    [ -n "{{ image }}" ] || just image
    mkdir -p target/compose
    tools/postgres-image target/compose/postgres.tar
    tools/compose-images target/compose
    BINDERY_IMAGE="$(realpath {{ if image == "" { "target/dist/bookstore-image.tar" } else { image } }})" \
      BINDERY_OTHER_IMAGES="$PWD/target/compose" tools/with-docker {{ python }} -u deploy/tests/test_compose.py --verbose

# check that a real API server of Kubernetes admits the manifests, and refuses wrong ones
[group("deployment")]
kubernetes-validate: _deps-rust _deps-python _deps-kubernetes
    cargo build --quiet --package bookstore
    tools/with-api-server {{ python }} -m unittest deploy/tests/test_kubernetes.py --verbose

# run the overlay small on a node of Kubernetes of its own, and break it while visitors use the shop: ./just kubernetes IMAGE.tar
[group("deployment")]
kubernetes image="": _deps-rust _deps-python _deps-node
    [ -n "${BINDERY_BINARY:-}" ] || cargo build --quiet --package bookstore
    [ -n "{{ image }}" ] || just image
    mkdir -p target/node
    tools/node-images target/node
    tools/postgres-image target/node/postgres.tar
    tools/with-node --image "$(realpath {{ if image == "" { "target/dist/bookstore-image.tar" } else { image } }})" \
      --image "$PWD/target/node/pause.tar" --image "$PWD/target/node/coredns.tar" \
      --image "$PWD/target/node/haproxy.tar" --image "$PWD/target/node/postgres.tar" \
      -- {{ python }} -u deploy/tests/test_node.py --verbose

# check dashboard, alerts, exemplars, and what is exported by OTLP: a real Prometheus and a real OpenTelemetry Collector watch the running bookstore
[group("deployment")]
observability: _deps-rust _deps-python _deps-prometheus _deps-collector
    cargo build --package bookstore --quiet
    {{ python }} -m unittest discover --start-directory deploy/tests --pattern test_observability.py --verbose
    {{ python }} -m unittest discover --start-directory deploy/tests --pattern test_traces.py --verbose

# install the tools that the checks need, mostly into .tools
[group("set-up")]
deps: _deps-rust _deps-peers _deps-grpcurl _deps-cargo _deps-postgres _deps-nats _deps-chromium _deps-schemathesis _deps-connect

_deps-rust:
    tools/deps rust

_deps-cargo: _deps-rust
    tools/deps cargo

_deps-buf: _deps-rust _deps-python
    tools/deps buf

_deps-go:
    tools/deps go

# What the clients and servers in other languages need.
_deps-peers: _deps-buf _deps-go _deps-python
    tools/deps typescript
    tools/deps java
    tools/deps cpp

_deps-grpcurl:
    tools/deps grpcurl

_deps-python:
    tools/deps python

_deps-schemathesis:
    tools/deps schemathesis

_deps-connect:
    tools/deps connect

_deps-postgres:
    tools/deps postgres

_deps-nats:
    tools/deps nats

_deps-kubernetes:
    tools/deps kubernetes

_deps-node: _deps-python
    tools/deps node

_deps-collector:
    tools/deps collector

_deps-prometheus:
    tools/deps prometheus

_deps-bench:
    tools/deps bench

_deps-image: _deps-rust
    tools/deps image

_deps-docker:
    tools/deps docker

_deps-compose:
    tools/deps compose

_deps-mutants: _deps-rust
    tools/deps mutants

_deps-chromium: _deps-buf
    tools/deps chromium
