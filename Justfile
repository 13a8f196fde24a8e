# Everything that one does with Bindery. `./just` works without an installed `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]
set quiet := true

export PATH := justfile_directory() / ".tools/bin" + ":" + justfile_directory() / "tools/node_modules/.bin" + ":" + env("PATH")
python := justfile_directory() / ".tools/python/bin/python"

# The parts of the contract that are implemented and so may not break any more.
implemented := "bookstore/type bookstore/inventory bookstore/recommendations proofread legacy"
released := "conformance/released/contract.binpb"

[private]
default:
    just --list --unsorted

# build and start the whole bookstore in one process: ./just up --help
[group("bookstore")]
up *args: _deps-rust
    cargo build --release --quiet --package bookstore
    exec target/release/bookstore up {{ args }}

# import books into the data folder: ./just import FILE.csv
[group("bookstore")]
import *args: _deps-rust
    cargo run --release --quiet --package bookstore -- import {{ args }}

# everything that CI checks, with a summary at the end
[group("check")]
check: deps
    tools/check

# format Rust and protos
[group("check")]
format: _deps-buf
    cargo fmt --all
    buf format --write

# is everything formatted?
[group("check")]
format-check: _deps-buf
    cargo fmt --all --check
    buf format --diff --exit-code

# lint the contract, and check the spelling everywhere
[group("check")]
lint: _deps-buf _deps-cargo
    buf lint
    typos

# does the contract break what is released, or what is implemented at a git ref?
[group("check")]
breaking ref="HEAD": _deps-buf
    buf breaking proto --against {{ released }}
    if git cat-file -e "{{ ref }}:gen/contract.binpb" 2>/dev/null; then \
      git show "{{ ref }}:gen/contract.binpb" | buf build - {{ prepend("--path ", implemented) }} --output - | \
        buf breaking proto --against -; \
    else echo "there is no contract at {{ ref }}: compared with the released one alone"; fi

# does `breaking` bite?
[group("check")]
breaking-selftest: _deps-buf _deps-python
    {{ python }} tools/breaking_selftest.py

# Rust lints, warnings denied
[group("check")]
clippy: _deps-rust
    cargo clippy --workspace --all-targets --locked --quiet -- --deny warnings

# licences, advisories and sources of the dependencies
[group("check")]
deny: _deps-cargo
    cargo deny --log-level error check bans licenses sources

# unit, integration and snapshot tests, on both storage engines
[group("check")]
test *args: _deps-rust _deps-cargo _deps-postgres
    cargo insta test --workspace --check --unreferenced=reject {{ args }}

# proofread over every method of the running bookstore, and what an unset field does
[group("check")]
conformance: _deps-rust _deps-cargo
    cargo build --quiet --package bookstore --package proofread
    tools/with-bookstore sh -c 'exec target/debug/proofread check "http://$BINDERY_GRPC" --config conformance/suite/proofread.toml'
    cargo insta test --package suite --check --unreferenced=reject

# proofread against a server that is not ours: grpcio and protovalidate in Python
[group("check")]
peers: _deps-rust _deps-python
    cargo build --quiet --package proofread --package faults
    {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern test_conformance.py --verbose

# the kill table: does the tester detect every seeded fault, without false positives? (--accept: write it into the READMEs)
[group("check")]
kill-table accept="": _deps-rust
    cargo run --quiet --package faults -- kill-table --into README.md --into conformance/faults/README.md {{ if accept == "--accept" { "" } else { "--check" } }}

# the running bookstore, called by grpcurl, by grpcio and by Chromium
[group("check")]
end-to-end: _deps-rust _deps-grpcurl _deps-python _deps-chromium
    cargo build --package bookstore --quiet
    tools/with-bookstore tools/grpcurl-calls
    tools/with-bookstore {{ python }} -m unittest discover --start-directory conformance/peers/python --pattern test_legacy.py --verbose
    tools/with-bookstore node tools/browser.mjs

# measure: throughput, latency, memory, start; prints tables of ratios
[group("check")]
bench *args: _deps-rust _deps-python _deps-grpcurl _deps-bench
    tools/bench {{ args }}

# regenerate everything that comes from proto/
[group("contract")]
gen: _deps-rust _deps-buf _deps-python _deps-go
    buf build --as-file-descriptor-set --output gen/contract.binpb
    rm -rf gen/go gen/python gen/typescript gen/docs
    buf generate
    {{ python }} -m grpc_tools.protoc --descriptor_set_in=gen/contract.binpb --grpc_python_out=gen/python \
      $(cd proto && find bookstore legacy -name '*service*.proto' -o -path '*legacy*.proto' | sort)
    cargo run --quiet --package proofread -- reference --contract gen/contract.binpb --out gen/docs

# is gen/ what `just gen` makes?
[group("contract")]
gen-check: gen
    git diff --exit-code --stat -- gen
    test -z "$(git status --porcelain -- gen)" || { git status --short -- gen; exit 1; }

# release the contract of what is implemented: from now on it may not break
[group("contract")]
release-contract: _deps-buf
    buf build proto --as-file-descriptor-set --output {{ released }} {{ prepend("--path proto/", implemented) }}

# take the screenshot of the README anew
[group("contract")]
screenshot: _deps-rust _deps-chromium
    cargo build --package bookstore --quiet
    BINDERY_SCREENSHOT=rust/marketplace/shop.png tools/with-bookstore node tools/browser.mjs

# review changed snapshots
[group("contract")]
review: _deps-cargo
    cargo insta review --workspace

# install what the checks need, as far as possible into .tools
[group("set-up")]
deps: _deps-rust _deps-buf _deps-go _deps-grpcurl _deps-python _deps-cargo _deps-postgres _deps-chromium

_deps-rust:
    tools/deps rust

_deps-cargo: _deps-rust
    tools/deps cargo

_deps-buf: _deps-rust
    tools/deps buf

_deps-go:
    tools/deps go

_deps-grpcurl:
    tools/deps grpcurl

_deps-python:
    tools/deps python

_deps-postgres:
    tools/deps postgres

_deps-bench:
    tools/deps bench

_deps-chromium: _deps-buf
    tools/deps chromium
