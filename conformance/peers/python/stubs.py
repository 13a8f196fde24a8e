"""Generates Python stubs from the image of the contract, as any user of it would."""
import atexit
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONTRACT = Path(__file__).resolve().parents[3] / "gen" / "contract.binpb"


def generate(*protos):
    """Generates messages and gRPC stubs of `protos` into a temporary folder that is
    importable from now on and is removed at exit."""
    folder = tempfile.mkdtemp(prefix="bindery-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={CONTRACT}",
        f"--python_out={folder}", f"--grpc_python_out={folder}", *protos,
    ]
    generated = subprocess.run(command, capture_output=True, text=True)
    if generated.returncode != 0:
        raise RuntimeError(f"grpc_tools.protoc failed on {CONTRACT}:\n{generated.stderr}")
    sys.path.insert(0, folder)
