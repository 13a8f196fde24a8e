"""Generates Python stubs from a compiled contract, as any user of the contract would."""
import atexit
import importlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

CONTRACT = Path(__file__).resolve().parents[3] / "gen" / "contract.binpb"


def generate(*protos, image=CONTRACT):
    """Generates messages and gRPC stubs of `protos` into a temporary folder, and adds the
    folder to the import path. It is removed when the process exits."""
    folder = tempfile.mkdtemp(prefix="bindery-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={image}",
        f"--python_out={folder}", f"--grpc_python_out={folder}", *protos,
    ]
    generated = subprocess.run(command, capture_output=True, text=True)
    if generated.returncode != 0:
        raise RuntimeError(f"grpc_tools.protoc failed on {image}:\n{generated.stderr}")
    sys.path.insert(0, folder)


def generate_and_import(image):
    """Generates and imports the stubs of all files in a compiled contract, so that the
    default descriptor pool contains every message and every option. Returns the files."""
    files = descriptor_pb2.FileDescriptorSet.FromString(Path(image).read_bytes()).file
    # The protobuf package contains these already.
    protos = [file.name for file in files if not file.name.startswith("google/protobuf/")]
    generate(*protos, image=image)
    for proto in protos:
        importlib.import_module(proto.removesuffix(".proto").replace("/", ".") + "_pb2")
    return files
