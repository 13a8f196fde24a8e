"""Starts programs of Kubernetes: what with-api-server and with-node share."""
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent.parent / ".tools/kubernetes"
PATH = f"{PROGRAMS}:{os.environ['PATH']}"
# Other programs may use the processors, too.
START_SECONDS = 300


def start(stack, folder, name, *arguments, **options):
    """Starts a program whose log is in the folder, and stops it in the end."""
    with open(folder / f"{name}.log", "w") as log:
        process = subprocess.Popen([shutil.which(name, path=PATH), *arguments], stdout=log, stderr=log, cwd=folder, **options)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def write_kubeconfig(path, address, token, authority):
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": f"https://{address}", "certificate-authority": str(authority)}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }))


def start_api_server(stack, folder, address, etcd_ports, *arguments):
    """Starts etcd and an API server at `(host, port)`. Returns the environment in which kubectl finds it."""
    clients, peers = (f"http://127.0.0.1:{port}" for port in etcd_ports)
    start(stack, folder, "etcd", f"--data-dir={folder}/etcd-data", "--unsafe-no-fsync", f"--listen-client-urls={clients}",
          f"--advertise-client-urls={clients}", f"--listen-peer-urls={peers}")
    host, port = address
    token = secrets.token_hex(32)
    (folder / "tokens").touch(mode=0o600)
    (folder / "tokens").write_text(f"{token},test,test,system:masters\n")
    key = folder / "service-accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    server = start(
        stack, folder, "kube-apiserver", f"--etcd-servers={clients}", f"--bind-address={host}", f"--advertise-address={host}",
        f"--secure-port={port}", f"--cert-dir={folder}/certificates", f"--token-auth-file={folder}/tokens",
        "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/16", *arguments,
    )
    kubeconfig = folder / "kubeconfig"
    # The server makes a certificate that is its own authority.
    write_kubeconfig(kubeconfig, f"{host}:{port}", token, folder / "certificates/apiserver.crt")
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PATH": PATH}
    wait_until_ready(server, folder, environment)
    return environment


def wait_until_ready(process, folder, environment):
    end = time.monotonic() + START_SECONDS
    ready = ["kubectl", "get", "--raw", "/readyz"]
    while subprocess.run(ready, env=environment, capture_output=True).returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"the API server did not start:\n{(folder / 'kube-apiserver.log').read_text()[-4000:]}")
        time.sleep(0.2)
