"""A bookstore in which each service runs in two processes, with mutual TLS, behind a network that can
be broken."""
import json
import os
import subprocess
import sys
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers/python/client"))
from service_config import service_config  # noqa: E402

from bookstore_process import BINARY, CHANNEL_OPTIONS, Deployment, Process, free_address  # noqa: E402
from network import Network  # noqa: E402

# Each service, and those that it calls.
SERVICES = {
    "inventory": (),
    "accounts": ("cart", "transactions", "reviews"),
    "transactions": ("accounts",),
    "cart": ("inventory", "accounts", "transactions"),
    "reviews": ("inventory", "accounts", "cart"),
    "recommendations": ("inventory", "cart", "reviews"),
    "marketplace": ("inventory", "accounts", "transactions", "cart", "reviews", "recommendations"),
}
REPLICAS = (1, 2)


class Replicas(Deployment):
    """Two processes of each service, named cart-1 and cart-2, and one payment provider."""

    def _lay_out(self, _):
        self.network = Network()
        self._secret("webhook.secret")
        self._certificates()
        provider, webhooks = free_address(), [free_address() for _ in REPLICAS]
        through_network = self.network.add("provider", provider)
        listen = {}
        for service in SERVICES:
            for number in REPLICAS:
                name = f"{service}-{number}"
                listen[name] = free_address()
                self._addresses[name] = self.network.add(name, listen[name])
        signed = "--webhook-secret-file=webhook.secret"
        # The provider knows one address for its webhooks. The other process asks it.
        webhook_url = f"--webhook-url=http://{webhooks[0]}/webhooks"
        self.processes["provider"] = Process(
            self.folder, ["payment-simulator", f"--addr={provider}", webhook_url, signed, *self.databases.flags],
            ["payment_simulator"])
        for service, called in SERVICES.items():
            peers = [f"--peer={peer}=https://{self._addresses[f'{peer}-{number}']}" for peer in called for number in REPLICAS]
            for number in REPLICAS:
                name = f"{service}-{number}"
                # The marketplace serves the shop, and the others gRPC, at the address behind the proxy.
                ports = {"--grpc-addr": "127.0.0.1:0", "--shop-addr": "127.0.0.1:0", "--metrics-addr": "127.0.0.1:0"}
                ports["--shop-addr" if service == "marketplace" else "--grpc-addr"] = listen[name]
                command = ["serve", service, *peers, f"--tls-dir=certs/{service}", "--lame-duck=1",
                           *(f"{flag}={address}" for flag, address in ports.items()), *self.databases.flags]
                if service == "transactions":
                    command += [f"--payment-provider=http://{through_network}",
                                f"--webhook-addr={webhooks[number - 1]}", signed]
                self.processes[name] = Process(self.folder, command, [service])

    def start(self):
        self.network.start()
        super().start()

    def kill(self):
        for process in self.processes.values():
            if process.is_started():
                process.kill()
        self.network.stop()

    def _certificates(self, *flags):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
        subprocess.run([BINARY, "certs", "--out=certs", *flags], cwd=self.folder, env=environment, check=True,
                       stdout=subprocess.DEVNULL)

    def renew_certificates(self):
        """Replaces the certificates of all services, which run on."""
        self._certificates("--renew")

    def addresses(self, service):
        """The addresses of the processes of a service, through the network."""
        return [self._addresses[f"{service}-{number}"] for number in REPLICAS]

    def authority(self):
        """The file with the certificate authority of all processes."""
        return self.folder / "certs/ca.pem"

    def audit(self):
        peers = [f"--peer={service}=https://{address}"
                 for service in ("inventory", "transactions", "cart") for address in self.addresses(service)]
        audit = subprocess.run([BINARY, "audit", *peers, "--tls-dir=certs"], cwd=self.folder, capture_output=True,
                               text=True, check=False)
        return [] if audit.returncode == 0 else (audit.stdout + audit.stderr).splitlines()

    def channel(self, service):
        """A channel over both processes of a service, which retries what the contract allows."""
        credentials = grpc.ssl_channel_credentials(self.authority().read_bytes())
        config = json.loads(service_config()) | {"loadBalancingConfig": [{"round_robin": {}}]}
        options = [*CHANNEL_OPTIONS, ("grpc.service_config", json.dumps(config)),
                   ("grpc.ssl_target_name_override", "localhost")]
        return grpc.secure_channel(f"ipv4:{','.join(self.addresses(service))}", credentials, options)
