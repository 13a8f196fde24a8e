"""The faults of a run. Each has a beginning and an end, between which it lasts some seconds."""
import collections
import random

from replicas import REPLICAS, SERVICES

SLOW_SECONDS = 0.1

# `target` is the name of a process or of what all of them use. `seconds` is how long the fault lasts.
Fault = collections.namedtuple("Fault", "kind target seconds begin end")


def nothing():
    """The end of a fault that ends by itself."""


class Faults:
    """Makes the faults of one shop."""

    def __init__(self, shop):
        self.shop, self.deployment = shop, shop.deployment

    def _start(self, process):
        process.start()
        if not process.wait_until_ready():
            raise RuntimeError(f"{process.command} did not start again")

    def killed(self, name, seconds):
        process = self.deployment.processes[name]
        return Fault("killed", name, seconds, process.kill, lambda: self._start(process))

    def paused(self, name, seconds):
        process = self.deployment.processes[name]
        return Fault("paused", name, seconds, process.pause, process.resume)

    def stopped(self, name, _):
        process = self.deployment.processes[name]

        def begin():
            code = process.terminate()
            if code != 0:
                raise RuntimeError(f"{name} has ended with {code} after SIGTERM")
        return Fault("stopped", name, 0, begin, lambda: self._start(process))

    def partitioned(self, name, seconds):
        return self._network("partitioned", name, seconds, "hold", "pass")

    def slow(self, name, seconds):
        return self._network("slow", name, seconds, ("slow", SLOW_SECONDS), ("slow", 0))

    def reset(self, name, _):
        return self._network("reset", name, 0, "reset", None)

    def _network(self, kind, name, seconds, begin, end):
        def command(action):
            action, number = action if isinstance(action, tuple) else (action, 0)
            return lambda: self.deployment.network.command(name, action, number)
        return Fault(kind, name, seconds, command(begin), command(end) if end else nothing)

    def renewed(self):
        return Fault("renewed", "certificates", 0, self.deployment.renew_certificates, nothing)

    def restarted(self, mode):
        cluster = self.shop.databases.cluster
        return Fault(f"restarted ({mode})", "database", 0, lambda: cluster.restart(mode), nothing)

    def random(self, generator, excluded=None):
        """A fault, of another service than the one with the fault `excluded`, and not of the database
        while another fault lasts."""
        excluded = excluded.target.rsplit("-", 1)[0] if excluded else None
        if excluded is None and generator.random() < 0.2:
            return generator.choice([self.renewed, lambda: self.restarted("fast"), lambda: self.restarted("immediate")])()
        services = [service for service in [*SERVICES, "provider"] if service != excluded]
        service = generator.choice(services)
        # There is only one provider, which is not behind TLS.
        name = service if service == "provider" else f"{service}-{generator.choice(REPLICAS)}"
        kinds = [self.killed, self.paused, self.partitioned, self.slow, self.reset, self.stopped]
        return generator.choice(kinds)(name, generator.uniform(1, 4))


def one_of_each(faults, generator):
    """One fault of each kind, at random processes."""
    services = random.Random(generator.random()).sample(sorted(SERVICES), len(SERVICES))
    names = [f"{service}-{generator.choice(REPLICAS)}" for service in services]
    kinds = [faults.killed, faults.paused, faults.partitioned, faults.slow, faults.reset, faults.stopped]
    made = [kind(name, generator.uniform(1, 4)) for kind, name in zip(kinds, names, strict=False)]
    return [*made, faults.renewed(), faults.restarted("fast"), faults.restarted("immediate")]
