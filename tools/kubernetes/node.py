"""Starts a cluster of one node in the namespaces of tools/with-node, and runs a command.

usage: node.py FOLDER [--image FILE.tar ...] -- COMMAND [ARGUMENT ...]
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from api_server import start, start_api_server  # noqa: E402

HERE = Path(__file__).resolve().parent
NODE = "node"
ADDRESS = "172.30.0.1"  # of tools/namespaces
PODS = "10.244.0.0/24"
READY_SECONDS = 300
CONTAINERD = """
version = 2
root = "{folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/bindery/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/networks"
"""
NETWORK = """
{{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {{"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true, "ipam": {{
    "type": "host-local", "ranges": [[{{"subnet": "{pods}"}}]], "routes": [{{"dst": "0.0.0.0/0"}}], "dataDir": "/run/addresses"}}}},
  {{"type": "portmap", "capabilities": {{"portMappings": true}}}}]}}
"""
# The API server calls the kubelet without a certificate; nobody else is in the network namespace but pods.
KUBELET = """
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
address: {address}
healthzBindAddress: 127.0.0.1
containerRuntimeEndpoint: unix://{socket}
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
makeIPTablesUtilChains: false
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%", nodefs.inodesFree: "1%"}}
podLogsDir: {folder}/logs
# There may be no log of the kernel to read.
featureGates: {{KubeletInUserNamespace: true}}
"""


def wait_until(condition, what):
    end = time.monotonic() + READY_SECONDS
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {READY_SECONDS} s: {what}")
        time.sleep(0.2)


def start_containerd(stack, folder, images):
    socket = "/run/containerd.sock"
    (folder / "networks").mkdir()
    (folder / "networks/pods.conflist").write_text(NETWORK.format(pods=PODS))
    (folder / "containerd.toml").write_text(CONTAINERD.format(folder=folder, socket=socket))
    start(stack, folder, "containerd", "--config", folder / "containerd.toml")
    os.environ["CONTAINERD_ADDRESS"] = socket
    wait_until(lambda: subprocess.run(["ctr", "version"], capture_output=True).returncode == 0, "containerd serves")
    for image in images:
        subprocess.run(["ctr", "--namespace=k8s.io", "images", "import", image], check=True, stdout=subprocess.DEVNULL)
    return socket


def aggregation(folder):
    """The flags by which the API server calls that of the metrics, with a certificate that is its own authority."""
    certificate, key = folder / "aggregation.crt", folder / "aggregation.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=aggregation",
                    "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return [f"--requestheader-client-ca-file={certificate}", f"--proxy-client-cert-file={certificate}",
            f"--proxy-client-key-file={key}", "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--enable-aggregator-routing=true", "--kubelet-preferred-address-types=InternalIP"]


def start_cluster(stack, folder, images):
    """Returns the environment of kubectl."""
    socket = start_containerd(stack, folder, images)
    environment = start_api_server(stack, folder, (ADDRESS, 6443), (2379, 2380), *aggregation(folder))
    kubeconfig = f"--kubeconfig={environment['KUBECONFIG']}"
    start(stack, folder, "kube-controller-manager", kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1",
          f"--service-account-private-key-file={folder}/service-accounts.key", "--use-service-account-credentials",
          f"--root-ca-file={folder}/certificates/apiserver.crt",
          # As often as the metrics are new, and back at once.
          "--horizontal-pod-autoscaler-sync-period=5s", "--horizontal-pod-autoscaler-downscale-stabilization=15s",
          "--horizontal-pod-autoscaler-cpu-initialization-period=20s")
    start(stack, folder, "kube-scheduler", kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1")
    (folder / "kubelet.yaml").write_text(KUBELET.format(folder=folder, socket=socket, address=ADDRESS))
    start(stack, folder, "kubelet", kubeconfig, f"--config={folder}/kubelet.yaml", f"--hostname-override={NODE}",
          f"--node-ip={ADDRESS}", f"--root-dir={folder}/kubelet", f"--cert-dir={folder}/kubelet-certificates")
    start(stack, folder, "kube-proxy", kubeconfig, f"--hostname-override={NODE}", "--proxy-mode=nftables", f"--cluster-cidr={PODS}",
          "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
          "--metrics-bind-address=127.0.0.1:10249", "--healthz-bind-address=127.0.0.1:10256")

    def kubectl(*arguments):
        return subprocess.run(["kubectl", *arguments], env=environment, capture_output=True, text=True)

    wait_until(lambda: kubectl("get", "node", NODE).returncode == 0, "the node is registered")
    (folder / "volume").mkdir()
    addons = (HERE / "addons.yaml").read_text().replace("@FOLDER@", str(folder))
    applied = subprocess.run(["kubectl", "apply", "--server-side", "--filename=-"], env=environment, input=addons, text=True,
                             capture_output=True)
    if applied.returncode != 0:
        sys.exit(applied.stderr)
    # It enforces the network policies.
    start(stack, folder, "kube-router", kubeconfig, f"--hostname-override={NODE}", "--run-firewall=true", "--run-router=false",
          "--run-service-proxy=false", "--run-loadbalancer=false", "--service-cluster-ip-range=10.96.0.0/16",
          "--metrics-port=0", "--health-port=0", env={**environment, "NODE_NAME": NODE})
    start(stack, folder, "metrics-server", kubeconfig, f"--authentication-kubeconfig={environment['KUBECONFIG']}",
          f"--authorization-kubeconfig={environment['KUBECONFIG']}", f"--cert-dir={folder}/metrics-certificates",
          "--secure-port=4443", "--metric-resolution=10s", "--kubelet-request-timeout=5s", "--kubelet-insecure-tls",
          "--kubelet-preferred-address-types=InternalIP")
    wait_until(lambda: kubectl("wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=10s").returncode == 0, "the node is ready")
    wait_until(lambda: kubectl("rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=10s").returncode == 0,
               "names are served")
    return environment


def keep_logs(folder, kept):
    """Copies the logs of the programs and of the pods."""
    for log in [*folder.glob("*.log"), *(folder / "logs").rglob("*.log")]:
        target = kept / log.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, target)


def main():
    parser = argparse.ArgumentParser(prog="with-node", description="Runs a command beside a Kubernetes cluster of one node.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--image", action="append", default=[], help="an image for containerd")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    # Everything that was started is stopped then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as stack:
        environment = start_cluster(stack, options.folder, options.image)
        code = subprocess.run(options.command, env=environment).returncode
        if kept := os.environ.get("BINDERY_NODE_LOGS"):
            keep_logs(options.folder, Path(kept))
        sys.exit(code)


if __name__ == "__main__":
    main()
