"""Compiles the test contract of the peers, and generates its stubs for Python, Go and TypeScript.

Java generates in its Maven build. The stubs are not committed: only tests use them.
"""
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "conformance/peers"
OUT = ROOT / "target/peers"
# The contract of the bookstore and the test contract.
IMAGE = OUT / "contract.binpb"
# The stubs of the test contract for Python.
PYTHON = OUT / "python"
TEST_PROTOS = ["interop/v1/values.proto", "interop/v1/interop_service.proto"]


def protoc(*arguments, imports=()):
    # The packages of Python contain google/rpc.
    folders = [PEERS / "proto", ROOT / "proto", ROOT / ".deps/protovalidate", sysconfig.get_path("purelib"), *imports]
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{folder}" for folder in folders), *arguments]
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def image():
    bookstore = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/bookstore").rglob("*.proto"))
    OUT.mkdir(parents=True, exist_ok=True)
    protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={IMAGE}", *bookstore, *TEST_PROTOS)


def python():
    empty(PYTHON)
    protoc(f"--python_out={PYTHON}", f"--grpc_python_out={PYTHON}", *TEST_PROTOS)


def go():
    module = "bindery.internal/peers/go"
    folder = PEERS / "go"
    empty(folder / "interopv1")
    mapping = [f"M{proto}={module}/interopv1" for proto in TEST_PROTOS]
    for plugin in ("go", "go-grpc"):
        protoc(
            f"--plugin=protoc-gen-{plugin}={ROOT}/.tools/bin/protoc-gen-{plugin}", f"--{plugin}_out={folder}",
            f"--{plugin}_opt=module={module}", *(f"--{plugin}_opt={option}" for option in mapping), *TEST_PROTOS,
        )
    connect_go(folder)


def connect_go(folder):
    """A client of connect-go for Inventory. Its messages are those of gen/go."""
    empty(folder / "inventoryv1connect")
    contract = "bindery.internal/gen/go"
    # Each proto is in the package of its folder: bookstore/type/v1 in typev1.
    protos = [path.relative_to(ROOT / "proto") for area in ("bookstore", "proofread") for path in sorted((ROOT / "proto" / area).rglob("*.proto"))]
    mapping = [f"M{proto}={contract}/{proto.parent};{''.join(proto.parts[-3:-1])}" for proto in protos]
    protoc(
        f"--plugin=protoc-gen-connect-go={ROOT}/.tools/bin/protoc-gen-connect-go", f"--connect-go_out={folder}",
        f"--connect-go_opt=module={contract}/bookstore/inventory/v1", *(f"--connect-go_opt={option}" for option in mapping),
        "bookstore/inventory/v1/inventory_service.proto",
    )


def typescript():
    folder = PEERS / "typescript"
    packages = folder / "node_modules"
    generated = folder / "src/gen"
    empty(generated)
    # Health and reflection, which connect-node does not have, are in packages of grpc-js.
    imports = [packages / "grpc-health-check/proto", packages / "@grpc/reflection/build/proto"]
    protos = [*TEST_PROTOS, "health/v1/health.proto", "grpc/reflection/v1/reflection.proto", "google/rpc/error_details.proto"]
    protoc(
        f"--plugin=protoc-gen-es={ROOT}/tools/node_modules/.bin/protoc-gen-es", f"--es_out={generated}",
        "--es_opt=target=ts,import_extension=js,rewrite_imports=./buf/validate/*_pb.js:@bufbuild/protovalidate/gen",
        *protos, imports=imports,
    )
