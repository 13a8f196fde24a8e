"""The peers: how each one is built, and the commands of its server, its client and its example."""
import dataclasses
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import generate
from generate import PEERS, ROOT
from transports import GRPC, PROTOCOLS

RUST = ROOT / "target/debug"
GO = ROOT / "target/peers/go"
CPP = ROOT / "target/peers/cpp"
TYPESCRIPT = PEERS / "typescript/dist"
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{PEERS}/java/target/classes:{PEERS}/java/target/lib/*"]
# Maven keeps its packages with the other tools.
MAVEN = ["mvn", "--batch-mode", "--quiet", f"-Dmaven.repo.local={ROOT}/.tools/maven"]


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    # The profile of proofread. Empty: there is no server.
    profile: str
    # The versions that the tables name.
    stack: str
    build: Callable[[], None]
    # Empty: the server in Rust is the bookstore, and there is none in C++.
    server: list
    client: list
    example: list
    # What the client and the server speak: the stacks of gRPC speak nothing else.
    client_protocols: tuple = (GRPC,)
    server_protocols: tuple = (GRPC,)
    # The command and the folder of its own tests, if its build does not run them. They get the address
    # of the bookstore in BINDERY_GRPC, the token of its operator in BINDERY_OPERATOR_TOKEN, and the folder
    # of certificates in BINDERY_CERTS.
    tests: tuple = ()
    # Flags of proofread that limit the check.
    limits: tuple = ()


def run(*command, folder=ROOT, stdout=None):
    subprocess.run([str(part) for part in command], check=True, cwd=folder, stdout=stdout)


def build_rust():
    run("cargo", "build", "--quiet", "--package", "interop-peer", "--bins", "--examples")


def build_go():
    generate.go()
    GO.mkdir(parents=True, exist_ok=True)
    run("go", "vet", "./...", folder=PEERS / "go")
    run("go", "build", "-o", f"{GO}/", "./server", "./interop", "./example", folder=PEERS / "go")


def build_typescript():
    generate.typescript()
    run("node_modules/.bin/tsc", folder=PEERS / "typescript")


def build_java():
    # Compiling the whole contract takes most of the time, and it rarely changes.
    protos = sorted((ROOT / "proto").rglob("*.proto"))
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in [ROOT / "gen/java/pom.xml", *protos])).hexdigest()
    installed = ROOT / ".tools/maven/bindery/contract/.installed"
    if not installed.exists() or installed.read_text() != wanted:
        run(*MAVEN, "--file", "gen/java", "clean", "install")
        installed.write_text(wanted)
    run(*MAVEN, "--file", PEERS / "java", "package")


def build_cpp():
    # As in Java.
    sources = [ROOT / "gen/contract.binpb", *sorted(file for file in (ROOT / "gen/cpp").rglob("*") if file.is_file())]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    contract = ROOT / ".tools/cpp"
    installed = contract / ".installed"
    if not installed.exists() or installed.read_text() != wanted:
        generate.empty(contract)
        install_cpp(ROOT / "gen/cpp", CPP / "contract", contract)
        installed.write_text(wanted)
    install_cpp(PEERS / "cpp", CPP / "client", CPP / "installed", contract, flags=["-DBINDERY_BUILD_TESTS=ON"])
    # As a user builds it, with the installed packages.
    install_cpp(PEERS / "cpp/example", CPP / "example", CPP / "installed", contract)


def install_cpp(source, build_folder, prefix, *packages, flags=()):
    paths = ";".join(map(str, [prefix, *packages]))
    run("cmake", "-S", source, "-B", build_folder, "-G", "Ninja", f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DCMAKE_PREFIX_PATH={paths}",
        "-DCMAKE_INSTALL_MESSAGE=NEVER", *flags, stdout=subprocess.DEVNULL)
    run("cmake", "--build", build_folder, "--target", "install", "--", "--quiet")


PYTHON_FLAGS = [sys.executable, "-B"]
ALL = [
    Peer("rust", "tonic", "tonic 0.14.9, prost 0.14.4, prost-protovalidate 0.6", build_rust,
         [], [RUST / "interop-client"], [RUST / "examples/get_book"]),
    Peer("python", "grpcio", "grpcio 1.85.1, protobuf 7.36.2, protovalidate 1.2.0", generate.python,
         [*PYTHON_FLAGS, "-m", "server"], [*PYTHON_FLAGS, PEERS / "python/interop_client.py"], [*PYTHON_FLAGS, PEERS / "python/example.py"],
         tests=([*PYTHON_FLAGS, "-m", "unittest", "test_client"], PEERS / "python"),
         # One rule takes milliseconds here. ../python/test_conformance.py tests the other phases of this stack.
         limits=("--phases", "baseline,unset,boundary,behaviour", "--exclude", "*/ImportBooks", "--timeout", "90s")),
    Peer("go", "grpc-go", "grpc-go 1.85.0, connect-go 2.0.2, protobuf 1.36.12, protovalidate 1.4.0", build_go,
         [GO / "server"], [GO / "interop"], [GO / "example"], client_protocols=PROTOCOLS,
         tests=(["go", "test", "./..."], PEERS / "go")),
    Peer("typescript", "connect-node", "connect-node 2.2.0, protobuf-es 2.17.0, protovalidate 1.3.0", build_typescript,
         ["node", TYPESCRIPT / "server/main.js"], ["node", TYPESCRIPT / "interop/main.js"], ["node", TYPESCRIPT / "example.js"],
         client_protocols=PROTOCOLS, server_protocols=PROTOCOLS),
    Peer("java", "grpc-java", "grpc-java 1.85.0, protobuf 4.36.2, protovalidate 1.3.0", build_java,
         [*JAVA, "bindery.server.Main"], [*JAVA, "bindery.interop.Main"], [*JAVA, "bindery.example.Example"]),
    Peer("cpp", "", "grpc++ 1.51.1, protobuf 3.21.12", build_cpp,
         [], [CPP / "client/interop/interop"], [CPP / "installed/bin/example"],
         tests=([CPP / "client/tests/client_test"], PEERS / "cpp")),
]


SERVERS = [peer for peer in ALL if peer.server]


def selected(names=None):
    """The peers with these names; without names, those of the environment variable BINDERY_PEERS,
    or all."""
    names = names or os.environ.get("BINDERY_PEERS", "").split()
    unknown = set(names) - {peer.name for peer in ALL}
    if unknown:
        sys.exit(f"unknown peers {', '.join(sorted(unknown))}: choose from {', '.join(peer.name for peer in ALL)}")
    return [peer for peer in ALL if not names or peer.name in names]


def build(peers):
    generate.image()
    for peer in peers:
        peer.build()


def environment(**more):
    """The environment of all commands. Python finds the generated code by it."""
    folders = [PEERS / "python", ROOT / "gen/python", generate.PYTHON]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), **more}
